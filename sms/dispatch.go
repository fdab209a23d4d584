package sms

import (
	"context"
	"time"

	"partyline/state"
)

const (
	// maxReady bounds how many due messages are held in memory; the rest waits in the store.
	maxReady = 256
	// storeRetry is the wait after the store failed us.
	storeRetry = 2 * time.Second
)

// dispatcher decides which message goes next. It is one goroutine (Run's); the
// workers it starts report on done, one outcome each.
//
// Texts to one number go one after another, in order of creation: so the limit
// holds, and a lookup after a lost answer cannot mistake one for another.
type dispatcher struct {
	o      *Outbox
	limits *limiter

	ready   []state.Message // due now, oldest first; at most maxReady
	more    bool            // the store holds more that are due
	dirty   bool            // the store may hold something new
	next    time.Time       // when to look again at the latest
	mark    string          // every message up to this key is settled
	full    time.Time       // of the last search from the beginning
	blocked map[string]bool // numbers with a message waiting behind another

	flying map[string]bool      // messages with a worker
	first  map[string]time.Time // their first try, while they are not settled

	failures int       // in a row: the provider is down or limits us
	paused   time.Time // no provider calls before
	done     chan outcome
}

func newDispatcher(o *Outbox) *dispatcher {
	return &dispatcher{
		o:       o,
		limits:  newLimiter(o.cfg.PerNumberHour, o.cfg.PerBlockHour),
		dirty:   true,
		blocked: map[string]bool{},
		flying:  map[string]bool{},
		first:   map[string]time.Time{},
		done:    make(chan outcome, o.cfg.Slots),
	}
}

func (d *dispatcher) run(ctx context.Context) {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		now := time.Now()
		if len(d.ready) == 0 && (d.dirty || d.more || !now.Before(d.next)) {
			d.search(ctx, now)
		}
		d.launch(work)
		wait := time.Until(d.next)
		if len(d.ready) > 0 { // for want of a free slot; only a worker's end helps
			wait = d.o.cfg.ScanEvery
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case <-d.o.wake:
			d.dirty = true
		case out := <-d.done:
			d.settle(out)
		case <-timer.C:
		}
	}
	d.drain(stop)
}

// drain waits for the workers, for a while patiently.
func (d *dispatcher) drain(stop context.CancelFunc) {
	grace := time.NewTimer(d.o.cfg.Grace)
	defer grace.Stop()
	for len(d.flying) > 0 {
		select {
		case out := <-d.done:
			d.settle(out)
		case <-grace.C:
			stop()
		}
	}
}

// launch starts workers for ready messages while there are free slots.
func (d *dispatcher) launch(ctx context.Context) {
	for len(d.ready) > 0 && len(d.flying) < d.o.cfg.Slots {
		m, now := d.ready[0], time.Now()
		late := m.Status == state.MessageQueued && expired(m, now)
		if d.failures > 0 && len(d.flying) > 0 && !late {
			return // one probe at a time
		}
		d.ready = d.ready[1:]
		j := job{m: m, failures: d.failures, known: d.limits.known(m.To, m.ID)}
		if m.Status == state.MessageQueued && !late {
			j.refusal = d.limits.take(m.To, m.ID, now)
		}
		j.first = d.first[m.ID]
		if j.first.IsZero() {
			if j.first = now; m.TriedAt != nil {
				j.first = *m.TriedAt // the best that is known after a restart
			}
			d.first[m.ID] = j.first
		}
		d.flying[m.ID] = true
		d.o.count.flying.Add(1)
		go func() { d.done <- d.o.work(ctx, j) }()
	}
}

// settle takes in what a worker did.
func (d *dispatcher) settle(out outcome) {
	id, number, now := out.m.ID, out.m.To, time.Now()
	delete(d.flying, id)
	d.o.count.flying.Add(-1)
	if settled(out.m) {
		delete(d.first, id)
		d.dirty = d.dirty || d.blocked[number]
	} else {
		d.next = earliest(d.next, out.due)
	}
	if out.untried {
		d.limits.drop(number, id)
		delete(d.first, id)
	}
	if out.m.ProviderID != "" {
		d.limits.sent(number, id, out.m.ProviderID)
	}
	switch {
	case out.pause > 0:
		d.failures++
		d.paused = latest(d.paused, now.Add(out.pause))
		d.o.setPaused(d.paused)
		// What is ready must wait too, unless it expires meanwhile.
		d.ready, d.dirty = nil, true
	case out.answered && d.failures > 0:
		d.failures, d.paused = 0, time.Time{}
		d.o.setPaused(d.paused)
		d.dirty = true
	}
}

func settled(m state.Message) bool { return rank(m.Status) >= rank(state.MessageSent) }

// rank orders the statuses; a message never goes to a lower or equal one by a
// report.
func rank(s state.MessageStatus) int {
	switch s {
	case state.MessageQueued:
		return 0
	case state.MessageSending:
		return 1
	case state.MessageSent:
		return 2
	}
	return 3 // delivered, failed: the end
}

func expired(m state.Message, now time.Time) bool {
	return !m.ExpiresAt.IsZero() && !now.Before(m.ExpiresAt)
}

// earliest and latest take the zero time for "never".
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
