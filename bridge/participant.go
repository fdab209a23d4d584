package bridge

import (
	"context"
	"slices"
	"sort"

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
	return b.with(ctx, who, cid, func(o *owner, r *request) error {
		m, err := o.find(pid)
		if err != nil {
			return err
		}
		r.last = true
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
