package bridge

import (
	"time"

	"partyline/media"
	"partyline/state"
)

// member is a participant in memory: the record and what hangs on it.
type member struct {
	rec   state.Participant
	rev   uint64
	dirty bool

	gen  uint64 // of the attempt; what belongs to an older one is ignored
	slot Slot   // reserved and not used yet
	call Call
	leg  Leg

	// unclaimed is the dialog of a call that an earlier run of the program left
	// behind and this one has not taken up: the far end believes that it is up.
	unclaimed []byte

	due  time.Time // when the present state has lasted too long
	what dueKind

	sms        state.MessageStatus
	text       state.Message // as an earlier run of the program left it, until it is told
	joined     time.Time     // monotonic, while connected
	base       int           // attempts made before this (re)dial was asked for
	limitSince time.Time     // first answer "trunk_limit" of this attempt
	limitTries int
	recovering bool
	uncounted  bool // the next INVITE is not a new attempt

	door    door
	cadence *cadence    // of who answered, while that is being found out
	star    time.Time   // when * was pressed
	sound   *media.Play // for this leg alone
	audio   media.Audio // what the leg was last given
	inRoom  bool
	quietAt time.Time // when its silence was noticed and the far end probed
	aliveAt time.Time // when the far end last answered a probe
	warned  time.Time // of the end of their own time, up to here

	talking time.Time // since when they speak; zero: they do not
}

// dueKind says what happens when a deadline passes.
type dueKind uint8

const (
	dueNothing  dueKind = iota
	dueQueue            // no trunk had a place: rejected, capacity
	dueSMS              // the text never got there: rejected, sms_failed
	dueRetry            // the next attempt
	dueRing             // the dialer's own ring timer did not fire: rejected, no_answer
	duePrompt           // a try at the prompt is over
	dueMachine          // it is time to say who has answered
	dueLeave            // the goodbye is over
	dueRecovery         // the far end did not answer the re-INVITE
	dueProbe            // silent, but alive when last asked: ask again
)

func (m *member) until(what dueKind, at time.Time) { m.what, m.due = what, at }

func (m *member) forget() { m.what, m.due = dueNothing, time.Time{} }

// live tells whether there is a call that was accepted.
func (m *member) live() bool {
	return m.rec.Status == state.Connected || m.rec.Status == state.Held
}

func (m *member) connectedFor(now time.Time) time.Duration {
	d := time.Duration(m.rec.ConnectedMS) * time.Millisecond
	if m.live() && !m.joined.IsZero() {
		d += now.Sub(m.joined)
	}
	return d
}

// step applies a trigger to the record.
func (m *member) step(t state.Trigger) bool {
	next, err := state.Next(m.rec.Status, t)
	if err != nil {
		return false
	}
	m.rec.Status = next
	return true
}

// conferenceRecord is what the store keeps of a conference: the record, and
// what only its owner needs. What a tenant's conferences share (numbers that
// asked not to be called, what was spent) is kept by the conference where it
// happened, so that each record has one writer; a start adds them up.
type conferenceRecord struct {
	state.Conference
	RequestKey string            `json:"request_key,omitempty"` // a retry of the creation finds it
	Unwanted   []string          `json:"unwanted,omitempty"`    // numbers that answered 607
	Spent      map[string]*spent `json:"spent,omitempty"`       // by UTC day, the last two

	// RecordStopped: somebody has stopped a recording, so that none begins by
	// itself until somebody asks for one or everyone has left.
	RecordStopped bool `json:"record_stopped,omitempty"`
	// GraceUntil is when the conference ends unless a presenter comes back.
	GraceUntil *time.Time `json:"grace_until,omitempty"`
	// Broken is the recording that a crash has ended and that is to go on.
	Broken *brokenRecording `json:"broken_recording,omitempty"`
}

// view is the participant as it stands now.
func (o *owner) view(m *member) ParticipantView {
	return ParticipantView{
		Participant: m.rec,
		Effective:   effective(&m.rec),
		Duration:    m.connectedFor(time.Now()),
		SMS:         m.sms,
		Seq:         o.upcoming(),
		Speaking:    !m.talking.IsZero(),
		Spoken:      m.spoken(time.Now()),
		HandPlace:   o.handPlace(m),
	}
}

