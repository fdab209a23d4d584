package media

import (
	"io"
	"runtime"
	"sync/atomic"
	"time"

	"partyline/media/clock"
	"partyline/media/udp"
)

const (
	tick    = int64(20 * time.Millisecond)
	catchUp = 3 // missed ticks that are made up; after more the clock is followed
)

// worker owns legs and rooms, and serves them every 20 ms from one goroutine.
// Everything below load belongs to that goroutine alone.
type worker struct {
	engine   *Engine
	id       int // place among the engine's workers
	mail     chan command
	load     int // of legs and rooms placed here; guarded by Engine.mu
	gauge    gauge
	gathered atomic.Int64 // the last tick whose speakers are added up, + 1
	shares   atomic.Int64 // rooms of which this is one of several workers

	tick int64 // number of the current tick
	now  int64 // when it began
	due  int64 // when it should have
	zero int64 // of the engine's clock by the wall clock; 0: not known

	legs     []*stream
	rooms    []*mix
	loops    map[*Clip]*loop
	parked   []command
	spare    []command
	leaving  []command
	retiring []*stream
	blocked  map[any]struct{} // legs and rooms that parked and leaving commands touch
	news     backlog
	count    traffic

	mouths   slab[mouth]
	tending  []*stream // whose sockets are to be changed
	filtered int64     // legs with a filter in the kernel
	io       udp.Sender
	watch    *udp.Watch // over filtered legs; nil: they are looked at in turn
	watched  map[LegID]*stream
	hushed   payload // silence
	running  bool    // in a goroutine of its own, and not by a test
	keep     bool    // its processor while it sleeps
	idle     bool    // nothing to serve

	buffer  [2048]byte       // a packet as it was read
	private [frame]byte      // sound for one leg alone
	pcm     [wideFrame]int16 //
	wide    [wideFrame]int16 //
	bus     bus              //
	other   bus              //
	third   bus              //
	slice   [frame]int16     // a tick of a clip
	clear   [2048]byte       // a packet as it was before it was encrypted
	report  [512]byte        // an RTCP packet to send
}

// traffic counts packets, whosever they were.
type traffic struct {
	in, out, refused, malformed, unknown, strangers, overflowed uint64
}

func newWorker(e *Engine, id int) *worker {
	return &worker{
		engine:  e,
		id:      id,
		io:      udp.NewPlain(),
		mail:    make(chan command, mailSize),
		loops:   make(map[*Clip]*loop),
		blocked: make(map[any]struct{}),
		watched: make(map[LegID]*stream),
		idle:    true,
		tick:    -1,
		news:    backlog{waiting: make([]delivery, 0, eventBacklog)},
	}
}

// equip gives the worker what the kernel has for it: a ring to send by and a
// watch over legs that mostly say nothing. It does without either.
func (w *worker) equip(plain bool) {
	if plain {
		return
	}
	if ring, err := udp.NewRing(ringSize); err == nil {
		w.io = ring
	}
	if watch, err := udp.NewWatch(watchMost); err == nil {
		w.watch = watch
	}
}

const (
	ringSize  = 1024 // packets handed to the kernel at once
	watchMost = 1024 // legs with digits or a sample on one tick; more wait for the next
)

// strip gives it back, after the last tick.
func (w *worker) strip() {
	if ring, ok := w.io.(io.Closer); ok {
		ring.Close()
		w.io = udp.NewPlain()
	}
	if w.watch != nil {
		w.watch.Close()
		w.watch = nil
	}
}

// run is the worker's goroutine. Its ticks are at multiples of 20 ms of the
// engine's clock; without legs it waits for a command and costs nothing.
func (w *worker) run(keep bool) {
	runtime.LockOSThread() // for good: the thread ends with the worker
	clock.Hurry()
	e := w.engine
	w.running, w.keep = true, keep
	alarm := newAlarm(e.now, keep)
	for {
		if w.idle && len(w.mail) == 0 {
			select {
			case c := <-w.mail:
				w.resume(e.now())
				w.take(c)
			case <-e.done:
				return
			}
		}
		alarm.sleep((w.tick+1)*tick, e.now, e.done)
		select {
		case <-e.done:
			return
		default:
		}
		w.wake(e.now(), e.now)
	}
}

