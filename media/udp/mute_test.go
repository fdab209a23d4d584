package udp_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"slices"
	"testing"
	"time"

	"partyline/media/udp"
)

// rtp is a packet of 20 ms of G.711.
func rtp(first, second byte, seq uint16) []byte {
	b := make([]byte, 172)
	b[0], b[1] = first, second
	binary.BigEndian.PutUint16(b[2:], seq)
	return b
}

// passed sends a packet and then an RTCP packet, which passes a mute, and
// tells whether something came before that.
func passed(t *testing.T, from, to *udp.Socket, b []byte) bool {
	t.Helper()
	fence := rtp(0x80, 203, 0xfeed)
	tell(t, from, to.Local(), string(b))
	tell(t, from, to.Local(), string(fence))
	buf, came := make([]byte, 256), false
	for {
		n, _ := next(t, to, buf)
		if bytes.Equal(buf[:n], fence) {
			return came
		}
		if !bytes.Equal(buf[:n], b) {
			t.Fatalf("%d bytes came that nobody sent", n)
		}
		came = true
	}
}

func mute(t testing.TB, s *udp.Socket, events ...uint8) {
	t.Helper()
	if err := s.Mute(events); err != nil {
		t.Fatal(err)
	}
}

func unmute(t testing.TB, s *udp.Socket) {
	t.Helper()
	if err := s.Unmute(); err != nil {
		t.Fatal(err)
	}
}

func TestMutePassesDigitsControlAndOneInSixtyFour(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		us, far := listen(t, addr), listen(t, addr)
		mute(t, us, 96, 101)
		for _, first := range []byte{0x00, 0x40, 0x80, 0x90, 0xbf, 0xc0} {
			for second := range 256 {
				for _, seq := range []uint16{0x0100, 0x0140, 0x0001, 0x403f, 0xffff} {
					pt := second & 0x7f
					want := first>>6 == 2 && (seq%64 == 0 || pt == 96 || pt == 101 || pt == 13 || second >= 192 && second <= 223)
					if got := passed(t, far, us, rtp(first, byte(second), seq)); got != want {
						t.Errorf("first byte %#x, second %d, sequence %d: passed %v, want %v", first, second, seq, got, want)
					}
				}
			}
		}
	}
}

func TestMuteDropsWhatIsTooShort(t *testing.T) {
	us, far := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	mute(t, us, 101)
	whole := rtp(0x80, 0, 64)
	for n := 1; n <= len(whole); n++ {
		if got, want := passed(t, far, us, whole[:n]), n >= 4; got != want {
			t.Errorf("%d bytes: passed %v, want %v", n, got, want)
		}
	}
}

func TestMuteIsChangedAndUndone(t *testing.T) {
	us, far := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	unmute(t, us) // nothing to undo
	audio, digit, other := rtp(0x80, 0, 1), rtp(0x80, 101, 2), rtp(0x80, 100, 3)
	for _, c := range []struct {
		change func()
		want   []bool // audio, digit, other
	}{
		{func() {}, []bool{true, true, true}},
		{func() { mute(t, us, 101) }, []bool{false, true, false}},
		{func() { mute(t, us, 100) }, []bool{false, false, true}},
		{func() { mute(t, us) }, []bool{false, false, false}},
		{func() { unmute(t, us) }, []bool{true, true, true}},
	} {
		c.change()
		got := []bool{passed(t, far, us, audio), passed(t, far, us, digit), passed(t, far, us, other)}
		if !slices.Equal(got, c.want) {
			t.Errorf("audio, digit, other passed %v, want %v", got, c.want)
		}
	}
	if err := us.Mute(make([]uint8, 300)); err == nil {
		t.Error("muted with more payload types than there are")
	}
}

func TestNothingStaleIsHeardAfterUnmute(t *testing.T) {
	us, far := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	tell(t, far, us.Local(), string(rtp(0x80, 0, 1))) // before the mute
	wait(t, us)
	mute(t, us, 101)
	for seq := range uint16(64 * 2) {
		tell(t, far, us.Local(), string(rtp(0x80, 0, seq)))
	}
	tell(t, far, us.Local(), string(rtp(0x80, 101, 9)))
	var came []uint16
	for buf := make([]byte, 256); !slices.Contains(came, 9); {
		next(t, us, buf)
		came = append(came, binary.BigEndian.Uint16(buf[2:]))
	}
	if want := []uint16{1, 0, 64, 9}; !slices.Equal(came, want) {
		t.Errorf("sequence numbers %v came, want %v: before the mute, one in 64, a digit", came, want)
	}
	tell(t, far, us.Local(), string(rtp(0x80, 0, 128)))
	wait(t, us)
	unmute(t, us)
	if n := us.Drain(); n != 1 {
		t.Errorf("drained %d packets, want the one that waited", n)
	}
	if n := us.Drain(); n != 0 {
		t.Errorf("drained %d packets of an empty socket", n)
	}
	if !passed(t, far, us, rtp(0x80, 0, 129)) {
		t.Error("the first packet after unmute was lost")
	}
}

func TestDropsAreCounted(t *testing.T) {
	us, far := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	before, ok := us.Drops()
	if !ok {
		t.Fatal("the kernel does not tell")
	}
	const sent = 250 // more than the socket holds, fewer than the system does
	for seq := range uint16(sent) {
		tell(t, far, us.Local(), string(rtp(0x80, 0, seq)))
	}
	var lost, came uint32
	for end := time.Now().Add(5 * time.Second); lost+came < sent && time.Now().Before(end); runtime.Gosched() {
		now, _ := us.Drops()
		lost = now - before
		if lost > 0 { // the socket is full
			came += uint32(us.Drain())
		}
	}
	if lost == 0 || came == 0 || lost+came != sent {
		t.Errorf("%d came and %d were counted as lost of %d", came, lost, sent)
	}
	before, _ = us.Drops()
	mute(t, us)
	if passed(t, far, us, rtp(0x80, 0, 1)) {
		t.Error("audio passed a mute")
	}
	if now, _ := us.Drops(); now-before != 1 {
		t.Errorf("%d drops were counted of 1 by the mute", now-before)
	}
}

// BenchmarkMute times each call alone: the two take turns and only one runs
// on the benchmark's clock.
func BenchmarkMute(b *testing.B) {
	s := listen(b, "127.0.0.1:0")
	events := []uint8{96, 101}
	b.ReportAllocs()
	for range b.N {
		s.Mute(events)
		b.StopTimer()
		s.Unmute()
		b.StartTimer()
	}
}

func BenchmarkUnmute(b *testing.B) {
	s := listen(b, "127.0.0.1:0")
	events := []uint8{96, 101}
	b.ReportAllocs()
	for range b.N {
		b.StopTimer()
		s.Mute(events)
		b.StartTimer()
		s.Unmute()
	}
}

func BenchmarkDrops(b *testing.B) {
	s := listen(b, "127.0.0.1:0")
	b.ReportAllocs()
	for b.Loop() {
		s.Drops()
	}
}