// confView is the conference as it stands now. Every count is taken from the
// list: a counter kept beside it would one day be wrong.
func (o *owner) confView() ConferenceView {
	v := ConferenceView{
		Conference: o.conf.Conference, Seq: o.upcoming(), Total: len(o.roll),
		Presence: o.presence(), ActiveSpeaker: o.activeSpeaker(),
	}
	if r := o.running(); r != nil {
		v.Recording = r.rec.ID
	}
	for _, m := range o.roll {
		switch m.rec.Status {
		case state.Connected, state.Held:
			v.Active++
		case state.Dialing:
			v.Ringing++
		}
	}
	return v
}

// find looks a participant up.
func (o *owner) find(pid string) (*member, error) {
	if m := o.members[pid]; m != nil {
		return m, nil
	}
	return nil, errNoParticipant()
}

func errNoParticipant() *Error {
	return refuse(NotFound, "not_found", "", "there is no such participant")
}

func errNoConference() *Error {
	return refuse(NotFound, "not_found", "", "there is no such conference")
}

// participantData is what every event of a participant tells, so that nobody
// has to ask back.
type participantData struct {
	Name        string               `json:"name,omitempty"`
	PhoneNumber string               `json:"phone_number"`
	ExternalID  string               `json:"external_id,omitempty"`
	Role        state.Role           `json:"role"`
	Status      state.Status         `json:"status"`
	Phase       state.Phase          `json:"phase,omitempty"`
	Reason      state.Reason         `json:"reason,omitempty"`
	SIP         *state.SIPResult     `json:"sip,omitempty"`
	Attempt     int                  `json:"attempt"`
	Muted       bool                 `json:"muted"`
	MutedBy     string               `json:"muted_by,omitempty"`
	Held        bool                 `json:"held"`
	HeldRemote  bool                 `json:"held_remote"`
	Waiting     bool                 `json:"waiting"`
	InPrompt    bool                 `json:"in_prompt"`
	HandRaised  bool                 `json:"hand_raised"`
	Inbound     bool                 `json:"inbound,omitempty"`
	Machine     *state.MachineResult `json:"machine,omitempty"`
	Effective   effectiveData        `json:"effective"`
	SMS         state.MessageStatus  `json:"sms,omitempty"`
	detail
}

type effectiveData struct {
	Speaks  bool   `json:"speaks"`
	Hears   bool   `json:"hears"`
	Because string `json:"because,omitempty"`
}

// detail is what only some events tell.
type detail struct {
	By        string     `json:"by,omitempty"` // "api", "self", "remote", or a participant id
	Trunk     string     `json:"trunk,omitempty"`
	NextTryAt *time.Time `json:"next_try_at,omitempty"`
	Duration  *float64   `json:"duration,omitempty"` // seconds connected, all attempts
	Redress   string     `json:"redress,omitempty"`  // whom to ask why a carrier blocks us (RFC 8688)
	OldRole   state.Role `json:"old_role,omitempty"`
	Error     string     `json:"error,omitempty"`
}

// told queues an event of a participant.
func (o *owner) told(kind string, m *member, d detail) {
	p, e := &m.rec, effective(&m.rec)
	o.emit("participant."+kind, p.ID, participantData{
		Name: p.Name, PhoneNumber: p.PhoneNumber, ExternalID: p.ExternalID, Role: p.Role,
		Status: p.Status, Phase: p.Phase, Reason: p.Reason, SIP: p.SIP, Attempt: p.Attempt,
		Muted: p.Muted, MutedBy: p.MutedBy, Held: p.Held, HeldRemote: p.HeldRemote,
		Waiting: p.Waiting, InPrompt: p.InPrompt, HandRaised: p.HandRaised, Inbound: p.Inbound, Machine: p.Machine,
		Effective: effectiveData(e), SMS: m.sms, detail: d,
	})
}

// conferenceData is what every event of a conference tells.
type conferenceData struct {
	Name   string                 `json:"name"`
	Status state.ConferenceStatus `json:"status"`
	Reason state.Reason           `json:"reason,omitempty"`
	Locked bool                   `json:"locked"`
	By     string                 `json:"by,omitempty"`
}

func (o *owner) toldConference(kind, by string) {
	o.batch.conf = true
	c := &o.conf
	o.emit("conference."+kind, "", conferenceData{c.Name, c.Status, c.EndReason, c.Locked, by})
}
