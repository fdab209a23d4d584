package bridge

import (
	"time"

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

// settlePresence follows the last presenter in and out. It runs after every
// message, when the list is as that message left it.
func (o *owner) settlePresence() {
	here := o.presiding()
	if here == o.presided || o.conf.Status == state.ConferenceEnded {
		return
	}
	o.presided = here
	if here {
		o.graceUntil = time.Time{}
		for _, m := range o.roll {
			if m.rec.Waiting {
				o.admitWaiting(m, "")
			}
		}
		return
	}
	if o.conf.WaitForPresenter {
		o.parkAll()
	}
	if o.conf.EndOnPresenterExit {
		o.graceUntil = time.Now().Add(o.conf.PresenterGrace)
	}
}

// parkAll makes everyone wait for a presenter.
func (o *owner) parkAll() {
	for _, m := range o.roll {
		if m.live() && !m.rec.Waiting && !presides(m.rec.Role) {
			m.rec.Waiting, m.rec.Phase = true, state.PhaseWaiting
			o.changed(m)
			o.told("waiting", m, detail{})
		}
	}
}

// admitWaiting lets one person in who waits for a presenter.
func (o *owner) admitWaiting(m *member, by string) {
	m.rec.Waiting = false
	if m.rec.Phase == state.PhaseWaiting {
		m.rec.Phase = state.PhaseTalking
	}
	o.changed(m)
	o.told("admitted", m, detail{By: by})
}
