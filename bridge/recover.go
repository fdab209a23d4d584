package bridge

import (
	"time"

	"partyline/state"
)

// recover takes a loaded conference up where an earlier run left it.
func (o *owner) recover() {
	for _, m := range o.roll {
		o.tellText(m, m.text)
		m.text = state.Message{}
		o.toldSilent(m) // who spoke then has had a pause, at least
		m.warned = time.Now()
		if m.live() && m.rec.JoinedAt != nil {
			m.joined = *m.rec.JoinedAt
			o.tenant.connect(m.joined)
		}
	}
	o.salvageAll()
	switch {
	case o.conf.Status == state.ConferenceEnded:
		return
	case o.conf.Status == state.ConferenceEnding:
		o.finish(o.conf.EndReason, "")
		return
	}
	if at := o.confDeadline(); !at.IsZero() && !time.Now().Before(at) { // its time passed meanwhile
		if o.conf.Status != state.ConferenceScheduled {
			o.confExpired(time.Now())
			return
		}
		o.conf.Status, o.batch.conf = state.ConferenceOpen, true // each is started below, once
	}
	o.presided = o.presiding() // when the earlier run ended: who is lost with it leaves now
	for _, m := range o.roll {
		o.takeUp(m)
	}
}

// takeUp resumes one participant.
func (o *owner) takeUp(m *member) {
	switch m.rec.Status {
	case state.Pending:
		if m.rec.Phase == state.PhaseRetrying && m.rec.NextTryAt != nil {
			m.until(dueRetry, *m.rec.NextTryAt)
			return
		}
		o.start(m)
	case state.Dialing:
		if m.rec.Dialog != nil {
			o.reclaim(m)
			return
		}
		o.redialOnce(m)
	case state.Connected, state.Held:
		if m.rec.Dialog == nil {
			o.end(m, state.ReasonNodeRestart)
			return
		}
		o.reclaim(m)
	}
}

// redialOnce rings a phone again that was ringing when the program died. The
// reason marks it: dying twice must not ring it a third time.
func (o *owner) redialOnce(m *member) {
	if m.rec.Reason == state.ReasonNodeRestart || !m.step(state.Defer) {
		o.end(m, state.ReasonNodeRestart)
		return
	}
	m.rec.Reason, m.rec.InPrompt, m.uncounted = state.ReasonNodeRestart, false, true
	m.rec.Dialog = nil
	o.changed(m)
	o.ready(m)
}

// reclaim asks the far end of a kept dialog to go on with new audio.
func (o *owner) reclaim(m *member) {
	m.recovering = true
	m.rec.Phase = state.PhaseRecovering
	m.gen++
	m.until(dueRecovery, time.Now().Add(recoveryTime))
	o.changed(m)
	gen := m.gen
	o.then(m, func() {
		if m.gen != gen {
			return // ended before it began
		}
		leg, err := o.newLeg(m)
		var offer []byte
		if err == nil {
			offer, err = o.offer(leg, m.rec.Trunk)
		}
		if err != nil {
			o.log.Error("no audio leg to take up a call again", "participant", m.rec.ID, "error", err)
			o.again = append(o.again, func() { o.notRecovered(m) })
			return
		}
		m.call, m.unclaimed = o.b.cfg.Dialer.Recover(m.unclaimed, offer, o.sink(m)), nil
	})
}

// recovered puts a reclaimed leg back where it was.
func (o *owner) recovered(m *member, e CallEvent) {
	dir, err := m.leg.Accept(e.SDP)
	if err != nil {
		o.log.Warn("a call could not be taken up again: its audio does not fit", "participant", m.rec.ID, "error", err)
		o.notRecovered(m)
		return
	}
	m.recovering = false
	m.forget()
	if e.Dialog != nil {
		m.rec.Dialog = e.Dialog
	}
	o.changed(m)
	if !m.live() {
		m.rec.HeldRemote = farHold(dir)
		o.receive(m)
		return
	}
	m.rec.Phase = state.PhaseTalking
	if m.rec.Waiting {
		m.rec.Phase = state.PhaseWaiting
	}
	o.told("recovered", m, detail{})
	o.setFarHold(m, farHold(dir))
}

// notRecovered gives a reclaimed call up.
func (o *owner) notRecovered(m *member) {
	m.recovering = false
	if m.live() {
		o.end(m, state.ReasonNodeRestart)
		return
	}
	o.hangUp(m)
	o.redialOnce(m)
}
