//go:build linux && !portable

package media

import (
	"slices"
	"testing"
	"time"
)

// A room that has outgrown a worker sounds the same as one that has not:
// everyone hears all others, whichever worker serves them, and not itself.
func TestRoomSharedByAllWorkers(t *testing.T) {
	r := newRigWith(t, Config{Workers: 3, Share: 5, Codecs: []string{"PCMU", "G722"}})
	room := r.e.NewRoom()
	freqs := []float64{400, 700, 1100, 1500, 1900, 2300}
	var speakers, listeners []*phone
	for i := range 24 {
		p := r.phone(nil)
		if i < len(freqs) {
			p.voice = tone(freqs[i], -25)
			speakers = append(speakers, p)
		} else {
			listeners = append(listeners, p)
		}
		p.accept("sendrecv")
		audio := listens
		if i < len(freqs) {
			audio = talks
		}
		room.Update(Change{p.leg.ID(), audio})
		r.ticks(1)
	}
	served := make(map[*worker]int)
	for _, p := range speakers {
		served[p.leg.stream.owner.Load()]++
	}
	for _, p := range listeners {
		served[p.leg.stream.owner.Load()]++
	}
	if len(served) != 3 {
		t.Fatalf("the room is served by %d workers, want 3", len(served))
	}
	r.settle()
	r.ticks(50)
	for i, p := range r.phones {
		for j, f := range freqs {
			got := p.hears(f)
			if i == j && got > deaf {
				t.Errorf("speaker %d hears itself at %.1f dBFS", i, got)
			}
			if i != j && (got < -26 || got > -24) {
				t.Errorf("leg %d hears speaker %d at %.1f dBFS, want -25", i, j, got)
			}
		}
	}
	for _, p := range listeners[1:] {
		if !slices.Equal(p.heard, listeners[0].heard) {
			t.Errorf("leg %d hears something else than leg %d", p.leg.id, listeners[0].leg.id)
		}
	}
	room.Close()
	r.ticks(3)
	for _, w := range r.e.workers {
		if n := w.shares.Load(); n != 0 {
			t.Errorf("after the room's end a worker still waits for others in %d rooms", n)
		}
	}
}

// A worker that does not come is not waited for longer than there is time;
// who speaks here is heard here all the same.
func TestLateWorkerIsLeftBehind(t *testing.T) {
	r := newRigWith(t, Config{Workers: 2, Share: 2})
	room := r.e.NewRoom()
	var here []*phone
	for i := range 6 {
		p := r.call(tone(float64(500+200*i), -25))
		room.Update(Change{p.leg.ID(), talks})
		r.ticks(1)
	}
	r.settle()
	w := r.e.workers[0]
	for _, p := range r.phones {
		if p.leg.stream.owner.Load() == w {
			here = append(here, p)
		}
	}
	if len(here) < 2 || len(here) == len(r.phones) {
		t.Fatalf("%d of %d legs in one worker", len(here), len(r.phones))
	}
	clock := r.clock.Load()
	r.e.now = func() int64 { clock += int64(20 * time.Microsecond); return clock }
	w.running = true
	for range 20 {
		r.n++
		for _, p := range r.phones {
			p.speak()
		}
		w.step(r.n, r.n*tick)
		for _, p := range here {
			p.listen()
		}
	}
	if got := r.e.Stats().Unmet; got != 20 {
		t.Errorf("%d ticks gone on without the other worker, want 20", got)
	}
	for i, p := range here {
		other := here[(i+1)%len(here)]
		if got := p.hears(float64(500 + 200*slices.Index(r.phones, other))); got < -27 {
			t.Errorf("leg %d hears leg %d at %.1f dBFS", p.leg.id, other.leg.id, got)
		}
	}
}
