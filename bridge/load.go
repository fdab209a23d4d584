package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"partyline/state"
)

const (
	smsWait      = 10 * time.Minute // dial_after: the text must be out, or delivered, within this
	recoveryTime = 8 * time.Second  // the dialer itself gives up after 5
)

// load reads a conference from the store.
func (b *Bridge) load(ctx context.Context, id string) (*owner, error) {
	conf, err := state.Load[conferenceRecord](ctx, b.cfg.Store, state.ConferenceKey(id))
	if err != nil {
		return nil, err
	}
	parts, err := state.LoadAll[state.Participant](ctx, b.cfg.Store, state.ParticipantPrefix(id))
	if err != nil {
		return nil, err
	}
	o := b.newOwner(conf.Value)
	o.confRev = conf.Rev
	if o.seq, err = lastSeq(ctx, b.cfg.Store, id); err != nil {
		return nil, err
	}
	for _, r := range parts {
		m := &member{rec: r.Value, rev: r.Rev, unclaimed: r.Value.Dialog}
		o.enrol(m)
		if err := m.loadText(ctx, b.cfg.Store); err != nil {
			return nil, err
		}
	}
	if at := o.conf.StartedAt; at != nil {
		o.startedAt = *at
	}
	return o, nil
}

// loadText reads what has become of a participant's text. What the events say
// of it may lag behind: the outbox writes first and tells then.
func (m *member) loadText(ctx context.Context, s state.Store) error {
	if m.rec.MessageID == "" {
		return nil
	}
	m.sms = m.rec.SMSTold
	msg, err := state.Load[state.Message](ctx, s, state.MessageKey(m.rec.MessageID))
	if errors.Is(err, state.ErrNotFound) {
		return nil // cleared away after its time
	}
	m.text = msg.Value
	return err
}

// enrol adds a participant to the lists.
func (o *owner) enrol(m *member) {
	o.members[m.rec.ID] = m
	o.roll = append(o.roll, m)
	if m.rec.RequestKey != "" {
		o.requests[m.rec.RequestKey] = m.rec.ID
	}
}

// lastSeq finds the number of a conference's last event by halving: whether
// there is an event after n is one read.
func lastSeq(ctx context.Context, s state.Store, id string) (uint64, error) {
	after := func(n uint64) (uint64, error) {
		found, err := s.List(ctx, state.EventPrefix(id), state.EventKey(id, n), 1)
		if err != nil || len(found) == 0 {
			return 0, err
		}
		var seq uint64
		_, err = fmt.Sscanf(strings.TrimPrefix(found[0].Key, state.EventPrefix(id)), "%d", &seq)
		return seq, err
	}
	low, err := after(0)
	if err != nil || low == 0 {
		return 0, err
	}
	step := uint64(1)
	for {
		next, err := after(low + step - 1)
		if err != nil {
			return 0, err
		}
		if next == 0 {
			break
		}
		low, step = next, step*2
	}
	for high := low + step - 1; low < high; {
		mid := low + (high-low)/2
		next, err := after(mid)
		if err != nil {
			return 0, err
		}
		if next == 0 {
			high = mid
		} else {
			low = next
		}
	}
	return low, nil
}

// recover takes a loaded conference up where an earlier run left it.
func (o *owner) recover() {
	for _, m := range o.roll {
		o.tellText(m, m.text)
		m.text = state.Message{}
		if m.live() && m.rec.JoinedAt != nil {
			m.joined = *m.rec.JoinedAt
			o.tenant.connect(m.joined)
		}
	}
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
	presided := false
	for _, m := range o.roll {
		o.takeUp(m)
		presided = presided || presides(m.rec.Role) && m.rec.JoinedAt != nil
	}
	o.presided = o.presiding()
	if presided && !o.presided && o.conf.EndOnPresenterExit {
		o.graceUntil = time.Now().Add(o.conf.PresenterGrace)
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
			offer, err = leg.Offer()
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
		o.prompt(m)
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
