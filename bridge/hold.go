package bridge

import (
	"partyline/media/prompt"
	"partyline/state"
)

// setHold sets our own hold. It is a bit beside all others: it may be set at
// any time before the end, takes effect on joining, and leaves mute alone.
func (o *owner) setHold(m *member, on bool, by string) {
	if m.rec.Held == on {
		return
	}
	m.rec.Held = on
	o.changed(m)
	o.settleHold(m, by)
	o.tellHold(m)
}

// setFarHold notes that the far end put us on hold, or took us back.
func (o *owner) setFarHold(m *member, on bool) {
	if m.rec.HeldRemote == on {
		return
	}
	m.rec.HeldRemote = on
	o.changed(m)
	o.settleHold(m, "remote")
}

// settleHold brings the status in line with the two hold bits. Before joining
// there is nothing to bring in line.
func (o *owner) settleHold(m *member, by string) {
	if !m.live() {
		return
	}
	held := m.rec.Held || m.rec.HeldRemote
	switch {
	case held && m.step(state.Hold):
		if m.rec.Held {
			o.whisper(m, words(prompt.OnHold)...)
		}
		o.told("held", m, detail{By: holder(m, by)})
	case !held && m.step(state.Resume):
		m.sound = nil
		o.told("resumed", m, detail{By: by})
	default:
		return
	}
	o.changed(m)
}

func holder(m *member, by string) string {
	switch {
	case by != "":
		return by
	case m.rec.HeldRemote:
		return "remote"
	}
	return "api"
}

// offered answers the far end's re-INVITE or UPDATE (RFC 3264 §8): hold,
// resume, or another address.
func (o *owner) offered(m *member, e CallEvent) {
	if m.leg == nil || e.Reply == nil {
		return
	}
	answer, dir, err := m.leg.Answer(e.SDP)
	if err != nil {
		o.log.Warn("an offer of the far end was refused; the call goes on as it was", "participant", m.rec.ID, "error", err)
		o.then(m, func() { e.Reply(488, nil) })
		return
	}
	o.then(m, func() { e.Reply(200, answer) })
	o.setFarHold(m, farHold(dir))
}

// tellHold lets the far end know of our hold by re-INVITE, where its trunk
// wants that (RFC 3264 §8.4): it may save the packets we would not use.
func (o *owner) tellHold(m *member) {
	tell := o.b.cfg.TellHold
	if tell == nil || !m.live() || m.leg == nil || m.call == nil || !tell(m.rec.Trunk) {
		return
	}
	m.leg.Hold(m.rec.Held)
	offer, err := m.leg.Offer()
	if err != nil {
		o.log.Warn("the far end was not told of a hold; its music plays all the same", "participant", m.rec.ID, "error", err)
		return
	}
	call := m.call
	o.then(m, func() { call.Reinvite(offer) })
}

// reinvited takes the far end's answer to our re-INVITE. One that refuses, or
// answers without sense, keeps the session as it was (RFC 3261 §14.1).
func (o *owner) reinvited(m *member, e CallEvent) {
	if m.leg == nil {
		return
	}
	if e.Code < 200 || e.Code > 299 {
		o.log.Warn("the far end refused our re-INVITE; the call goes on as it was", "participant", m.rec.ID, "code", e.Code)
		return
	}
	if _, err := m.leg.Accept(e.SDP); err != nil {
		o.log.Warn("the far end's answer to our re-INVITE cannot be used; the call goes on as it was", "participant", m.rec.ID, "error", err)
	}
}
