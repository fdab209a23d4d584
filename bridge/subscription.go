package bridge

import (
	"context"
	"sync"

	"partyline/state"
)

const (
	liveSize   = 1024 // events a reader may be behind
	replayPage = 256
)

// Subscription is one reader of a conference's events: first those it missed,
// then live, in order of Seq without gap or repetition.
type Subscription struct {
	ch     chan state.Event
	live   chan state.Event // written and closed by the owner only
	quit   chan struct{}
	halt   <-chan struct{} // the bridge has stopped
	ended  chan struct{}
	once   sync.Once
	remove func()
}

// C delivers the events. It is closed when the reader is too slow, the
// conference is deleted, the bridge stops, or Close was called; a reader
// resumes with the Seq of the last event it got.
func (s *Subscription) C() <-chan state.Event { return s.ch }

// Close ends the subscription and waits for its goroutine. It may be called
// more than once.
func (s *Subscription) Close() {
	s.once.Do(func() {
		close(s.quit)
		s.remove()
	})
	<-s.ended
}

// Events begins to read a conference's events after the sequence number given
// (0: all of them).
func (b *Bridge) Events(ctx context.Context, who Caller, cid string, after uint64) (*Subscription, error) {
	s := &Subscription{
		ch: make(chan state.Event), live: make(chan state.Event, liveSize),
		quit: make(chan struct{}), halt: b.halt, ended: make(chan struct{}),
	}
	var written uint64
	err := b.with(ctx, who, cid, func(o *owner, _ *request) error {
		if len(o.subs) >= b.cfg.Limits.Subscribers {
			e := refuse(Unavailable, "too_many_readers", "", "this conference has %d event readers already", len(o.subs))
			e.RetryAfter = 5
			return e
		}
		written = o.seq // what this batch writes comes live
		o.subs[s] = true
		s.remove = func() { o.post(func() { o.unsubscribe(s) }) }
		return nil
	})
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return nil, errStopped()
	}
	b.readers.Go(func() { s.run(b.cfg.Store, cid, after, written) })
	return s, nil
}

// run delivers what is in the store up to written, then what comes live.
func (s *Subscription) run(store state.Store, cid string, after, written uint64) {
	defer close(s.ended)
	defer close(s.ch)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for after < written {
		page, err := state.LoadPage[state.Event](ctx, store, state.EventPrefix(cid), state.EventKey(cid, after), replayPage)
		if err != nil || len(page) == 0 {
			return
		}
		for _, r := range page {
			if r.Value.Seq > written {
				break
			}
			if !s.deliver(r.Value) {
				return
			}
			after = r.Value.Seq
		}
		if page[len(page)-1].Value.Seq >= written {
			break
		}
	}
	for {
		select {
		case e, ok := <-s.live:
			if !ok {
				return
			}
			if e.Seq > after && !s.deliver(e) {
				return
			}
		case <-s.quit:
			return
		}
	}
}

func (s *Subscription) deliver(e state.Event) bool {
	select {
	case s.ch <- e:
		return true
	case <-s.quit:
		return false
	case <-s.halt:
		return false
	}
}

// tell hands a written event to every reader; one that is too far behind is
// let go and may resume.
func (o *owner) tell(e state.Event) {
	for s := range o.subs {
		select {
		case s.live <- e:
		default:
			o.unsubscribe(s)
		}
	}
}

func (o *owner) unsubscribe(s *Subscription) {
	if o.subs[s] {
		delete(o.subs, s)
		close(s.live)
	}
}
