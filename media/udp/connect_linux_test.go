//go:build linux && !386 && !portable

package udp_test

import (
	"net/netip"
	"testing"
)

// All of 127.0.0.0/8 is this machine: a socket bound to every address hears
// on 127.0.0.2 until it is connected to one that is reached from 127.0.0.1.
func TestConnectNarrowsASocketBoundToEveryAddress(t *testing.T) {
	us, far := listen(t, "0.0.0.0:0"), listen(t, "127.0.0.1:0")
	second := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), us.Local().Port())
	first := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), us.Local().Port())
	buf := make([]byte, 64)
	heard := func() string {
		tell(t, far, second, "second")
		tell(t, far, first, "first")
		n, _ := next(t, us, buf)
		text := string(buf[:n])
		us.Drain()
		return text
	}
	if got := heard(); got != "second" {
		t.Errorf("bound to every address, it heard %q first, want second", got)
	}
	connect(t, us, far)
	if got := heard(); got != "first" {
		t.Errorf("connected, it heard %q first, want first", got)
	}
	if err := us.Disconnect(); err != nil {
		t.Fatal(err)
	}
	if got := heard(); got != "second" {
		t.Errorf("disconnected, it heard %q first, want second", got)
	}
}
