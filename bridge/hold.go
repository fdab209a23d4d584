package bridge

import (
	"time"

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
		o.told("held", m, detail{By: holder(m, by)})
	case !held && m.step(state.Resume):
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
	wasHeld := m.rec.HeldRemote
	o.setFarHold(m, farHold(dir))
	if wasHeld && !m.rec.HeldRemote && m.live() {
		o.watch(m)
	}
}

// watch makes sure that a leg taken off hold is alive.
func (o *owner) watch(m *member) {
	o.probe(m)
	m.until(dueProbe, time.Now().Add(probeEvery))
}
