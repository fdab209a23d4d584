//go:build linux && !portable

package media

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"partyline/media/udp"
)

// freeRange finds n adjacent pairs of ports that are free now.
func freeRange(t *testing.T, n int) (low, high int) {
	t.Helper()
search:
	for range 100 {
		s, err := udp.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
		if err != nil {
			t.Fatal(err)
		}
		low = int(s.Local().Port()) &^ 1
		s.Close()
		for port := low; port < low+2*n; port++ {
			s, err := udp.Listen(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port)))
			if err != nil {
				continue search
			}
			s.Close()
		}
		return low, low + 2*n - 1
	}
	t.Fatal("no free ports")
	return 0, 0
}

func TestPortsComeInPairsAndRest(t *testing.T) {
	low, high := freeRange(t, 2)
	r := newRigWith(t, Config{Workers: 1, PortMin: low, PortMax: high})
	a, _ := r.phone(nil), r.phone(nil)
	for _, p := range r.phones {
		if port := int(p.leg.LocalAddr().Port()); port%2 != 0 || port < low || port > high {
			t.Errorf("RTP on port %d of %d-%d", port, low, high)
		}
		if got, want := p.leg.stream.socket.rtcp.Local().Port(), p.leg.LocalAddr().Port()+1; got != want {
			t.Errorf("RTCP on port %d, want %d", got, want)
		}
	}
	if _, err := r.e.NewLeg(nil); !errors.Is(err, ErrNoPorts) {
		t.Fatalf("a third leg on two pairs: %v", err)
	}
	port := a.leg.LocalAddr()
	a.hangUp()
	r.ticks(1)
	r.closed(1)
	r.ticks(29 * second)
	if _, err := r.e.NewLeg(nil); !errors.Is(err, ErrNoPorts) {
		t.Fatalf("a leg on a port that rests: %v", err)
	}
	r.ticks(2 * second)
	c, err := r.e.NewLeg(nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.LocalAddr() != port {
		t.Errorf("the rested port is %v, the new leg's %v", port, c.LocalAddr())
	}
}

// closed waits for the engine's goroutine to have closed all but n legs'
// sockets.
func (r *rig) closed(n int) {
	r.t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		r.e.mu.Lock()
		open := len(r.e.open)
		r.e.mu.Unlock()
		if open == n {
			return
		}
	}
	r.t.Fatal("the sockets of closed legs stay open")
}

// A port that another program holds is passed over, RTP's or RTCP's.
func TestTakenPortsArePassedOver(t *testing.T) {
	low, high := freeRange(t, 3)
	for _, taken := range []int{low, low + 3} {
		s, err := udp.Listen(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(taken)))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
	}
	r := newRigWith(t, Config{Workers: 1, PortMin: low, PortMax: high})
	if got := int(r.phone(nil).leg.LocalAddr().Port()); got != low+4 {
		t.Errorf("port %d, want %d", got, low+4)
	}
	if _, err := r.e.NewLeg(nil); !errors.Is(err, ErrNoPorts) {
		t.Errorf("a second leg: %v", err)
	}
}
