package trunk

import (
	"context"
	"fmt"
	"time"
)

// waiter is one blocked Reserve or Next. Its slot is set under the Set's lock
// before ready is closed.
type waiter struct {
	tried []*line
	slot  *Slot
	ready chan struct{}
}

// wait blocks until w is served or ctx ends. Whoever is served in that very
// moment keeps the slot, so that no token is lost.
func (s *Set) wait(ctx context.Context, w *waiter) (*Slot, error) {
	select {
	case <-w.ready:
		return w.slot, nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.slot != nil {
		return w.slot, nil
	}
	s.failover = without(s.failover, w)
	s.fresh = without(s.fresh, w)
	s.arm(time.Now())
	return nil, fmt.Errorf("waiting for a free trunk: %w", ctx.Err())
}

// serve gives slots to those who wait, in order, and sets the timer for the
// rest. Callers hold the lock and call it after every change.
func (s *Set) serve() {
	s.failover = s.serveQueue(s.failover)
	s.fresh = s.serveQueue(s.fresh)
	s.arm(time.Now())
}

func (s *Set) serveQueue(q []*waiter) []*waiter {
	left := q[:0]
	for i, w := range q {
		if w.slot = s.grant(w.tried); w.slot != nil {
			close(w.ready)
			continue
		}
		left = append(left, w)
		if len(w.tried) == 0 { // nothing is free at all: nobody behind can be served
			left = append(left, q[i+1:]...)
			break
		}
	}
	clear(q[len(left):])
	return left
}

// arm sets the one timer to the next moment at which time alone could free a
// trunk for a waiter, or stops it when nobody waits.
func (s *Set) arm(now time.Time) {
	var at time.Time
	if len(s.failover)+len(s.fresh) > 0 {
		for _, l := range s.lines {
			if t, ok := l.freeAt(now); ok && (at.IsZero() || t.Before(at)) {
				at = t
			}
		}
	}
	if at.IsZero() {
		if s.timer != nil {
			s.timer.Stop()
			s.timer = nil
		}
		return
	}
	if s.timer != nil {
		if s.timerAt.Equal(at) {
			return
		}
		s.timer.Stop()
	}
	s.timerAt = at
	var t *time.Timer
	t = time.AfterFunc(at.Sub(now), func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.timer == t { // not replaced meanwhile
			s.timer = nil
			s.serve()
		}
	})
	s.timer = t
}

func without(q []*waiter, w *waiter) []*waiter {
	for i, x := range q {
		if x == w {
			return append(q[:i], q[i+1:]...)
		}
	}
	return q
}
