package bridge

import (
	"context"
	"time"

	"partyline/state"
)

// Do does one thing to one participant. Doing it again changes nothing.
func (b *Bridge) Do(ctx context.Context, who Caller, cid, pid string, a Action) (v ParticipantView, err error) {
	if a == Redial {
		if err := b.drained(); err != nil {
			return v, err
		}
	}
	err = b.change(ctx, who, cid, func(o *owner, r *request) error {
		m, err := o.find(pid)
		if err != nil {
			return err
		}
		if err := o.perform(r, m, a); err != nil {
			return err
		}
		v = o.view(m)
		return nil
	})
	return v, err
}

func (o *owner) perform(r *request, m *member, a Action) error {
	if a == Redial {
		return o.redial(r, m)
	}
	if m.rec.Status.Terminal() {
		return errWrongState(m, string(a)+"d")
	}
	switch a {
	case Mute:
		o.mute(m, byAPI)
	case Unmute:
		if !Can(m.rec.Role, MaySpeak) {
			return errRoleForbidsSpeak(m.rec.Role)
		}
		o.unmute(m, byAPI)
	case Hold:
		o.setHold(m, true, byAPI)
	case Resume:
		o.setHold(m, false, byAPI)
	case Disconnect:
		r.last = true
		o.kick(m, byAPI)
	case Admit:
		return o.admit(m)
	case Promote:
		o.promote(m, byAPI)
	case LowerHand:
		o.raiseHand(m, false, byAPI)
	default:
		return refuse(Invalid, "unknown_action", "", "there is no action %q", a)
	}
	return nil
}

// admit lets in whoever stands before the door: at the prompt, or waiting for
// the presenter.
func (o *owner) admit(m *member) error {
	switch {
	case m.rec.InPrompt && m.door.leave == "":
		o.join(m, byAPI)
	case m.rec.Waiting:
		o.admitWaiting(m, byAPI)
	case m.live():
	default:
		return errWrongState(m, "admitted: nobody has answered")
	}
	return nil
}

// redial makes a new attempt for an ended participant, who keeps id, PIN and
// mute.
func (o *owner) redial(r *request, m *member) error {
	if !m.rec.Status.Terminal() {
		return errWrongState(m, "redialled")
	}
	if err := o.vacancy(); err != nil {
		return err
	}
	if err := o.mayCallBack(m); err != nil {
		return err
	}
	if o.tenant.isSuppressed(m.rec.PhoneNumber) {
		return refuse(Conflict, "suppressed", "", "this number has asked not to be called")
	}
	if err := o.tenant.overspent(time.Now(), &o.b.cfg.Dial); err != nil {
		return err
	}
	if err := o.tenant.takeAdd(time.Now()); err != nil {
		return err
	}
	before, base := m.rec, m.base
	o.unless(m, r, func() {
		o.unqueue(m)
		m.forget()
		m.rec, m.base = before, base
	})
	m.step(state.Redial)
	m.step(state.Defer)
	m.base, m.limitTries, m.uncounted = m.rec.Attempt, 0, false
	m.rec.Reason, m.rec.SIP, m.rec.EndedAt, m.rec.JoinedAt = "", nil, nil, nil
	if o.conf.MutedAll {
		m.underOrder(byAPI)
	}
	o.ready(m)
	return nil
}

// DoAll does one thing to a whole conference and says how many participants
// it touched.
func (b *Bridge) DoAll(ctx context.Context, who Caller, cid string, a BulkAction) (affected int, err error) {
	if a.Kind == Announce {
		b.fetch(who.TenantID, a.Sound)
	}
	err = b.change(ctx, who, cid, func(o *owner, _ *request) error {
		if o.conf.Status == state.ConferenceEnded {
			return errEnded()
		}
		switch a.Kind {
		case MuteAll:
			affected = o.muteAll(a.AllowUnmute, byAPI)
		case UnmuteAll:
			affected = o.unmuteAll(byAPI)
		case LockAll, UnlockAll:
			if o.lock(a.Kind == LockAll, byAPI) {
				affected = 1
			}
		case DisconnectAll:
			for _, m := range o.roll {
				if !m.rec.Status.Terminal() {
					o.kick(m, byAPI)
					affected++
				}
			}
		case Announce:
			return o.announce(Announcement{Sound: a.Sound}, &affected)
		default:
			return refuse(Invalid, "unknown_action", "", "there is no action %q", a.Kind)
		}
		return nil
	})
	return affected, err
}
