package bridge

import (
	"time"

	"partyline/state"
)

const (
	defaultRetryDelay = time.Minute
	maxRetryDelay     = 24 * time.Hour
	// A trunk at its limit is asked again within the time in which a phone
	// must be ringing at all, and not more than twice.
	connectDeadline   = time.Minute
	limitTries        = 2
	defaultLimitDelay = 5 * time.Second
)

// retries says how many further attempts a cause deserves at most. What is
// not here is never tried again: the person, the number or the network said no.
var retries = map[state.Reason]int{
	state.ReasonBusy:         10,
	state.ReasonNoAnswer:     10,
	state.ReasonUnavailable:  1,
	state.ReasonTrunkFailure: 10,
}

// failed decides what follows an attempt that did not get through.
func (o *owner) failed(m *member, reason state.Reason, e CallEvent) {
	now := time.Now()
	d := detail{Redress: e.Redress}
	if m.limitTries > 0 && m.rec.RingingAt == nil && (e.Code == 0 || e.Code == 408) {
		// The trunk said that it is full and then nothing at all: no phone has
		// rung, so nobody can be said not to have answered.
		o.endWith(m, state.ReasonTrunkLimit, d)
		return
	}
	if reason == state.ReasonUnwanted {
		o.suppress(m)
	}
	if reason == state.ReasonTrunkLimit {
		if wait, ok := m.limitWait(now, e.RetryAfter); ok {
			m.uncounted = true
			o.later(m, reason, now.Add(wait))
			return
		}
		o.endWith(m, reason, d)
		return
	}
	made := m.rec.Attempt - m.base
	if made >= m.rec.Retry.Attempts || made > retries[reason] {
		o.endWith(m, reason, d)
		return
	}
	delay := m.rec.Retry.Delay
	if delay <= 0 {
		delay = defaultRetryDelay
	}
	for range min(made-1, 20) {
		delay = min(2*delay, maxRetryDelay)
	}
	o.later(m, reason, now.Add(max(delay, e.RetryAfter)))
}

// limitWait says how long to wait for a trunk at its limit, and whether at all.
func (m *member) limitWait(now time.Time, retryAfter time.Duration) (time.Duration, bool) {
	if m.limitTries == 0 {
		m.limitSince = now
	}
	if retryAfter <= 0 {
		retryAfter = defaultLimitDelay
	}
	if m.limitTries >= limitTries || now.Add(retryAfter).Sub(m.limitSince) > connectDeadline {
		return 0, false
	}
	m.limitTries++
	return retryAfter, true
}

// later sends a participant back to pending until the next attempt.
func (o *owner) later(m *member, reason state.Reason, at time.Time) {
	if !m.step(state.Defer) {
		return
	}
	o.hangUp(m)
	utc := at.UTC()
	p := &m.rec
	p.Phase, p.Reason, p.NextTryAt = state.PhaseRetrying, reason, &utc
	p.InPrompt, p.HeldRemote, p.Dialog = false, false, nil
	m.door, m.cadence, m.sound = door{}, nil, nil
	m.until(dueRetry, at)
	o.changed(m)
	o.told("retry_scheduled", m, detail{NextTryAt: &utc})
}
