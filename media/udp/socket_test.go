package udp_test

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"

	"partyline/media/udp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func listen(t testing.TB, addr string) *udp.Socket {
	t.Helper()
	s, err := udp.Listen(netip.MustParseAddrPort(addr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// next polls for a datagram: a packet that has been sent is soon there.
func next(t testing.TB, s *udp.Socket, buf []byte) (int, netip.AddrPort) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		if n, from, ok := s.Read(buf); ok {
			return n, from
		}
	}
	t.Fatal("no datagram came")
	return 0, netip.AddrPort{}
}

func TestDatagramsCarryTheirSender(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(addr, func(t *testing.T) {
			a, b := listen(t, addr), listen(t, addr)
			to := a.Dest(b.Local())
			if !a.Write([]byte("hello"), &to) {
				t.Fatal("the kernel would not take the packet")
			}
			buf := make([]byte, 64)
			n, from := next(t, b, buf)
			if string(buf[:n]) != "hello" || from != a.Local() {
				t.Fatalf("got %q from %v, want hello from %v", buf[:n], from, a.Local())
			}
		})
	}
}

func TestReadDoesNotWait(t *testing.T) {
	s := listen(t, "127.0.0.1:0")
	if _, _, ok := s.Read(make([]byte, 64)); ok {
		t.Fatal("read something from a socket nobody wrote to")
	}
}

func TestLongDatagramIsCut(t *testing.T) {
	a, b := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	to := a.Dest(b.Local())
	a.Write(make([]byte, 1000), &to)
	if n, _ := next(t, b, make([]byte, 100)); n != 100 {
		t.Fatalf("read %d bytes into a buffer of 100", n)
	}
}

func TestPortInUseIsRefused(t *testing.T) {
	a := listen(t, "127.0.0.1:0")
	if s, err := udp.Listen(a.Local()); err == nil {
		s.Close()
		t.Fatal("bound a port that was taken")
	}
}

func TestNoAllocationPerPacket(t *testing.T) {
	a, b := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	to := a.Dest(b.Local())
	out, in := make([]byte, 172), make([]byte, 2048)
	allocs := testing.AllocsPerRun(100, func() {
		a.Write(out, &to)
		b.Read(in)
	})
	if allocs != 0 {
		t.Fatalf("%v allocations per packet", allocs)
	}
}

func BenchmarkWriteRead(b *testing.B) {
	x, y := listen(b, "127.0.0.1:0"), listen(b, "127.0.0.1:0")
	to := x.Dest(y.Local())
	out, in := make([]byte, 172), make([]byte, 2048)
	b.ReportAllocs()
	for b.Loop() {
		x.Write(out, &to)
		y.Read(in)
	}
}

func TestReadStampedTellsWhenADatagramCame(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		a, b := listen(t, addr), listen(t, addr)
		buf := make([]byte, 64)
		if _, _, _, ok := a.ReadStamped(buf); ok {
			t.Error("read a datagram before one was sent")
		}
		to := b.Dest(a.Local())
		sent := time.Now()
		if !b.Write([]byte("hello"), &to) {
			t.Fatal("the kernel would not take the packet")
		}
		n, from, at, ok := a.ReadStamped(buf)
		for !ok && time.Since(sent) < 5*time.Second {
			runtime.Gosched()
			n, from, at, ok = a.ReadStamped(buf)
		}
		came := time.Unix(0, at)
		if came.Before(sent.Add(-time.Millisecond)) || came.After(time.Now().Add(time.Millisecond)) {
			t.Errorf("came at %v, sent at %v", came, sent)
		}
		if string(buf[:n]) != "hello" || from != b.Local() {
			t.Errorf("got %q from %v, want hello from %v", buf[:n], from, b.Local())
		}
	}
}
