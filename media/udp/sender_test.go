package udp_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"partyline/media/udp"
)

// senders are the ways to send there are on this machine.
func senders(t testing.TB, entries int) map[string]udp.Sender {
	t.Helper()
	all := map[string]udp.Sender{"plain": udp.NewPlain()}
	ring, err := udp.NewRing(entries)
	switch {
	case err == nil:
		t.Cleanup(func() { ring.Close() })
		all["ring"] = ring
	case !errors.Is(err, udp.ErrNoRing):
		t.Fatal(err)
	}
	return all
}

// put writes a packet of n bytes that tells its leg and number.
func put(b []byte, leg, number, n int) int {
	binary.BigEndian.PutUint32(b, uint32(leg))
	binary.BigEndian.PutUint32(b[4:], uint32(number))
	for i := 8; i < n; i++ {
		b[i] = byte(leg + number + i)
	}
	return n
}

func same(b []byte, leg, number, n int) error {
	if len(b) != n || binary.BigEndian.Uint32(b) != uint32(leg) || binary.BigEndian.Uint32(b[4:]) != uint32(number) {
		return fmt.Errorf("leg %d got % x and %d bytes more", leg, b[:8], len(b)-8)
	}
	for i := 8; i < n; i++ {
		if b[i] != byte(leg+number+i) {
			return fmt.Errorf("leg %d: byte %d is of another packet", leg, i)
		}
	}
	return nil
}

// legs makes n connected sockets and their far ends.
func legs(t testing.TB, n int) (ours, far []*udp.Socket) {
	t.Helper()
	for range n {
		a, b := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
		connect(t, a, b)
		connect(t, b, a) // other programs send to ports that were theirs before
		b.Drain()
		ours, far = append(ours, a), append(far, b)
	}
	return ours, far
}

// A ring of 64 flushes by itself many times a tick; its memory fills before
// its entries do where packets are long.
func TestAThousandSocketsAreServedAndNotMixedUp(t *testing.T) {
	const n, ticks = 1000, 5
	ours, far := legs(t, n)
	buf := make([]byte, 2048)
	for _, entries := range []int{64, n} {
		for name, sender := range senders(t, entries) {
			for tick := range ticks {
				size := func(leg int) int { return []int{12, 60, 172, 332, 492, udp.PacketSize}[(leg+tick)%6] }
				for leg, s := range ours {
					sender.Send(s, put(sender.Packet(), leg, tick, size(leg)))
				}
				if refused := sender.Flush(); refused != 0 {
					t.Fatalf("%s of %d: %d packets were refused", name, entries, refused)
				}
				for leg, s := range far {
					got, from := next(t, s, buf)
					if err := same(buf[:got], leg, tick, size(leg)); err != nil || from != ours[leg].Local() {
						t.Fatalf("%s of %d: from %v: %v", name, entries, from, err)
					}
				}
			}
			for leg, s := range far {
				if s.Waiting() {
					t.Errorf("%s of %d: leg %d got more than was sent", name, entries, leg)
				}
			}
		}
	}
}

func TestSenderCountsWhatIsRefused(t *testing.T) {
	for name, sender := range senders(t, 4) {
		nowhere := listen(t, "127.0.0.1:0")
		ours, far := legs(t, 2)
		for range 3 {
			for _, s := range []*udp.Socket{ours[0], nowhere, ours[1]} {
				sender.Send(s, put(sender.Packet(), 7, 7, 172))
			}
		}
		if got := sender.Flush(); got != 3 {
			t.Errorf("%s: %d packets were refused, want the 3 of a socket without a far end", name, got)
		}
		if got := sender.Flush(); got != 0 {
			t.Errorf("%s: %d packets were refused of none", name, got)
		}
		buf := make([]byte, 256)
		for _, s := range far {
			for range 3 {
				next(t, s, buf)
			}
		}
	}
}

func TestSenderLosesNothingToARefusal(t *testing.T) {
	for name, sender := range senders(t, 4) {
		us := listen(t, "127.0.0.1:0")
		back := listen(t, gone(t, us).String())
		sender.Send(us, put(sender.Packet(), 1, 2, 172))
		if got := sender.Flush(); got != 0 {
			t.Errorf("%s: %d packets were refused", name, got)
		}
		buf := make([]byte, 256)
		n, _ := next(t, back, buf)
		if err := same(buf[:n], 1, 2, 172); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A sender keeps no port: after Flush a socket that is closed is free at once.
func TestSenderHoldsNoPort(t *testing.T) {
	for name, sender := range senders(t, 16) {
		far := listen(t, "127.0.0.1:0")
		for range 50 {
			s, err := udp.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
			if err != nil {
				t.Fatal(err)
			}
			connect(t, s, far)
			sender.Send(s, put(sender.Packet(), 1, 1, 172))
			sender.Flush()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			again, err := udp.Listen(s.Local())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			again.Close()
		}
	}
}

func TestNoAllocationPerSentPacket(t *testing.T) {
	ours, far := legs(t, 100)
	buf := make([]byte, 256)
	for name, sender := range senders(t, 64) {
		if allocs := testing.AllocsPerRun(20, func() {
			for leg, s := range ours {
				sender.Send(s, put(sender.Packet(), leg, 0, 172))
			}
			sender.Flush()
			for _, s := range far {
				s.Recv(buf)
			}
		}); allocs != 0 {
			t.Errorf("%s: %v allocations for 100 packets", name, allocs)
		}
	}
}
