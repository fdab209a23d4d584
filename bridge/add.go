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
	o.want(m.rec.NameSoundID, m.rec.Accept.SoundID)
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
		Body:   fmt.Sprintf("Your PIN for %s is %s. We will call you: type it, then #.%s", string(name), pin, o.callIn()),
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
