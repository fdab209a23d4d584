package bridge

import (
	"context"
	"fmt"
	"slices"
	"time"

	"partyline/state"
)

const (
	maxBulk       = 1000
	minRing       = 5 * time.Second
	maxRing       = 600 * time.Second
	maxRetries    = 10
	maxExternalID = 256
	messageLife   = time.Hour // a PIN text is worthless later
	maxNameInSMS  = 60
)

// Add asks one person to a conference: a place, a durable record, then the
// phone rings. The same RequestKey finds the same participant again.
func (b *Bridge) Add(ctx context.Context, who Caller, cid string, spec ParticipantSpec) (v ParticipantView, err error) {
	if err := b.drained(); err != nil {
		return v, err
	}
	err = b.change(ctx, who, cid, func(o *owner, r *request) error {
		if pid := o.requests[spec.RequestKey]; spec.RequestKey != "" && pid != "" {
			v = o.view(o.members[pid])
			return nil
		}
		p, err := o.candidate(spec)
		if err != nil {
			return err
		}
		if err := o.tenant.takeAdd(time.Now()); err != nil {
			return err
		}
		v = o.view(o.admitNew(r, p))
		return nil
	})
	return v, err
}

// AddMany asks up to 1000 people at once. Each item stands or falls alone;
// the whole counts as one add against the rate, and the trunks pace its calls.
func (b *Bridge) AddMany(ctx context.Context, who Caller, cid string, specs []ParticipantSpec) (out []BulkResult, err error) {
	if err := b.drained(); err != nil {
		return nil, err
	}
	if len(specs) == 0 || len(specs) > maxBulk {
		return nil, refuse(Invalid, "out_of_range", "participants", "1 to %d participants at a time", maxBulk)
	}
	err = b.change(ctx, who, cid, func(o *owner, r *request) error {
		if err := o.tenant.takeAdd(time.Now()); err != nil {
			return err
		}
		out = make([]BulkResult, len(specs))
		for i, spec := range specs {
			if pid := o.requests[spec.RequestKey]; spec.RequestKey != "" && pid != "" {
				v := o.view(o.members[pid])
				out[i].Participant = &v
				continue
			}
			p, err := o.candidate(spec)
			if err != nil {
				out[i].Err = err
				continue
			}
			v := o.view(o.admitNew(r, p))
			out[i].Participant = &v
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// vacancy refuses when the conference takes nobody more.
func (o *owner) vacancy() *Error {
	active := 0
	for _, m := range o.roll {
		if !m.rec.Status.Terminal() {
			active++
		}
	}
	switch {
	case o.conf.Status == state.ConferenceEnded || o.conf.Status == state.ConferenceEnding:
		return errEnded()
	case active >= o.conf.MaxParticipants || active >= o.b.cfg.Limits.ParticipantsPerConference:
		return refuse(Conflict, "conference_full", "", "the conference has its %d participants (max_participants)", active)
	}
	return nil
}

// newcomer is a participant to be, and the PIN to be sent to them.
type newcomer struct {
	state.Participant
	pin string
}

// candidate turns a request into a record, or refuses it. It changes nothing.
func (o *owner) candidate(s ParticipantSpec) (*newcomer, *Error) {
	if err := o.vacancy(); err != nil {
		return nil, err
	}
	if o.conf.Locked {
		return nil, refuse(Conflict, "conference_locked", "", "the conference is locked")
	}
	if len(o.roll) >= o.b.cfg.Limits.RecordsPerConference {
		return nil, refuse(Conflict, "conference_full", "", "the conference has a history of %d participants and keeps no more", len(o.roll))
	}
	if err := o.b.checkSpec(&s); err != nil {
		return nil, err
	}
	if o.tenant.isSuppressed(s.PhoneNumber) {
		return nil, refuse(Invalid, "suppressed", "phone_number", "this number has asked not to be called")
	}
	if err := o.tenant.overspent(time.Now(), &o.b.cfg.Dial); err != nil {
		return nil, err
	}
	p := &newcomer{Participant: state.Participant{
		ID: state.NewID(state.ParticipantID), ConferenceID: o.id, TenantID: o.conf.TenantID,
		PhoneNumber: s.PhoneNumber, Name: s.Name, ExternalID: s.ExternalID, Role: s.Role, RequestKey: s.RequestKey,
		Status: state.Pending, Muted: s.Muted, RingTimeout: s.RingTimeout, CallerID: s.CallerID,
		Retry: s.Retry, DialAfter: s.DialAfter, SendPIN: s.SendPINViaSMS, CreatedAt: now(),
	}}
	accept := o.conf.Accept
	if s.Accept != nil {
		accept = *s.Accept
	}
	if o.conf.RequirePIN || s.SendPINViaSMS {
		accept.Mode = state.AcceptPIN
	}
	p.Accept = acceptance(accept)
	if s.SendPINViaSMS {
		p.pin = newPIN()
		p.PINHash = o.b.sealPIN(p.ID, p.pin)
	} else if p.Accept.Mode == state.AcceptPIN && o.conf.PINHash == nil {
		return nil, refuse(Invalid, "pin_missing", "send_pin_via_sms",
			"a PIN is asked for, but the conference has none: give it one, or send a personal one by SMS")
	}
	if !Can(p.Role, MayMuteOthers) && o.conf.MuteOnEntry {
		p.Muted = true
	}
	return p, nil
}

// checkSpec holds a request against the policy and fills in defaults.
func (b *Bridge) checkSpec(s *ParticipantSpec) *Error {
	number, err := b.cfg.Dial.ParseNumber(s.PhoneNumber)
	if err != nil {
		return err
	}
	s.PhoneNumber = number
	if s.Role == "" {
		s.Role = state.RoleListener
	}
	if s.DialAfter == "" {
		s.DialAfter = state.DialNow
	}
	if s.CallerID == "" && len(b.cfg.CallerIDs) > 0 {
		s.CallerID = b.cfg.CallerIDs[0]
	}
	if err := checkText("name", s.Name, maxName); err != nil {
		return err
	}
	if err := checkText("external_id", s.ExternalID, maxExternalID); err != nil {
		return err
	}
	if s.Accept != nil {
		if err := checkAccept(*s.Accept); err != nil {
			return err
		}
	}
	switch {
	case !KnownRole(s.Role):
		return refuse(Invalid, "unknown_role", "role", "a role is presenter, listener, participant or operator")
	case s.RingTimeout != 0 && (s.RingTimeout < minRing || s.RingTimeout > maxRing):
		return refuse(Invalid, "out_of_range", "ring_timeout", "ring_timeout is 5 to 600 seconds")
	case s.CallerID != "" && !slices.Contains(b.cfg.CallerIDs, s.CallerID):
		return refuse(Invalid, "caller_id_not_verified", "caller_id", "caller_id is none of the verified numbers of the trunks")
	case s.Retry.Attempts < 0 || s.Retry.Attempts > maxRetries:
		return refuse(Invalid, "out_of_range", "retry.attempts", "at most %d attempts", maxRetries)
	case s.Retry.Delay < 0 || s.Retry.Delay > maxRetryDelay:
		return refuse(Invalid, "out_of_range", "retry.delay", "retry.delay is at most 24 hours")
	case s.SendPINViaSMS && b.cfg.Texter == nil:
		return refuse(Invalid, "sms_not_configured", "send_pin_via_sms", "no SMS provider is configured")
	case s.DialAfter != state.DialNow && s.DialAfter != state.DialSMSSent && s.DialAfter != state.DialSMSDelivered:
		return refuse(Invalid, "invalid_dial_after", "dial_after", "dial_after is now, sms_sent or sms_delivered")
	case s.DialAfter != state.DialNow && !s.SendPINViaSMS:
		return refuse(Invalid, "invalid_dial_after", "dial_after", "dial_after waits for a text that send_pin_via_sms does not ask for")
	}
	return nil
}

// admitNew enrols a candidate and starts their way in. If that cannot be
// written they were never there.
func (o *owner) admitNew(r *request, p *newcomer) *member {
	m := &member{rec: p.Participant}
	o.unless(m, r, func() { o.strike(m) })
	if o.conf.MutedAll {
		m.underOrder(byAPI)
	}
	if p.pin != "" {
		o.text(m, p.pin)
	}
	o.enrol(m)
	o.changed(m)
	o.start(m)
	if m.sms != "" {
		o.told("pin.queued", m, detail{})
		o.then(m, o.b.cfg.Texter.Wake)
	}
	return m
}

// strike removes a participant who was never acknowledged.
func (o *owner) strike(m *member) {
	o.unqueue(m)
	delete(o.members, m.rec.ID)
	if m.rec.RequestKey != "" {
		delete(o.requests, m.rec.RequestKey)
	}
	o.roll = slices.DeleteFunc(o.roll, func(x *member) bool { return x == m })
}

// start sends a pending participant on their way: now, at the conference's
// time, or when the text is out.
func (o *owner) start(m *member) {
	switch {
	case o.conf.Status == state.ConferenceScheduled:
		o.ready(m)
	case m.rec.DialAfter == state.DialSMSSent || m.rec.DialAfter == state.DialSMSDelivered:
		if o.textArrived(m) {
			o.ready(m)
			return
		}
		m.rec.Phase = state.PhaseWaitingSMS
		m.until(dueSMS, time.Now().Add(smsWait))
		o.changed(m)
		if m.sms == state.MessageFailed {
			o.end(m, state.ReasonSMSFailed)
		}
	default:
		o.ready(m)
	}
}

// text writes the SMS that carries the PIN, in the same transaction as its
// participant; the outbox sends it.
func (o *owner) text(m *member, pin string) {
	name := []rune(o.conf.Name)
	if len(name) > maxNameInSMS {
		name = append(name[:maxNameInSMS-1], '…')
	}
	at := now()
	expires := at.Add(messageLife)
	if o.conf.Status == state.ConferenceScheduled {
		expires = o.conf.ScheduledFor.Add(messageLife)
	}
	msg := state.Message{
		ID: state.NewID(state.MessageID), TenantID: o.conf.TenantID, ConferenceID: o.id,
		ParticipantID: m.rec.ID, To: m.rec.PhoneNumber,
		Body:   fmt.Sprintf("Your PIN for %s is %s. We will call you: type it, then #.", string(name), pin),
		Status: state.MessageQueued, CreatedAt: at, ExpiresAt: expires,
	}
	m.rec.MessageID, m.rec.SMSTold, m.sms = msg.ID, msg.Status, msg.Status
	op, err := state.CreateOp(state.MessageKey(msg.ID), msg)
	if err != nil {
		o.log.Error("a text could not be encoded", "participant", m.rec.ID, "error", err)
		return
	}
	o.batch.extra = append(o.batch.extra, extraOp{m.rec.ID, op})
}
