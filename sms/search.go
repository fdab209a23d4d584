package sms

import (
	"context"
	"time"

	"partyline/state"
)

const (
	searchPage = 500 // records read at once
	// young messages are looked at again: one may reach the disk after another
	// that was created a little later.
	young = 2 * time.Minute
	// fullEvery is how often the search starts at the first message of all,
	// which is when old ones are deleted.
	fullEvery = time.Hour
)

// search reads the messages that are not settled, in order of creation, fills
// ready with those that are due and sets next for the others.
func (d *dispatcher) search(ctx context.Context, now time.Time) {
	first := d.full.IsZero()
	full := first || now.Sub(d.full) >= fullEvery
	if full {
		d.mark = ""
		d.limits.expireAll(now)
	}
	s := &search{d: d, now: now, moving: true, load: first, next: now.Add(d.o.cfg.ScanEvery),
		seen: map[string]bool{}, blocked: map[string]bool{}}
	if keep := d.o.cfg.Retention; full && keep > 0 {
		s.deleteBefore = now.Add(-keep)
	}
	after := d.mark
	for {
		page, err := d.o.store.List(ctx, state.MessagePrefix, after, searchPage)
		if err != nil {
			if ctx.Err() == nil {
				d.o.cfg.Log.Error("the text outbox cannot read the store; texts wait", "err", err)
			}
			// limits and marks are only believed after a whole search
			d.ready, d.dirty, d.next = nil, false, now.Add(storeRetry)
			return
		}
		for _, e := range page {
			s.visit(e)
		}
		if len(page) < searchPage {
			break
		}
		after = page[len(page)-1].Key
	}
	if full {
		d.full = now
	}
	d.ready, d.more, d.dirty, d.next, d.blocked = s.ready, s.more, false, s.next, s.blocked
	d.o.count.waiting.Store(s.waiting)
	s.prune(ctx)
}

// search is the state of one pass over the messages.
type search struct {
	d            *dispatcher
	now          time.Time
	load         bool // count the tries of the last hour: the first pass since the start
	moving       bool // nothing unsettled so far, the mark moves on
	deleteBefore time.Time
	seen         map[string]bool // numbers with an unsettled message
	blocked      map[string]bool
	ready        []state.Message
	more         bool
	next         time.Time
	waiting      int64
	old          []state.Op
}

func (s *search) visit(e state.Entry) {
	m, err := decode(e)
	if err != nil {
		s.d.o.cfg.Log.Error("a stored text cannot be read and is left alone", "err", err)
		return
	}
	if s.load && m.TriedAt != nil && s.now.Sub(*m.TriedAt) < limiterWindow {
		s.d.limits.add(m.To, use{message: m.ID, at: *m.TriedAt, providerID: m.ProviderID})
	}
	if settled(m) {
		if s.moving = s.moving && s.now.Sub(m.CreatedAt) > young; s.moving {
			s.d.mark = e.Key
		}
		if m.CreatedAt.Before(s.deleteBefore) {
			s.old = append(s.old, state.Op{Key: e.Key, Rev: e.Rev})
		}
		return
	}
	s.moving = false
	s.waiting++
	switch late := m.Status == state.MessageQueued && expired(m, s.now); {
	case s.d.flying[m.ID]:
		s.seen[m.To] = true
	case late: // whoever is before it: it never goes out
		s.due(m)
	case s.seen[m.To]:
		s.blocked[m.To] = true
		if m.Status == state.MessageQueued {
			s.next = earliest(s.next, m.ExpiresAt)
		}
	default:
		s.seen[m.To] = true
		if at := latest(dueAt(m, s.d.o.cfg.LookupDelay), s.d.paused); at.After(s.now) {
			s.next = earliest(s.next, at)
			if m.Status == state.MessageQueued {
				s.next = earliest(s.next, m.ExpiresAt)
			}
		} else {
			s.due(m)
		}
	}
}

func (s *search) due(m state.Message) {
	if len(s.ready) == maxReady {
		s.more = true
		return
	}
	s.ready = append(s.ready, m)
}

// dueAt is when a message wants the provider: zero for at once.
func dueAt(m state.Message, lookupDelay time.Duration) time.Time {
	switch {
	case m.NextTryAt != nil:
		return *m.NextTryAt
	case m.Status == state.MessageSending && m.TriedAt != nil:
		return m.TriedAt.Add(lookupDelay) // left behind by a crash
	}
	return time.Time{}
}

// prune deletes what is older than the retention time, a page at a time.
func (s *search) prune(ctx context.Context) {
	for len(s.old) > 0 {
		n := min(len(s.old), searchPage)
		if _, err := s.d.o.store.Apply(ctx, s.old[:n]...); err != nil {
			s.d.o.cfg.Log.Warn("old texts could not be deleted; the next full search tries again", "err", err)
			return
		}
		s.old = s.old[n:]
	}
}
