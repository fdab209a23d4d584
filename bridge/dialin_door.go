package bridge

import (
	"errors"
	"time"

	"partyline/media"
	"partyline/state"
)

// byDialIn marks what a caller did by typing a PIN.
const byDialIn = "dial_in"

// errNotBegun is told to nobody but a caller.
var errNotBegun = errors.New("bridge: the conference has not begun yet")

// caller is somebody who has called us, and the line they are on.
type caller struct {
	trunk  string
	number string // E.164; "" is anonymous
	call   Call
	leg    Leg
	keys   state.KeyWay
	dialog []byte
	typed  []byte // keys that no entry has had yet
	held   bool   // the far end has put us on hold

	signals *line[CallEvent]
	sounds  *line[media.Event]
	handed  bool // a conference has the line; true only once that is so
}

// letIn takes a caller with a right PIN into the conference, or says why not;
// then nothing has changed. It stands in memory as an answered phone does: a
// store that fails does not hang up on anybody.
func (o *owner) letIn(c *caller, w opening) error {
	if err := o.welcomes(); err != nil {
		return err
	}
	m := w.participant
	if m == nil || m.rec.Status.Terminal() {
		if err := o.vacancy(); err != nil {
			return err
		}
		if o.conf.Locked && !w.moderator { // somebody has to unlock it
			return refuse(Conflict, "conference_locked", "", "the conference is locked")
		}
	}
	if m == nil {
		if len(o.roll) >= o.b.cfg.Limits.RecordsPerConference {
			return refuse(Conflict, "conference_full", "", "the conference keeps no more participants")
		}
		m = o.visitor(c, w)
	}
	o.seat(m, c)
	return nil
}

// welcomes refuses whoever comes before the time or after the end, or when the
// tenant's minutes or the disk are used up.
func (o *owner) welcomes() error {
	minutes := DialPolicy{MinutesPerDay: o.b.cfg.Dial.MinutesPerDay}
	switch now := time.Now(); {
	case o.conf.Status == state.ConferenceEnded || o.conf.Status == state.ConferenceEnding:
		return errEnded()
	case o.conf.Status == state.ConferenceScheduled:
		return errNotBegun
	case o.b.closing.Load():
		return errStopped()
	case o.storeDown(now) || len(o.batch.events) > maxBacklog:
		return errStorage()
	default:
		if err := o.tenant.overspent(now, &minutes); err != nil {
			return err
		}
	}
	return nil
}

// visitor makes a participant of a caller who typed a PIN that is nobody's own.
func (o *owner) visitor(c *caller, w opening) *member {
	role := o.conf.DialInRole
	switch {
	case w.moderator:
		role = state.RolePresenter
	case role == "":
		role = state.RoleParticipant
	}
	accept := o.conf.Accept // of a call back
	if o.conf.RequirePIN && o.conf.PINHash != nil {
		accept.Mode = state.AcceptPIN
	}
	m := &member{rec: state.Participant{
		ID: state.NewID(state.ParticipantID), ConferenceID: o.id, TenantID: o.conf.TenantID,
		PhoneNumber: c.number, Role: role, Status: state.Pending, Accept: acceptance(accept),
		DialAfter: state.DialNow, CreatedAt: now(),
	}}
	if ids := o.b.cfg.CallerIDs; len(ids) > 0 {
		m.rec.CallerID = ids[0]
	}
	if !Can(role, MayMuteOthers) && o.conf.MuteOnEntry {
		m.rec.Muted = true
	}
	if o.conf.MutedAll {
		m.underOrder(byAPI)
	}
	o.enrol(m)
	return m
}

// seat gives a participant the call of somebody who has typed their PIN, in
// place of whatever call they had or waited for. A person who is connected
// stays so: only the line changes.
func (o *owner) seat(m *member, c *caller) {
	defer func() {
		if fault := recover(); fault != nil {
			o.end(m, state.ReasonInternalError)
			panic(fault)
		}
	}()
	o.batch.stands(m)
	before := m.rec.Status
	again := before.Terminal()
	if again {
		m.step(state.Redial)
		m.rec.EndedAt, m.rec.JoinedAt, m.rec.Reason = nil, nil, ""
		if o.conf.MutedAll {
			m.underOrder(byAPI)
		}
	}
	if again || before == state.Pending {
		m.rec.Attempt++
	}
	o.silentNow(m)
	o.unqueue(m)
	o.hangUp(m)
	m.forget()
	m.door, m.cadence, m.sound = door{}, nil, nil
	m.recovering, m.uncounted, m.limitTries, m.base = false, false, 0, m.rec.Attempt
	m.quietAt, m.aliveAt = time.Time{}, time.Time{}
	m.call, m.leg, m.audio, m.inRoom = c.call, c.leg, media.Audio{}, false
	o.takeOver(m, c)
	o.record(m, c)
	switch before {
	case state.Connected, state.Held:
		o.told("recovered", m, detail{By: byDialIn, Trunk: c.trunk})
		o.settleHold(m, "remote")
		if m.rec.Held {
			o.tellHold(m)
		}
		o.whisper(m, o.welcome(m, true)...)
	case state.Pending:
		m.step(state.Attach)
		o.enter(m, byDialIn)
	default:
		o.join(m, byDialIn)
	}
}

// record writes down how they came.
func (o *owner) record(m *member, c *caller) {
	at := now()
	p := &m.rec
	p.Inbound, p.Trunk, p.Dialog, p.Keys, p.Machine = true, c.trunk, c.dialog, c.keys, nil
	p.HeldRemote, p.SIP = c.held, nil
	p.DialedAt, p.RingingAt, p.NextTryAt, p.AnsweredAt = nil, nil, nil, &at
	p.InPrompt = !m.live() // answered, and not yet in
	if m.live() {
		p.Phase = state.PhaseTalking
		if p.Waiting {
			p.Phase = state.PhaseWaiting
		}
	}
	o.changed(m)
}

// takeOver makes the caller's line lead here, once this is written: first
// comes what the reception has not taken, then what follows.
func (o *owner) takeOver(m *member, c *caller) {
	gen := m.gen
	o.then(m, func() {
		c.handed = true
		for _, key := range c.typed {
			o.again = append(o.again, func() {
				if m.gen == gen {
					o.key(m, key)
				}
			})
		}
		for _, e := range c.signals.lead(o.sinkOf(m, gen)) {
			o.again = append(o.again, func() { o.signalled(m, gen, e) })
		}
		for _, e := range c.sounds.lead(o.ear(m, gen)) {
			o.again = append(o.again, func() { o.sound(soundEvent{m, gen, e}) })
		}
	})
}

// mayCallBack refuses to ring somebody who called us and whom the policy does
// not let us ring, or who has no number.
func (o *owner) mayCallBack(m *member) *Error {
	if !m.rec.Inbound {
		return nil
	}
	if m.rec.PhoneNumber == "" {
		return refuse(Conflict, "wrong_state", "", "they called in without a number: nobody knows where to ring")
	}
	_, err := o.b.cfg.Dial.ParseNumber(m.rec.PhoneNumber)
	return err
}
