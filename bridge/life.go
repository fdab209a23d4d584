package bridge

import (
	"errors"
	"time"

	"partyline/media"
	"partyline/media/prompt"
	"partyline/state"
)

// heard takes in what a phone did.
func (o *owner) heard(m *member, e CallEvent) {
	now := time.Now()
	utc := now.UTC()
	switch e.Kind {
	case CallTrying:
		if e.Trunk != "" && e.Trunk != m.rec.Trunk {
			m.rec.Trunk = e.Trunk
			o.changed(m)
		}
	case CallRinging, CallEarlyMedia:
		o.ringing(m, e, utc)
	case CallAnswered:
		o.answered(m, e, utc)
	case CallDialog:
		m.rec.Dialog = e.Dialog
		o.changed(m)
	case CallOffered:
		o.offered(m, e)
	case CallReinvited:
		o.reinvited(m, e)
	case CallDigit:
		if m.rec.Keys == state.KeysTones {
			m.rec.Keys = state.KeysInfo
			o.changed(m)
		}
		o.key(m, e.Digit)
	case CallAlive:
		m.aliveAt = now
	case CallEnded:
		m.call = nil
		o.callEnded(m, e)
	}
}

// ringing notes that the phone rings. Early media is told of and never heard:
// nobody has answered yet.
func (o *owner) ringing(m *member, e CallEvent, at time.Time) {
	if m.rec.Status != state.Dialing || m.rec.AnsweredAt != nil {
		return
	}
	kind := "ringing"
	if e.Kind == CallEarlyMedia {
		kind = "early_media"
		m.rec.Phase = state.PhaseEarlyMedia
	} else if m.rec.Phase == state.PhaseTrying {
		m.rec.Phase = state.PhaseRinging
	}
	if m.rec.RingingAt == nil {
		m.rec.RingingAt = &at
	}
	o.changed(m)
	o.told(kind, m, detail{})
}

// answered takes a 2xx: the audio must fit, then the person is let in or asked.
func (o *owner) answered(m *member, e CallEvent, at time.Time) {
	if m.recovering {
		o.recovered(m, e)
		return
	}
	if m.rec.Status != state.Dialing || m.rec.AnsweredAt != nil {
		return
	}
	dir, err := m.leg.Accept(e.SDP)
	m.rec.AnsweredAt = &at
	m.rec.SIP = &state.SIPResult{Code: e.Code, Phrase: e.Phrase}
	if err != nil {
		o.log.Warn("a phone answered with audio that cannot be used", "participant", m.rec.ID, "error", err)
		o.end(m, unfit(err))
		return
	}
	m.rec.Dialog = e.Dialog
	m.rec.HeldRemote = farHold(dir)
	o.changed(m)
	o.told("answered", m, detail{})
	o.receive(m)
}

// unfit is why an answer's audio cannot be used.
func unfit(err error) state.Reason {
	if errors.Is(err, media.ErrNotEncrypted) {
		return state.ReasonEncryption
	}
	return state.ReasonMediaMismatch
}

// farHold tells a direction in which the far end hears nothing (RFC 3264 §8.4).
func farHold(d media.Direction) bool { return d == media.RecvOnly || d == media.Inactive }

// join lets an accepted person into the conference. All that is known of them
// (mute, hold, role, no presenter) is settled before the first frame is mixed.
func (o *owner) join(m *member, by string) {
	if m.step(state.Join) {
		o.enter(m, by)
	}
}

// enter is what follows for whoever has just become connected.
func (o *owner) enter(m *member, by string) {
	now := time.Now()
	utc := now.UTC()
	m.joined = now
	o.tenant.connect(now)
	m.forget()
	o.lastVerdict(m)
	m.door, m.sound = door{}, nil
	m.warned = now
	prompted := m.rec.InPrompt
	p := &m.rec
	p.InPrompt, p.JoinedAt, p.Reason = false, &utc, ""
	p.Phase = state.PhaseTalking
	if o.waits(m) && !o.presiding() {
		p.Waiting, p.Phase = true, state.PhaseWaiting
	}
	o.changed(m)
	if o.conf.StartedAt == nil {
		o.startedAt = now
		o.conf.StartedAt, o.conf.Status = &utc, state.ConferenceActive
		o.toldConference("started", "")
	} else if o.conf.Status == state.ConferenceOpen {
		o.conf.Status, o.batch.conf = state.ConferenceActive, true
	}
	o.told("accepted", m, detail{By: by})
	how := detail{}
	if p.Inbound {
		how.By = by
	}
	o.told("connected", m, how)
	if p.Waiting {
		o.told("waiting", m, detail{})
	}
	o.settleHold(m, "")
	if p.Held {
		o.tellHold(m)
	}
	o.whisper(m, o.welcome(m, prompted)...)
	o.arrival(m, prompt.HasJoined, o.b.sounds.joined)
}

