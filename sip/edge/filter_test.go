package edge

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func TestFilterAllows(t *testing.T) {
	f := NewFilter(FilterOptions{Always: []netip.Prefix{
		netip.MustParsePrefix("203.0.113.7/24"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("::ffff:198.51.100.0/120"),
	}})
	f.Set("main", []netip.Addr{addr("192.0.2.1"), addr("::ffff:192.0.2.2"), addr("fe80::1%eth0")})
	for a, want := range map[string]bool{
		"203.0.113.200": true, "::ffff:203.0.113.200": true, "203.0.114.1": false,
		"2001:db8:1::1": true, "2001:db9::1": false, "198.51.100.9": true, "198.51.101.9": false,
		"192.0.2.1": true, "::ffff:192.0.2.1": true, "192.0.2.2": true, "192.0.2.3": false, "fe80::1%eth1": true, "127.0.0.1": false,
	} {
		if got := f.Allowed(addr(a)); got != want {
			t.Errorf("%s: %v", a, got)
		}
	}
	if f.Allowed(netip.Addr{}) {
		t.Error("nobody is somebody")
	}
}

// A trunk that moves to another address is heard there at once, and at the old
// one for as long as calls can last.
func TestFilterFollowsTrunks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFilter(FilterOptions{Keep: time.Hour})
		f.Set("main", []netip.Addr{addr("192.0.2.1")})
		f.Set("other", []netip.Addr{addr("192.0.2.9")})
		time.Sleep(50 * time.Minute)
		f.Set("main", []netip.Addr{addr("192.0.2.2")})
		if !f.Allowed(addr("192.0.2.1")) || !f.Allowed(addr("192.0.2.2")) {
			t.Fatal("one of the two addresses is not heard")
		}
		time.Sleep(11 * time.Minute)
		f.Set("main", []netip.Addr{addr("192.0.2.2")})
		if f.Allowed(addr("192.0.2.1")) || !f.Allowed(addr("192.0.2.2")) {
			t.Fatal("the old address stays, or the new one went")
		}
		f.Forget("main")
		if f.Allowed(addr("192.0.2.2")) {
			t.Fatal("a trunk that is gone is heard")
		}
	})
}

// Spoofed sources out of a wide prefix cost bounded memory, and room comes
// back when they are quiet.
func TestFilterForgetsSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFilter(FilterOptions{Always: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
		at := func(i uint32) netip.Addr {
			return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 10<<24|i)))
		}
		let := 0
		for i := range uint32(3 * maxSources) {
			if f.message(at(i)) {
				let++
			}
		}
		if let != maxSources || len(f.sources) != maxSources {
			t.Fatalf("%d sources heard, %d kept", let, len(f.sources))
		}
		time.Sleep(4 * time.Second)
		if !f.message(at(1 << 20)) {
			t.Fatal("no room after a quiet time")
		}
	})
}

func TestSourcesHaveBucketsOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFilter(FilterOptions{Messages: 5, Calls: 1})
		a, b := addr("192.0.2.1"), addr("192.0.2.2")
		n := 0
		for range 100 {
			if f.message(a) {
				n++
			}
		}
		if n != 11 {
			t.Fatalf("%d messages at once at 5 a second", n)
		}
		if !f.message(b) || !f.call(b) {
			t.Fatal("one source's flood stops another")
		}
		time.Sleep(time.Second)
		for n = 0; f.message(a); n++ {
		}
		if n != 5 {
			t.Fatalf("%d messages after a second", n)
		}
	})
}
