package udp_test

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"partyline/media/udp"
)

func connect(t testing.TB, a, b *udp.Socket) {
	t.Helper()
	if err := a.Connect(b.Local()); err != nil {
		t.Fatal(err)
	}
}

// tell sends text from one socket to the address of another.
func tell(t testing.TB, from *udp.Socket, to netip.AddrPort, text string) {
	t.Helper()
	dest := from.Dest(to)
	if !from.Write([]byte(text), &dest) {
		t.Fatalf("the kernel would not take %q", text)
	}
}

func wait(t testing.TB, s *udp.Socket) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !s.Waiting(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("no datagram came")
		}
	}
}

func TestConnectedSocketHearsOnlyTheFarEnd(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		us, far, stranger := listen(t, addr), listen(t, addr), listen(t, addr)
		connect(t, us, far)
		tell(t, stranger, us.Local(), "stranger")
		tell(t, far, us.Local(), "far")
		buf := make([]byte, 64)
		if n, from := next(t, us, buf); string(buf[:n]) != "far" || from != far.Local() {
			t.Errorf("heard %q from %v, want far from %v", buf[:n], from, far.Local())
		}
		if !us.Send([]byte("back")) {
			t.Fatal("the kernel would not take the packet")
		}
		if n, from := next(t, far, buf); string(buf[:n]) != "back" || from != us.Local() {
			t.Errorf("the far end heard %q from %v, want back from %v", buf[:n], from, us.Local())
		}
		connect(t, us, stranger)
		tell(t, far, us.Local(), "far")
		tell(t, stranger, us.Local(), "stranger")
		if n, from := next(t, us, buf); string(buf[:n]) != "stranger" || from != stranger.Local() {
			t.Errorf("heard %q from %v, want stranger from %v", buf[:n], from, stranger.Local())
		}
	}
}

func TestSendNeedsConnect(t *testing.T) {
	us := listen(t, "127.0.0.1:0")
	if us.Send([]byte("where to")) {
		t.Error("a packet went out to nobody")
	}
	if err := us.Connect(netip.AddrPort{}); err == nil {
		t.Error("connected to no address")
	}
}

func TestWhatCameBeforeConnectKeepsItsSender(t *testing.T) {
	us, far, stranger := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	tell(t, stranger, us.Local(), "early")
	wait(t, us)
	connect(t, us, far)
	buf := make([]byte, 64)
	if n, from, at, ok := us.ReadStamped(buf); !ok || at == 0 || string(buf[:n]) != "early" || from != stranger.Local() {
		t.Errorf("read %q from %v at %d, %v; want early from %v", buf[:n], from, at, ok, stranger.Local())
	}
}

func TestDisconnectedSocketIsWhereItWas(t *testing.T) {
	fixed := listen(t, "127.0.0.1:0").Local()
	for _, c := range []struct{ addr, far string }{
		{"127.0.0.1:0", "127.0.0.1:0"},
		{"0.0.0.0:0", "127.0.0.1:0"},
		{"[::1]:0", "[::1]:0"},
		{"[::]:0", "[::1]:0"},
		{netip.AddrPortFrom(netip.MustParseAddr("127.0.0.77"), fixed.Port()).String(), "127.0.0.1:0"},
	} {
		us, far, stranger := listen(t, c.addr), listen(t, c.far), listen(t, c.far)
		connect(t, us, far)
		if err := us.Disconnect(); err != nil {
			t.Fatal(err)
		}
		if s, err := udp.Listen(us.Local()); err == nil {
			s.Close()
			t.Errorf("%s: the port was given up", c.addr)
		}
		at := us.Local()
		if at.Addr().IsUnspecified() {
			at = netip.AddrPortFrom(far.Local().Addr(), at.Port())
		}
		tell(t, stranger, at, "stranger")
		buf := make([]byte, 64)
		if n, from := next(t, us, buf); string(buf[:n]) != "stranger" || from != stranger.Local() {
			t.Errorf("%s: heard %q from %v, want stranger from %v", c.addr, buf[:n], from, stranger.Local())
		}
	}
}

// gone connects us to a far end that has said "hello" and closed its port,
// and makes the kernel know.
func gone(t *testing.T, us *udp.Socket) (addr netip.AddrPort) {
	t.Helper()
	far, err := udp.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	connect(t, us, far)
	tell(t, far, us.Local(), "hello")
	wait(t, us)
	addr = far.Local()
	if err := far.Close(); err != nil {
		t.Fatal(err)
	}
	us.Send([]byte("lost"))
	return addr
}

func TestRefusalHidesNoPacketThatWaits(t *testing.T) {
	for name, read := range map[string]func(*udp.Socket, []byte) (int, bool){
		"Read": func(s *udp.Socket, b []byte) (int, bool) { n, _, ok := s.Read(b); return n, ok },
		"Recv": func(s *udp.Socket, b []byte) (int, bool) { return s.Recv(b) },
		"ReadStamped": func(s *udp.Socket, b []byte) (int, bool) {
			n, _, _, ok := s.ReadStamped(b)
			return n, ok
		},
		"Drain": func(s *udp.Socket, b []byte) (int, bool) { return copy(b, "hello"), s.Drain() == 1 },
	} {
		us := listen(t, "127.0.0.1:0")
		gone(t, us)
		buf := make([]byte, 64)
		if n, ok := read(us, buf); !ok || string(buf[:n]) != "hello" {
			t.Errorf("%s: got %q, %v; want hello", name, buf[:n], ok)
		}
	}
}

func TestRefusalCostsNoPacket(t *testing.T) {
	us := listen(t, "127.0.0.1:0")
	back := listen(t, gone(t, us).String())
	if !us.Send([]byte("again")) {
		t.Error("the refusal of an earlier packet was taken for this one's")
	}
	buf := make([]byte, 64)
	if n, _ := next(t, back, buf); string(buf[:n]) != "again" {
		t.Errorf("the far end that came back heard %q", buf[:n])
	}
}

func TestNoAllocationPerConnectedPacket(t *testing.T) {
	us, far := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	connect(t, us, far)
	out, in := make([]byte, 172), make([]byte, 2048)
	if allocs := testing.AllocsPerRun(100, func() {
		us.Send(out)
		far.Recv(in)
		far.ReadStamped(in)
	}); allocs != 0 {
		t.Errorf("%v allocations per packet", allocs)
	}
}