// callEnded is the end of the call by the far end or the network.
func (o *owner) callEnded(m *member, e CallEvent) {
	if e.Code != 0 && (m.rec.SIP == nil || e.Code >= 300) {
		m.rec.SIP = &state.SIPResult{Code: e.Code, Phrase: e.Phrase}
	}
	reason := e.Reason
	if reason == "" {
		reason = state.ReasonInternalError
	}
	switch {
	case m.recovering:
		o.notRecovered(m)
	case m.door.leave != "":
		o.end(m, m.door.leave)
	case m.live():
		o.end(m, reason)
	case m.rec.AnsweredAt != nil && reason == state.ReasonHangup:
		o.end(m, state.ReasonNotAccepted) // hung up on the prompt
	default:
		o.failed(m, reason, e)
	}
}

// end ends the attempt: the one place where a participant becomes terminal,
// so there is one terminal event whatever races.
func (o *owner) end(m *member, reason state.Reason) { o.endWith(m, reason, detail{}) }

func (o *owner) endWith(m *member, reason state.Reason, d detail) {
	wasLive := m.live()
	if !m.step(state.End) {
		return
	}
	now := time.Now()
	utc := now.UTC()
	p := &m.rec
	if wasLive {
		ms := now.Sub(m.joined).Milliseconds()
		p.ConnectedMS += ms
		o.tenant.disconnect(m.joined)
		o.spend(0, min(ms, now.Sub(midnight(now)).Milliseconds()))
		d.Duration = new(float64)
		*d.Duration = float64(p.ConnectedMS) / 1000
	}
	o.unqueue(m)
	o.hangUp(m)
	m.forget()
	o.lastVerdict(m)
	m.door, m.recovering, m.sound = door{}, false, nil
	p.Phase, p.Reason, p.EndedAt = state.PhaseNone, reason, &utc
	p.InPrompt, p.Waiting, p.Held, p.HeldRemote, p.HandRaised = false, false, false, false, false
	p.HandRaisedAt = nil
	p.Dialog, p.NextTryAt = nil, nil
	o.changed(m)
	o.told(string(p.Status), m, d)
	o.log.Info("participant ended", "participant", p.ID, "number", maskNumber(p.PhoneNumber),
		"status", string(p.Status), "reason", string(reason))
	if wasLive {
		o.arrival(m, prompt.HasLeft, o.b.sounds.left)
	}
}

// hangUp lets go of place, call and leg of the attempt. From here on nothing
// that they still report is taken in.
func (o *owner) hangUp(m *member) {
	slot, call, leg := m.slot, m.call, m.leg
	m.gen++
	m.slot, m.call, m.leg = nil, nil, nil
	if leg != nil {
		s := leg.Stats()
		m.rec.Quality = &state.Quality{
			Received: s.Received, Lost: s.Lost, FarLost: s.FarLost, Discarded: s.Discarded, Codec: s.Codec,
			MOS: s.MOS, Cipher: s.Cipher,
			JitterMS: float64(s.Jitter) / 1e6, RTTMS: float64(s.RoundTrip) / 1e6,
		}
	}
	if slot != nil {
		slot.Release()
	}
	if dialog := m.unclaimed; dialog != nil {
		m.unclaimed = nil
		o.then(m, func() { o.b.cfg.Dialer.Recover(dialog, nil, func(CallEvent) {}).Hangup() })
	}
	if call == nil && leg == nil {
		return
	}
	o.then(m, func() {
		if call != nil {
			call.Hangup()
		}
		if leg != nil {
			leg.Close()
		}
	})
}

// suppress remembers a number that does not want our calls (607, RFC 8197).
func (o *owner) suppress(m *member) {
	o.tenant.suppress(m.rec.PhoneNumber)
	o.conf.Unwanted = append(o.conf.Unwanted, m.rec.PhoneNumber)
	o.batch.conf = true
}
