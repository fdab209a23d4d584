package bridge

import (
	"context"
	"slices"
	"sort"
	"time"

	"partyline/state"
)

// Participants lists a conference's participants in order of their adding,
// ended ones included.
func (b *Bridge) Participants(ctx context.Context, who Caller, cid string, f ParticipantFilter) (page ParticipantPage, err error) {
	limit := f.Limit
	if limit <= 0 || limit > 1000 {
		limit = 1000
	}
	err = b.with(ctx, who, cid, func(o *owner, _ *request) error {
		c := o.confView()
		page.Total, page.Active, page.Seq = c.Total, c.Active, c.Seq
		from := sort.Search(len(o.roll), func(i int) bool { return o.roll[i].rec.ID > f.After })
		for _, m := range o.roll[from:] {
			if f.Active && !m.live() || len(f.Status) > 0 && !slices.Contains(f.Status, m.rec.Status) {
				continue
			}
			if len(page.Participants) == limit {
				page.Next = page.Participants[limit-1].ID
				break
			}
			page.Participants = append(page.Participants, o.view(m))
		}
		return nil
	})
	return page, err
}

// Participant reads one participant.
func (b *Bridge) Participant(ctx context.Context, who Caller, cid, pid string) (v ParticipantView, err error) {
	err = b.with(ctx, who, cid, func(o *owner, _ *request) error {
		m, err := o.find(pid)
		if err != nil {
			return err
		}
		v = o.view(m)
		return nil
	})
	return v, err
}

// UpdateParticipant changes what the patch names, all of it or nothing.
func (b *Bridge) UpdateParticipant(ctx context.Context, who Caller, cid, pid string, p ParticipantPatch) (v ParticipantView, err error) {
	err = b.change(ctx, who, cid, func(o *owner, _ *request) error {
		m, err := o.find(pid)
		if err != nil {
			return err
		}
		if err := o.patch(m, p); err != nil {
			return err
		}
		v = o.view(m)
		return nil
	})
	return v, err
}

func (o *owner) patch(m *member, p ParticipantPatch) error {
	if p.If != nil && !p.If(o.view(m)) {
		return errStale()
	}
	role := m.rec.Role
	if p.Role != nil {
		role = *p.Role
		if !KnownRole(role) {
			return refuse(Invalid, "unknown_role", "role", "a role is presenter, listener, participant or operator")
		}
	}
	if p.Name != nil {
		if err := checkText("name", *p.Name, maxName); err != nil {
			return err
		}
	}
	if p.ExternalID != nil {
		if err := checkText("external_id", *p.ExternalID, maxExternalID); err != nil {
			return err
		}
	}
	if p.Muted != nil {
		if m.rec.Status.Terminal() {
			return errWrongState(m, "muted or unmuted")
		}
		if !*p.Muted && !Can(role, MaySpeak) {
			return errRoleForbidsSpeak(role)
		}
	}
	set(&m.rec.Name, p.Name)
	set(&m.rec.ExternalID, p.ExternalID)
	o.changed(m)
	o.setRole(m, role, byAPI)
	if p.Muted != nil && *p.Muted {
		o.mute(m, byAPI)
	} else if p.Muted != nil {
		o.unmute(m, byAPI)
	}
	return nil
}

// Remove ends a participant's call or takes them out of the queue; the record
// stays listed. Removing an ended one changes nothing.
func (b *Bridge) Remove(ctx context.Context, who Caller, cid, pid string) error {
	return b.with(ctx, who, cid, func(o *owner, _ *request) error {
		m, err := o.find(pid)
		if err != nil {
			return err
		}
		o.kick(m, byAPI)
		return nil
	})
}

// kick ends an attempt on a moderator's word.
func (o *owner) kick(m *member, by string) {
	reason := state.ReasonCanceled
	if m.live() {
		reason = state.ReasonKicked
	}
	o.endWith(m, reason, detail{By: by})
}

func errWrongState(m *member, what string) *Error {
	return refuse(Conflict, "wrong_state", "", "a participant who is %s cannot be %s", m.rec.Status, what)
}

func errRoleForbidsSpeak(role state.Role) *Error {
	return refuse(Conflict, "role_forbids_speak", "", "a %s does not speak: change the role first", role)
}

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
		o.kick(m, byAPI)
	case Admit:
		return o.admit(m)
	default:
		return refuse(Invalid, "unknown_action", "", "there is no action %q", a)
	}
	return nil
}

// admit lets in whoever stands before the door: at the prompt, or waiting for
// the presenter.
func (o *owner) admit(m *member) error {
	switch {
	case m.rec.InPrompt && m.leaving == "":
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
			return o.announce(a.Sound, &affected)
		default:
			return refuse(Invalid, "unknown_action", "", "there is no action %q", a.Kind)
		}
		return nil
	})
	return affected, err
}

// announce plays a sound to everyone.
func (o *owner) announce(name string, affected *int) error {
	clip := o.b.sounds.chimes
	switch name {
	case "", "chime":
	case "beep":
		clip = o.b.sounds.beep
	default:
		return refuse(Invalid, "unknown_sound", "sound", "a sound is chime or beep")
	}
	*affected = o.connected()
	o.then(nil, func() { o.play(clip) })
	return nil
}