// resume sets the clock after a time without ticks, which are not missed.
func (w *worker) resume(now int64) { w.now, w.tick = now, now/tick }

// wake runs the ticks that are due. A few missed ones are made up, each with
// its own sound; after more, ticks are left out: timestamps go on with the
// clock, and nothing is repeated or sent in a burst.
func (w *worker) wake(now int64, clock func() int64) {
	last := now / tick
	missed := last - w.tick - 1
	if missed > catchUp {
		w.gauge.skipped.Add(uint64(missed))
		w.tick += missed
		w.stale()
	}
	for w.tick < last {
		w.step(w.tick+1, clock())
	}
}

// stale makes all legs begin anew: what waits in sockets and buffers is from
// before the stall.
func (w *worker) stale() {
	for _, s := range w.legs {
		s.flush = true
	}
}

// step is one tick.
func (w *worker) step(n, now int64) {
	w.gather(n, now)
	w.meet()
	w.deliver()
}

// gather begins a tick: commands, packets, and the sum of what this worker's
// legs say.
func (w *worker) gather(n, now int64) {
	w.tick, w.now, w.due = n, now, n*tick
	if w.engine.zero != nil {
		w.zero = w.engine.zero()
	}
	w.news.flush(w.engine.dispatch)
	w.drain()
	w.peek()
	for _, s := range w.legs { // while a leg is in the processor's caches
		s.receive(w)
		s.take(w)
	}
	for _, r := range w.rooms {
		r.gather(w)
	}
}

// deliver ends a tick: every leg is sent what it is to hear, and then there is
// time for everything else.
func (w *worker) deliver() {
	for _, r := range w.rooms {
		r.join(w)
	}
	for _, s := range w.legs {
		s.send(w)
		s.chores(w)
	}
	w.count.refused += uint64(w.io.Flush())
	w.handOver()
	w.retire()
	w.tendAll()
	w.idle = len(w.legs)+len(w.parked)+len(w.retiring)+len(w.news.waiting) == 0 && w.shares.Load() == 0
	w.gauge.note(w, w.engine.now())
}

// emit sends an event on its way to the leg's handler.
func (w *worker) emit(leg *Leg, v Event) {
	v.Leg = leg.id
	w.news.emit(w.engine.dispatch, delivery{leg, v})
}

// chores are what a leg needs less often than every tick; legs take turns.
func (s *stream) chores(w *worker) {
	turn := w.tick + int64(s.id)
	if turn%5 == 0 {
		s.check(w)
		s.expire(w)
	}
	if turn%10 == 0 {
		s.publish()
	}
	if turn%50 == 0 {
		s.control.turn(w, s)
		s.overflow(w)
	}
}

// addRoom and removeRoom keep the worker's list of rooms.
func (w *worker) addRoom(r *mix) {
	r.place = len(w.rooms)
	w.rooms = append(w.rooms, r)
}

func (w *worker) removeRoom(r *mix) {
	for len(r.members) > 0 {
		s := r.members[len(r.members)-1]
		s.part(w)
		s.set(w, Audio{})
	}
	if len(r.peers) > 0 {
		w.shares.Add(-1)
	}
	r.silence(w)
	last := len(w.rooms) - 1
	moved := w.rooms[last]
	w.rooms[r.place], moved.place = moved, r.place
	w.rooms[last] = nil
	w.rooms = w.rooms[:last]
}

// remove ends a leg: its last words go out, and its ports rest.
func (w *worker) remove(s *stream) {
	s.control.bye(w, s)
	s.publish()
	w.release(s)
	s.shutMouth(w)
	w.retiring = append(w.retiring, s)
}

// retire passes closed legs on to have their sockets closed; what does not
// fit has time.
func (w *worker) retire() {
	for len(w.retiring) > 0 {
		last := len(w.retiring) - 1
		select {
		case w.engine.retired <- w.retiring[last]:
			w.retiring[last] = nil
			w.retiring = w.retiring[:last]
		default:
			return
		}
	}
}
