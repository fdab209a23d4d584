package trunk

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"
)

// ErrNoTrunk means that waiting would not help: no trunk is configured, or a
// call has been tried over every trunk that works.
var ErrNoTrunk = errors.New("no trunk left to call over")

// MaxRest is the longest a trunk is left alone on one answer's word.
const MaxRest = 300 * time.Second

// Set hands out the right to place calls over a number of trunks.
//
// Rate: in no second (by this machine's clock, ends included) are more than
// ⌊CPS⌋ slots of a trunk launched; a CPS below 1 means one call in 1/CPS
// seconds. A whole second's worth may go at once: that is how carriers count,
// and the first few calls of a conference need not wait for each other.
//
// Order: waiters are served first come, first served, calls in failover before
// new ones. Among the trunks that could take a call now the one with the
// smallest Priority is taken, and among equals each gets its Weight's share. A
// trunk without a free channel or token is passed over for the next.
//
// A Set has no goroutine; while somebody waits for a clock it has one timer.
type Set struct {
	mu       sync.Mutex
	lines    []*line
	failover []*waiter // in order of arrival
	fresh    []*waiter
	timer    *time.Timer // runs only while somebody waits
	timerAt  time.Time
}

// NewSet checks the trunks and makes a Set of them. Names must be there and
// differ.
func NewSet(trunks []Trunk) (*Set, error) {
	s := &Set{}
	seen := map[string]bool{}
	for i, t := range trunks {
		switch {
		case t.Name == "":
			return nil, fmt.Errorf("trunk %d has no name", i+1)
		case seen[t.Name]:
			return nil, fmt.Errorf("two trunks are called %q", t.Name)
		case t.CPS < 0 || math.IsNaN(t.CPS) || math.IsInf(t.CPS, 0) || t.CPS > 100_000:
			return nil, fmt.Errorf("trunk %s: cps %v is not a rate between 0 and 100000", t.Name, t.CPS)
		case t.CPS > 0 && t.CPS < 1.0/3600:
			return nil, fmt.Errorf("trunk %s: cps %v is less than a call an hour", t.Name, t.CPS)
		case t.Channels < 0 || t.Weight < 0:
			return nil, fmt.Errorf("trunk %s: channels and weight cannot be negative", t.Name)
		case strings.ContainsFunc(t.Name, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return nil, fmt.Errorf("trunk %q: control characters in the name", t.Name)
		}
		seen[t.Name] = true
		s.lines = append(s.lines, newLine(t))
	}
	return s, nil
}

// TryReserve takes a token and a channel of the best trunk if there is one
// now. It never overtakes those who wait.
func (s *Set) TryReserve() (*Slot, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serve()
	if len(s.fresh) > 0 {
		return nil, false
	}
	slot := s.grant(nil)
	return slot, slot != nil
}

// Reserve waits for a token and a channel until ctx ends. It fails at once
// with ErrNoTrunk when no trunk is configured; trunks that are down may come
// back and are waited for.
func (s *Set) Reserve(ctx context.Context) (*Slot, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("waiting for a trunk: %w", err)
	}
	s.mu.Lock()
	if len(s.lines) == 0 {
		s.mu.Unlock()
		return nil, ErrNoTrunk
	}
	w := &waiter{ready: make(chan struct{})}
	s.fresh = append(s.fresh, w)
	s.serve()
	s.mu.Unlock()
	return s.wait(ctx, w)
}

// next is Reserve for a call that has tried some trunks already.
func (s *Set) next(ctx context.Context, tried []*line) (*Slot, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("waiting for another trunk: %w", err)
	}
	s.mu.Lock()
	now := time.Now()
	hope := false
	for _, l := range s.lines {
		hope = hope || !among(l, tried) && l.works(now)
	}
	if !hope {
		s.mu.Unlock()
		return nil, ErrNoTrunk
	}
	w := &waiter{tried: tried, ready: make(chan struct{})}
	s.failover = append(s.failover, w)
	s.serve()
	s.mu.Unlock()
	return s.wait(ctx, w)
}

// grant takes the best free trunk that is not among tried.
func (s *Set) grant(tried []*line) *Slot {
	now := time.Now()
	best, total := (*line)(nil), 0
	for _, l := range s.lines {
		if among(l, tried) || !l.free(now) || best != nil && l.def.Priority > best.def.Priority {
			continue
		}
		if best != nil && l.def.Priority < best.def.Priority {
			best, total = nil, 0
		}
		total += l.def.Weight
		if best == nil || l.share+l.def.Weight > best.share+best.def.Weight {
			best = l
		}
	}
	if best == nil {
		return nil
	}
	// Smooth weighted round robin: everyone in the running gains its weight,
	// the winner pays the sum.
	for _, l := range s.lines {
		if !among(l, tried) && l.def.Priority == best.def.Priority && l.free(now) {
			l.share += l.def.Weight
		}
	}
	best.share -= total
	best.reserved++
	best.inUse++
	return &Slot{set: s, line: best, tried: tried}
}

func among(l *line, ls []*line) bool {
	for _, x := range ls {
		if x == l {
			return true
		}
	}
	return false
}
