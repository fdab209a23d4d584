package bridge

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"partyline/media"
)

const (
	inboxSize  = 256  // messages waiting for one conference; senders then wait
	soundsSize = 4096 // media events waiting for one conference; more are lost, never waited for
	batchSize  = 1024 // messages of one store transaction
)

// owner is the one goroutine of a conference. The fields above the line may
// be touched by anyone, those below only by the goroutine itself.
type owner struct {
	b      *Bridge
	id     string
	tenant *tenant
	log    *slog.Logger
	inbox  chan func()
	sounds chan soundEvent
	quit   chan struct{} // closed: stop now
	done   chan struct{} // closed: the goroutine has ended
	counts atomic.Pointer[counts]
	feeder *feeder

	// ————————————————————————————————————————————————————————————————

	conf     conferenceRecord
	confRev  uint64
	seq      uint64 // of the last event written
	members  map[string]*member
	roll     []*member         // in order of creation
	requests map[string]string // RequestKey → participant
	queue    []*member         // waits for a place on a trunk
	room     Room
	subs     map[*Subscription]bool
	batch    batch
	again    []func() // what effects found out, for the next batch

	stopping   bool
	presided   bool      // a presenter was there after the last message
	graceUntil time.Time // end_on_presenter_exit
	warned     time.Time // of the end that is coming, up to here
	hushed     time.Time // until then nobody who is alone has music
	talkers    []*member // who speaks, in order of beginning
	talked     window    // how often that was told
	comfort    bool      // the room has its noise
	recs       []*recording
	noAuto     bool // a recording failed: none begins by itself
	taped      taped
	piece      piece     // the uploaded music
	startedAt  time.Time // monotonic twin of conf.StartedAt
	idleSince  time.Time
	retryAt    time.Time // next try of a failed write
	backoff    time.Duration
}

// soundEvent is something the audio of one attempt did.
type soundEvent struct {
	m     *member
	gen   uint64
	event media.Event
}

func (b *Bridge) newOwner(c conferenceRecord) *owner {
	o := &owner{
		b: b, id: c.ID, tenant: b.tenant(c.TenantID), conf: c,
		log:      b.cfg.Log.With("conference", c.ID),
		inbox:    make(chan func(), inboxSize),
		sounds:   make(chan soundEvent, soundsSize),
		quit:     make(chan struct{}),
		done:     make(chan struct{}),
		members:  map[string]*member{},
		requests: map[string]string{},
		subs:     map[*Subscription]bool{},
		talked:   window{most: talkEvents},
		warned:   time.Now(),
	}
	o.feeder = newFeeder(o)
	o.counts.Store(&counts{})
	return o
}

// run is the loop: a message or a timer, whatever else is waiting, one
// transaction, and again.
func (o *owner) run() {
	defer o.finishUp()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-o.quit:
			return
		case f := <-o.inbox:
			o.handle(f)
		case s := <-o.sounds:
			o.handle(func() { o.sound(s) })
		case <-timer.C:
		}
		for {
			o.drain()
			o.handle(func() { o.expire(time.Now()) })
			o.commit()
			if len(o.again) == 0 {
				break
			}
		}
		if o.idle(time.Now()) && o.b.unload(o) {
			return
		}
		timer.Reset(time.Until(o.nextDeadline()))
	}
}

// drain handles what is waiting, up to a batch.
func (o *owner) drain() {
	again := o.again
	o.again = nil
	for _, f := range again {
		o.handle(f)
	}
	for range batchSize {
		select {
		case f := <-o.inbox:
			o.handle(f)
		case s := <-o.sounds:
			o.handle(func() { o.sound(s) })
		default:
			return
		}
	}
}

// handle runs one message. A fault in it is logged and costs nobody else the
// conference.
func (o *owner) handle(f func()) {
	defer func() {
		if fault := recover(); fault != nil {
			o.b.stats.panics.Add(1)
			o.log.Error("a fault while handling a message; the conference goes on",
				"fault", fmt.Sprint(fault), "stack", string(debug.Stack()))
		}
	}()
	f()
	o.settlePresence()
	o.settleTalk()
	o.settleRecording()
}

// finishUp is the last act of the goroutine: what is not written yet gets one
// more chance, and everyone who waits is let go.
func (o *owner) finishUp() {
	o.stopping = true
	o.feeder.stop()
	o.drain()
	o.commit()
	for s := range o.subs {
		close(s.live)
	}
	clear(o.subs)
	for _, m := range o.roll {
		if m.slot != nil {
			m.slot.Release()
			m.slot = nil
		}
	}
	close(o.done)
}

// post hands over a message; it waits while the mailbox is full and gives up
// when the conference is gone.
func (o *owner) post(f func()) {
	select {
	case o.inbox <- f:
	case <-o.done:
	}
}

// request is one caller's command on its way through a batch.
type request struct {
	err   error
	done  chan struct{}
	last  bool        // what it does must not be undone by a crash: it is answered when it is safe
	taken atomic.Bool // by the owner, or back by a caller who gave up waiting
}

// do runs f in the owner's goroutine and returns its result once what it
// changed is safe. f must not change anything when it returns an error. A
// caller whose ctx ends before f has begun takes the command back; one whose
// command has begun waits for its end, which a store's transaction bounds.
func (o *owner) do(ctx context.Context, f func(r *request) error) error {
	r := &request{done: make(chan struct{})}
	message := func() {
		if !r.taken.CompareAndSwap(false, true) {
			return
		}
		o.batch.requests = append(o.batch.requests, r)
		if r.err = errStopped(); o.stopping {
			return
		}
		r.err = refuse(Internal, "internal_error", "", "something went wrong here; the log says what")
		r.err = f(r)
	}
	select {
	case o.inbox <- message:
	case <-ctx.Done():
		return ctx.Err()
	case <-o.done:
		return errStopped()
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		if r.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		select {
		case <-r.done:
		case <-o.done:
		}
	case <-o.done:
	}
	select {
	case <-r.done:
		return r.err
	default:
		return errStopped()
	}
}

func errStopped() *Error {
	e := refuse(Unavailable, "shutting_down", "", "this server is stopping; try again in a moment")
	e.RetryAfter = 5
	return e
}

// idle tells whether nothing here needs a goroutine: nobody in or on the way,
// no reader, no deadline, nothing unwritten.
func (o *owner) idle(now time.Time) bool {
	busy := len(o.subs) > 0 || o.batch.pending() || len(o.again) > 0 || len(o.queue) > 0 || !o.confDeadline().IsZero()
	for _, r := range o.recs {
		busy = busy || !r.over() && !o.b.closing.Load()
	}
	for _, m := range o.roll {
		if busy || !m.rec.Status.Terminal() {
			busy = true
			break
		}
	}
	if busy {
		o.idleSince = time.Time{}
		return false
	}
	if o.idleSince.IsZero() {
		o.idleSince = now
	}
	return now.Sub(o.idleSince) >= o.b.cfg.Limits.Idle
}
