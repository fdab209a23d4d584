package bridge

import (
	"fmt"
	"math"
	"sync"
	"time"
)

// spent is what one conference used up on one day.
type spent struct {
	Attempts int   `json:"attempts"`
	MS       int64 `json:"ms"` // connected time
}

// tenant is what all conferences of one customer share.
type tenant struct {
	id   string
	adds window

	mu         sync.Mutex
	suppressed map[string]bool
	day        string
	attempts   int
	ms         int64 // of calls that have ended
	midnight   int64 // the beginning of day, Unix milliseconds
	up         int   // calls that are up
	since      int64 // sum of the times since when they count today, Unix milliseconds
}

func today(now time.Time) string { return now.UTC().Format(time.DateOnly) }

func (b *Bridge) tenant(id string) *tenant {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.tenants[id]
	if t == nil {
		t = &tenant{id: id, suppressed: map[string]bool{}, adds: window{most: b.cfg.Limits.AddsPerSecond}}
		b.tenants[id] = t
	}
	return t
}

// takeAdd counts one add against the tenant's rate.
func (t *tenant) takeAdd(now time.Time) *Error {
	if wait := t.adds.take(now); wait > 0 {
		e := refuse(RateLimited, "rate_limited", "", "participants are being added too fast; try again in a moment")
		e.RetryAfter = int(math.Ceil(wait.Seconds()))
		return e
	}
	return nil
}

func (t *tenant) suppress(number string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.suppressed[number] = true
}

func (t *tenant) isSuppressed(number string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.suppressed[number]
}

// turn begins a new day when it has come. It is called with the lock held.
func (t *tenant) turn(now time.Time) {
	if day := today(now); t.day < day {
		t.day, t.attempts, t.ms = day, 0, 0
		t.midnight = midnight(now).UnixMilli()
		t.since = int64(t.up) * t.midnight
	}
}

func midnight(now time.Time) time.Time { return now.UTC().Truncate(24 * time.Hour) }

// spend adds to the day's sums.
func (t *tenant) spend(now time.Time, attempts int, ms int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn(now)
	t.attempts += attempts
	t.ms += ms
}

// connect begins to count the minutes of a call, disconnect ends it: what it
// took today is then to be spent.
func (t *tenant) connect(at time.Time)    { t.count(1, at) }
func (t *tenant) disconnect(at time.Time) { t.count(-1, at) }

func (t *tenant) count(n int, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn(time.Now())
	t.up += n
	t.since += int64(n) * max(at.UnixMilli(), t.midnight)
}

// overspent says which of the day's limits is used up, or nothing.
func (t *tenant) overspent(now time.Time, p *DialPolicy) *Error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn(now)
	used := t.ms + int64(t.up)*now.UnixMilli() - t.since // calls that are up included
	what := ""
	switch {
	case p.AttemptsPerDay > 0 && t.attempts >= p.AttemptsPerDay:
		what = fmt.Sprintf("%d calls", p.AttemptsPerDay)
	case p.MinutesPerDay > 0 && used >= int64(p.MinutesPerDay)*60_000:
		what = fmt.Sprintf("%d minutes", p.MinutesPerDay)
	}
	if what == "" {
		return nil
	}
	e := refuse(RateLimited, "spend_limit", "", "today's limit of %s is used up; it starts anew at midnight UTC (dial.spend)", what)
	e.RetryAfter = int(math.Ceil(midnight(now).Add(24 * time.Hour).Sub(now).Seconds()))
	return e
}

// recall adds what a conference's record says to its tenant's sums.
func (t *tenant) recall(c *conferenceRecord, now time.Time) {
	for _, number := range c.Unwanted {
		t.suppress(number)
	}
	if s := c.Spent[today(now)]; s != nil {
		t.spend(now, s.Attempts, s.MS)
	}
}
