package bridge

import (
	"time"

	"partyline/media/prompt"
	"partyline/state"
)

// presiding tells whether a presenter or operator is in the conference. It is
// counted from the list each time.
func (o *owner) presiding() bool {
	for _, m := range o.roll {
		if m.live() && presides(m.rec.Role) {
			return true
		}
	}
	return false
}

// waits tells whether somebody waits while no presenter is there.
func (o *owner) waits(m *member) bool {
	if presides(m.rec.Role) {
		return false
	}
	if m.rec.Waits != nil {
		return *m.rec.Waits
	}
	return o.conf.WaitForPresenter
}

// settlePresence follows the last presenter in and out. It runs after every
// message, when the list is as that message left it.
func (o *owner) settlePresence() {
	here := o.presiding()
	if here == o.presided || o.conf.Status == state.ConferenceEnded {
		return
	}
	o.presided = here
	if here {
		o.presenterCame()
	} else {
		o.presenterWent()
	}
}

func (o *owner) presenterCame() {
	o.setGrace(time.Time{})
	waited := false
	for _, m := range o.roll {
		if m.rec.Waiting {
			o.admitWaiting(m, "")
			waited = true
		}
	}
	if waited {
		o.tellAll(words(prompt.PresenterArrived)...)
	}
}

func (o *owner) presenterWent() {
	for _, m := range o.roll {
		if m.live() && m.rec.EndsWith {
			o.end(m, state.ReasonPresenterLeft)
		}
	}
	o.parkAll(prompt.PresenterLeft, prompt.WaitingPresenter)
	if !o.conf.EndOnPresenterExit {
		return
	}
	now := time.Now()
	o.setGrace(now.Add(o.conf.PresenterGrace))
	o.warned = now
	if end, _, _ := o.ending(); end.After(now) { // its own time may be over before
		o.warnAll(append(words(prompt.PresenterLeft), endsIn(end.Sub(now))...)...)
	}
}

// setGrace sets when the conference ends unless a presenter comes back; zero:
// it does not. It is written, so that a restart neither lengthens the time nor
// forgets it.
func (o *owner) setGrace(until time.Time) {
	if until.Equal(o.graceUntil) {
		return
	}
	o.graceUntil = until
	o.conf.GraceUntil, o.batch.conf = nil, true
	if !until.IsZero() {
		utc := until.UTC()
		o.conf.GraceUntil = &utc
	}
}

// parkAll makes everyone wait who does so without a presenter, and tells them
// why.
func (o *owner) parkAll(why ...prompt.Name) {
	for _, m := range o.roll {
		if m.live() && !m.rec.Waiting && o.waits(m) {
			m.rec.Waiting, m.rec.Phase = true, state.PhaseWaiting
			o.changed(m)
			o.told("waiting", m, detail{})
			o.whisper(m, words(why...)...)
		}
	}
}

// admitWaiting lets one person in who waits for a presenter.
func (o *owner) admitWaiting(m *member, by string) {
	m.rec.Waiting = false
	if m.rec.Phase == state.PhaseWaiting {
		m.rec.Phase = state.PhaseTalking
	}
	m.sound = nil // they were told to wait
	o.changed(m)
	o.told("admitted", m, detail{By: by})
}
