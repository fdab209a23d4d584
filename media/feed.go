package media

import (
	"slices"
	"sync/atomic"
	"time"
)

// feed is what one worker puts into a tap: the sum of the room, from the
// worker that is its home, and what its own legs said.
type feed struct {
	tap    *Tap
	home   bool
	done   atomic.Int64   // the last tick of which everything is there
	sums   *queue[sum]    // nil where the room is not at home
	spoken *queue[spoken] // nil of a tap without voices
	since  int64          // the reader's: tick of the last provide
}

// sum is what a whole room said on one tick at one rate: as it was added up,
// before it was brought to the other rate and limited for each listener.
type sum struct {
	tick  int64
	rate  int
	whole bool // no worker came too late to be in it
	pcm   bus
}

// spoken is what one leg put into the sum on one tick.
type spoken struct {
	tick int64
	leg  LegID
	rate int
	pcm  [wideFrame]int16
}

// What a reader may be behind by is bounded in time, and for rooms where
// hundreds talk at once, in memory: at 670 bytes a piece, 11 MB a worker.
const (
	tapHolds  = 5 * time.Second
	tapVoices = 1024  // pieces for a beginning: 5 s of four who talk all the time
	tapMost   = 16384 // pieces of sound
)

func newFeed(t *Tap, home bool) *feed {
	f := &feed{tap: t, home: home}
	f.done.Store(unset)
	if home {
		f.sums = newQueue[sum](int(int64(tapHolds) / tick))
	}
	if t.voices {
		f.spoken = newQueue[spoken](tapVoices)
	}
	return f
}

// overhear takes what was said in this share of the room; the streams still
// hold it.
func (r *mix) overhear(w *worker) {
	for _, f := range r.feeds {
		if f.spoken != nil {
			f.hear(r, w)
		}
		if !f.home {
			f.done.Store(w.tick)
		}
	}
}

func (f *feed) hear(r *mix, w *worker) {
	for _, s := range r.speakers {
		if s.sounded != w.tick+1 {
			continue
		}
		v := f.spoken.slot()
		if v == nil {
			continue
		}
		rate := rateOf(s.far.codec)
		v.tick, v.leg, v.rate = w.tick, s.id, rate
		copy(v.pcm[:perTick(rate)], s.pcm[:])
		f.spoken.put()
	}
}

// tapped takes the sum of the whole room, as it is before the rates cross.
func (r *mix) tapped(w *worker, sounds [rates]bool, whole bool) {
	for _, f := range r.feeds {
		if !f.home {
			continue
		}
		for rate, sounded := range sounds {
			if !sounded {
				continue
			}
			v := f.sums.slot()
			if v == nil {
				continue
			}
			v.tick, v.rate, v.whole = w.tick, rate, whole
			copy(v.pcm[:perTick(rate)], r.all[rate][:])
			f.sums.put()
		}
		f.done.Store(w.tick)
	}
}

// detach takes a tap off this share of the room.
func (r *mix) detach(t *Tap, w *worker) {
	for at, f := range r.feeds {
		if f.tap == t {
			f.finish(w)
			r.feeds = slices.Delete(r.feeds, at, at+1)
			return
		}
	}
}

// silence ends all taps with the room.
func (r *mix) silence(w *worker) {
	for _, f := range r.feeds {
		f.finish(w)
	}
	r.feeds = nil
}

// finish ends the tap before this tick, where the room is at home.
func (f *feed) finish(w *worker) {
	if f.home {
		f.tap.last.CompareAndSwap(unset, w.tick-1)
	}
}
