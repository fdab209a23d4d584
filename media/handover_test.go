//go:build linux && !portable

package media

import "testing"

// stepOne runs the next tick of one worker, whatever the others have done.
func (r *rig) stepOne(w *worker) {
	n := w.tick + 1
	if now := n * tick; now > r.clock.Load() {
		r.clock.Store(now)
	}
	w.step(n, n*tick)
}

// A leg joins a room of another worker while the two workers are not at the
// same tick. Its stream goes on without a step back and without a hole.
func TestStreamGoesOnThroughAHandOver(t *testing.T) {
	for name, lag := range map[string]struct{ from, to int }{
		"together":                 {},
		"the old worker is behind": {from: 1},
		"the old worker is late":   {from: 2},
		"the new worker is behind": {to: 1},
		"the new worker is late":   {to: 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 2)
			room := r.e.NewRoom() // the first worker's
			to, from := r.e.workers[0], r.e.workers[1]
			p := r.call(nil)
			if p.leg.home != from {
				t.Fatal("the leg is where its room is")
			}
			r.ticks(5)
			for _, w := range r.e.workers {
				w.tick = r.n
			}
			for range 2 - lag.from {
				r.stepOne(from)
			}
			for range 2 - lag.to {
				r.stepOne(to)
			}
			room.Update(Change{p.leg.ID(), listens})
			for range 6 {
				if from.tick <= to.tick {
					r.stepOne(from)
					r.stepOne(to)
				} else {
					r.stepOne(to)
					r.stepOne(from)
				}
			}
			markers := p.markers
			p.listen()
			if p.markers != markers {
				t.Error("the stream has a hole")
			}
		})
	}
}
