package media

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Tap carries the sound of a room out of the engine, for a recording. The
// tick leaves in it what it has summed up anyway, one copy of it, and neither
// waits nor locks nor allocates; what has to be made of that is made by who
// reads. The tap of a room that is spread over several workers has a feed
// from each.
//
// One goroutine reads a tap, with Next; the other methods may be called from
// any.
type Tap struct {
	voices bool
	first  atomic.Int64 // the tick it begins with; unset: not yet
	last   atomic.Int64 // the tick it ends with; unset: not yet
	ending sync.Once
	closed chan struct{}

	mu     sync.Mutex // never held by a tick
	engine *Engine
	room   *Room
	feeds  []*feed

	// The reader's.
	reading []*feed // feeds, as they were last
	at      int64   // the next tick to hand out
	ready   int64   // all that was said up to this tick is there
	moment  Moment
}

const (
	unset = int64(-1)
	// tapRest is how long a reader sleeps when there is nothing: being woken
	// by the tick would cost a system call each time.
	tapRest = 100 * time.Millisecond
	// tapLate is after how many ticks a worker that has said nothing of a tick
	// is not waited for: it sleeps, or has skipped that tick.
	tapLate = 10
)

// NewTap makes a tap to be given to Room.Record. With voices it carries each
// leg's own sound beside the mix.
func NewTap(voices bool) *Tap {
	t := &Tap{voices: voices, closed: make(chan struct{})}
	t.first.Store(unset)
	t.last.Store(unset)
	return t
}

// Record lets the room's sound flow into a tap from the next tick on, until
// Release or the end of the room. A room may have several taps, a tap only
// one room.
func (r *Room) Record(t *Tap) {
	e := r.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	t.mu.Lock()
	taken := t.engine != nil
	if !taken {
		t.engine, t.room = e, r
	}
	t.mu.Unlock()
	if taken || t.ended() {
		return
	}
	if r.closed || e.closed {
		now := e.now() / tick
		t.first.CompareAndSwap(unset, now)
		t.last.CompareAndSwap(unset, now-1)
		return
	}
	r.taps = append(r.taps, t)
	for at, share := range r.shares {
		if share != nil {
			t.attach(e.workers[at], share)
		}
	}
}

// Release ends Record for a tap. What was said before is still to be read.
func (r *Room) Release(t *Tap) {
	e := r.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	at := slices.Index(r.taps, t)
	if at < 0 {
		return
	}
	r.taps = slices.Delete(r.taps, at, at+1)
	if e.closed || r.closed {
		return
	}
	for at, share := range r.shares {
		if share != nil {
			e.workers[at].post(command{room: share, run: func(w *worker) { share.detach(t, w) }})
		}
	}
}

// attach has a share of the room feed the tap; Engine.mu is held.
func (t *Tap) attach(w *worker, share *mix) {
	home := w == t.room.home
	if !home && !t.voices {
		return
	}
	f := newFeed(t, home)
	t.mu.Lock()
	t.feeds = append(t.feeds, f)
	t.mu.Unlock()
	w.post(command{room: share, run: func(w *worker) {
		share.feeds = append(share.feeds, f)
		if home {
			t.first.CompareAndSwap(unset, w.tick)
		}
	}})
}

// Close ends the tap from the reader's side: Next still gives what was said
// until now. Closing twice is harmless.
func (t *Tap) Close() {
	t.ending.Do(func() { close(t.closed) }) // first: no room begins to feed it any more
	t.mu.Lock()
	e, r := t.engine, t.room
	t.mu.Unlock()
	if e != nil {
		t.last.CompareAndSwap(unset, e.now()/tick)
		r.Release(t)
	}
}

// Now is the number that the tick of this moment has, or will have, among the
// tap's Moments; −1 before the first.
func (t *Tap) Now() int64 {
	first := t.first.Load()
	if first == unset {
		return -1
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(t.engine.now()/tick-first, 0)
}

// Dropped is how many pieces of sound, 20 ms of the mix or of one leg each,
// were lost because the reader did not come in time. They are silence in what
// it reads.
func (t *Tap) Dropped() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var n uint64
	for _, f := range t.feeds {
		n += f.sums.lost() + f.spoken.lost()
	}
	return n
}
