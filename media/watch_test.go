//go:build linux && !portable

package media

import (
	"testing"
	"time"
)

const second = 50 // ticks

// kinds takes the events there are, once the engine's goroutine has had
// time to deliver them: an event of another leg, sent after them, shows it.
func (r *rig) kinds(p *phone) map[EventKind]int {
	r.t.Helper()
	probe := r.call(nil)
	probe.leg.SetAudio(Audio{Play: &Play{Clip: &Clip{}}})
	r.ticks(2)
	probe.event(EventPlayed)
	got := make(map[EventKind]int)
	for len(p.events) > 0 {
		got[(<-p.events).Kind]++
	}
	probe.hangUp()
	return got
}

func TestMediaTimeout(t *testing.T) {
	r := newRigWith(t, Config{Workers: 1, Timeout: 15 * time.Second})
	p := r.call(tone(1000, -10))
	r.ticks(5 * second)
	if got := r.kinds(p); got[EventFlowing] != 1 || len(got) != 1 {
		t.Fatalf("a call with sound has events %v", got)
	}
	p.voice = nil
	r.ticks(9 * second)
	if got := r.kinds(p); len(got) != 0 {
		t.Fatalf("after 9 s of silence: %v", got)
	}
	r.ticks(2 * second)
	if got := r.kinds(p); got[EventQuiet] != 1 || len(got) != 1 {
		t.Fatalf("after 11 s of silence: %v", got)
	}
	r.ticks(3 * second)
	if got := r.kinds(p); len(got) != 0 {
		t.Fatalf("after 14 s of silence: %v", got)
	}
	r.ticks(30 * second)
	if got := r.kinds(p); got[EventTimeout] != 1 || len(got) != 1 {
		t.Fatalf("after 44 s of silence: %v", got)
	}
	p.voice = tone(1000, -10)
	r.ticks(second)
	p.voice = nil
	r.ticks(16 * second)
	if got := r.kinds(p); got[EventQuiet] != 1 || got[EventTimeout] != 1 || len(got) != 2 {
		t.Fatalf("in the second silence: %v", got)
	}
}

func TestMediaTimeoutCountsFromTheAnswer(t *testing.T) {
	r := newRig(t, 1)
	p := r.phone(nil)
	r.ticks(60 * second)
	if got := r.kinds(p); len(got) != 0 {
		t.Fatalf("a leg that was not answered: %v", got)
	}
	p.accept("sendrecv")
	r.ticks(16 * second)
	if got := r.kinds(p); got[EventQuiet] != 1 || got[EventTimeout] != 1 {
		t.Fatalf("a far end that never sent anything: %v", got)
	}
}

// A far end that owes us no packets is not timed out; when it owes them
// again the time begins anew.
func TestMediaTimeoutKnowsDirection(t *testing.T) {
	hold := map[string]func(p *phone){
		"far end holds (sendonly)": func(p *phone) { p.accept("sendonly") },
		"inactive":                 func(p *phone) { p.accept("inactive") },
		"we hold":                  func(p *phone) { p.leg.Hold(true); p.accept("recvonly") },
	}
	for name, on := range hold {
		r := newRig(t, 1)
		p := r.call(tone(1000, -10))
		r.ticks(second)
		on(p)
		p.voice = nil
		r.ticks(60 * second)
		if got := r.kinds(p); got[EventQuiet]+got[EventTimeout] != 0 {
			t.Errorf("%s: %v", name, got)
		}
		p.leg.Hold(false)
		p.accept("sendrecv")
		r.ticks(9 * second)
		if got := r.kinds(p); got[EventQuiet]+got[EventTimeout] != 0 {
			t.Errorf("%s: soon after the end of the hold: %v", name, got)
		}
		r.ticks(7 * second)
		if got := r.kinds(p); got[EventTimeout] != 1 {
			t.Errorf("%s: long after the end of the hold: %v", name, got)
		}
	}
}
