package media

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"partyline/media/sound"
)

// live is a running engine with phones that speak and listen in real time.
func live(t *testing.T, workers int) *rig {
	t.Helper()
	e, err := NewEngine(Config{Address: netip.MustParseAddr("127.0.0.1"), Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return &rig{t: t, e: e}
}

// talk has the phones speak and listen until each has heard n samples.
func (r *rig) talk(n int) {
	r.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	spoken := time.Now()
	for {
		if time.Since(spoken) >= 20*time.Millisecond {
			spoken = spoken.Add(20 * time.Millisecond)
			for _, p := range r.phones {
				p.speak()
			}
		}
		done := true
		for _, p := range r.phones {
			p.listen()
			done = done && len(p.heard) >= n
		}
		if done {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatal("the phones did not hear enough in 20 s")
		}
		runtime.Gosched()
	}
}

func TestRunningEngineMixesTwoCalls(t *testing.T) {
	r := live(t, 2)
	a, b := r.call(tone(1000, -10)), r.call(tone(1600, -10))
	room := r.e.NewRoom()
	room.Update(Change{a.leg.ID(), talks}, Change{b.leg.ID(), talks})
	r.talk(8000)
	a.event(EventFlowing)
	last := a.heard[len(a.heard)-4000:]
	if got := sound.Goertzel(last, 8000, 1600); got < -13 {
		t.Errorf("a hears b at %.1f dBFS", got)
	}
	if got := sound.Goertzel(last, 8000, 1000); got > -50 {
		t.Errorf("a hears itself at %.1f dBFS", got)
	}
	if s := r.e.Stats(); s.Legs != 2 || s.Rooms != 1 || s.Ticks == 0 || s.In == 0 || s.Out == 0 {
		t.Errorf("engine says %+v", s)
	}
	if s := a.leg.Stats(); s.Codec != "PCMU" || s.Received == 0 || s.Sent == 0 || s.LastPacket.IsZero() {
		t.Errorf("leg says %+v", s)
	}
}
