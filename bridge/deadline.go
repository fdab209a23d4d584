package bridge

import (
	"time"

	"partyline/state"
)

// farFuture is a timer that does not fire.
const farFuture = 24 * time.Hour

// confDeadline is the next time the conference itself has to act, zero when
// there is none.
func (o *owner) confDeadline() time.Time {
	var at time.Time
	earlier := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	switch o.conf.Status {
	case state.ConferenceEnded:
		return at
	case state.ConferenceScheduled:
		earlier(*o.conf.ScheduledFor)
	}
	earlier(o.graceUntil)
	if o.conf.MaxDuration > 0 && !o.startedAt.IsZero() {
		earlier(o.startedAt.Add(o.conf.MaxDuration))
	}
	return at
}

// nextDeadline is when the loop must wake without a message.
func (o *owner) nextDeadline() time.Time {
	at := time.Now().Add(farFuture)
	earlier := func(t time.Time) {
		if !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	earlier(o.confDeadline())
	for _, m := range o.roll {
		earlier(m.due)
		if m.rec.MaxDuration > 0 {
			earlier(m.limit())
			own, _ := m.ownWarning()
			earlier(own)
		}
	}
	warning, _ := o.warningDue()
	earlier(warning)
	earlier(o.beepDue())
	earlier(o.hushed)
	if o.storeDown(time.Now()) { // a time that has passed must not wake us again and again
		earlier(o.retryAt)
	}
	if !o.idleSince.IsZero() {
		// When it is time and somebody still looks at the conference, look again soon.
		earlier(later(o.idleSince.Add(o.b.cfg.Limits.Idle), time.Now().Add(time.Second)))
	}
	return at
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// expire acts on every deadline that has passed.
func (o *owner) expire(now time.Time) {
	if at := o.confDeadline(); !at.IsZero() && !now.Before(at) {
		o.confExpired(now)
	}
	o.warn(now)
	o.beepOfRecording(now)
	if !now.Before(o.hushed) {
		o.hushed = time.Time{}
	}
	for _, m := range o.roll {
		o.timeOfOwn(m, now)
		if !m.due.IsZero() && !now.Before(m.due) {
			o.expired(m)
		}
	}
}

func (o *owner) confExpired(now time.Time) {
	switch {
	case o.conf.Status == state.ConferenceScheduled:
		o.open()
	case !o.graceUntil.IsZero() && !now.Before(o.graceUntil):
		o.finish(state.ReasonPresenterLeft, "")
	default:
		o.finish(state.ReasonTimeLimit, "")
	}
}

// open begins a scheduled conference: whoever was asked is dialled.
func (o *owner) open() {
	o.conf.Status, o.batch.conf = state.ConferenceOpen, true
	for _, m := range o.roll {
		if m.rec.Status == state.Pending && m.rec.Phase == state.PhaseScheduled {
			o.start(m)
		}
	}
}

// expired ends a state that has lasted too long.
func (o *owner) expired(m *member) {
	what := m.what
	m.forget()
	switch what {
	case dueQueue:
		o.end(m, state.ReasonCapacity)
	case dueSMS:
		o.end(m, state.ReasonSMSFailed)
	case dueRetry:
		o.ready(m)
	case dueRing:
		o.failed(m, state.ReasonNoAnswer, CallEvent{})
	case duePrompt:
		o.promptExpired(m)
	case dueMachine:
		o.judge(m)
	case dueLeave:
		o.end(m, m.door.leave)
	case dueRecovery:
		o.notRecovered(m)
	case dueProbe:
		o.probeAgain(m)
	}
}

// now is the time as records keep it.
func now() time.Time { return time.Now().UTC() }
