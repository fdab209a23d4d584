package media

import (
	"sync"
	"time"

	"partyline/media/clock"
)

// A room that has outgrown its worker has a share in every worker. On each
// tick every worker adds up its own speakers, shows that sum to the others,
// and waits until they have done the same; then each adds the sums of all and
// serves its own listeners.

// part is a share's sum as the other workers see it. There are two, for even
// and odd ticks: a worker that has been waited for is at most a tick behind.
// One that was not finds another tick's number on what it looks for.
type part struct {
	turns [2]struct {
		mu      sync.Mutex // held to copy a sum, for the time a copy takes
		tick    int64      // + 1
		sum     [rates]bus
		sounded [rates]bool
	}
}

func (p *part) publish(r *mix, tick int64) {
	t := &p.turns[tick&1]
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tick, t.sounded = tick+1, r.sounded
	for rate, sounded := range r.sounded {
		if sounded {
			t.sum[rate] = r.sum[rate]
		}
	}
}

// addTo adds the part to a sum; one that is not of this tick came too late
// and is left out, of which it tells.
func (p *part) addTo(all *[rates]bus, sounds *[rates]bool, tick int64) bool {
	t := &p.turns[tick&1]
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tick != tick+1 {
		return false
	}
	for rate, sounded := range t.sounded {
		if !sounded {
			continue
		}
		sounds[rate] = true
		sum := all[rate][:perTick(rate)]
		for i, x := range t.sum[rate][:len(sum)] {
			sum[i] += x
		}
	}
	return true
}

const (
	meetSpins = 50                           // looks at the other workers before sleeping
	meetNap   = int64(50 * time.Microsecond) // between later looks
	meetMost  = int64(5 * time.Millisecond)  // after which a tick goes on without the one who is late
)

// meet waits until all workers that share a room with this one have added up
// this tick. One that the machine has kept from running is not waited for
// longer than meetMost: its speakers are missing from this tick elsewhere.
func (w *worker) meet() {
	w.gathered.Store(w.tick + 1)
	if w.shares.Load() == 0 || !w.running {
		return
	}
	began := w.engine.now()
	for _, peer := range w.engine.workers {
		for n := 0; peer != w && peer.shares.Load() > 0 && peer.gathered.Load() <= w.tick; n++ {
			if n < meetSpins {
				continue
			}
			if w.engine.now()-began > meetMost {
				w.gauge.unmet.Add(1)
				return
			}
			clock.Sleep(clock.Now()+meetNap, w.keep)
		}
	}
}
