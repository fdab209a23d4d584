package bridge

import (
	"context"
	"time"

	"partyline/state"
)

const (
	defaultMaxParticipants = 100
	maxGrace               = 24 * time.Hour
	maxMaxDuration         = 7 * 24 * time.Hour
)

// CreateConference opens a conference, now or for later. The same RequestKey
// finds the same conference again.
func (b *Bridge) CreateConference(ctx context.Context, who Caller, spec ConferenceSpec) (ConferenceView, error) {
	if err := b.drained(); err != nil {
		return ConferenceView{}, err
	}
	c, err := b.newConference(who, spec)
	if err != nil {
		return ConferenceView{}, err
	}
	if id := b.requested(who, spec.RequestKey, c.ID); id != c.ID {
		return b.Conference(ctx, who, id)
	}
	if err := b.claim(c.ID, c.DialInNumbers); err != nil {
		b.forgetRequest(who, spec.RequestKey)
		return ConferenceView{}, err
	}
	o := &owner{b: b, id: c.ID, conf: c, log: b.cfg.Log}
	o.toldConference("created", byAPI)
	if _, err := o.write(); err != nil {
		b.forgetRequest(who, spec.RequestKey)
		_ = b.claim(c.ID, nil)
		b.cfg.Log.Error("a conference could not be written", "error", err)
		return ConferenceView{}, errStorage()
	}
	b.shelve(&c)
	if c.Status == state.ConferenceScheduled {
		if _, release, err := b.acquire(ctx, c.ID); err == nil {
			release() // in memory, its time is kept
		}
	}
	return ConferenceView{Conference: c.Conference, Seq: 1}, nil
}

// requested claims a RequestKey for a new conference, or says whose it is.
func (b *Bridge) requested(who Caller, key, id string) string {
	if key == "" {
		return id
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.index[who.TenantID]
	if s == nil {
		s = &shelf{requests: map[string]string{}}
		b.index[who.TenantID] = s
	}
	if old := s.requests[key]; old != "" {
		return old
	}
	s.requests[key] = id
	return id
}

func (b *Bridge) forgetRequest(who Caller, key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.index[who.TenantID]; s != nil {
		delete(s.requests, key)
	}
}

// newConference turns a request into a record, or refuses it.
func (b *Bridge) newConference(who Caller, s ConferenceSpec) (conferenceRecord, error) {
	at := now()
	c := conferenceRecord{RequestKey: s.RequestKey, Conference: state.Conference{
		ID: state.NewID(state.ConferenceID), TenantID: who.TenantID, Name: s.Name,
		Status: state.ConferenceOpen, MaxParticipants: min(defaultMaxParticipants, b.cfg.Limits.ParticipantsPerConference),
		RequirePIN: s.RequirePIN, HoldMusicID: s.HoldMusicID, MuteOnEntry: s.MuteOnEntry,
		AllowRecordingByParticipant: s.AllowRecordingByParticipant, MemberNotification: true,
		WaitForPresenter: s.WaitForPresenter, EndOnPresenterExit: s.EndOnPresenterExit,
		PresenterGrace: s.PresenterGrace, MaxDuration: s.MaxDuration, Locked: s.Locked, CreatedAt: at,
	}}
	if s.MaxParticipants != nil {
		c.MaxParticipants = *s.MaxParticipants
	}
	if s.MemberNotification != nil {
		c.MemberNotification = *s.MemberNotification
	}
	if s.Accept != nil {
		c.Accept = *s.Accept
	}
	s.Sound.hear(&c.Conference)
	if s.ScheduledFor != nil && s.ScheduledFor.After(at) {
		utc := s.ScheduledFor.UTC()
		c.ScheduledFor, c.Status = &utc, state.ConferenceScheduled
	}
	c.Record = s.Record
	c.RecordFormat, c.RecordQuality, c.RecordStereo, c.RecordTracks = s.Recording.Format, s.Recording.Quality, s.Recording.Stereo, s.Recording.Tracks
	if s.Record {
		if err := b.checkRecording(&s.Recording); err != nil {
			err.Param = recordField(err.Param)
			return c, err
		}
	}
	if s.PIN != "" {
		if err := checkPIN(s.PIN); err != nil {
			return c, err
		}
		c.PINHash = b.sealPIN(c.ID, s.PIN)
	}
	if err := s.DialIn.apply(b, &c.Conference); err != nil {
		return c, err
	}
	if err := b.apart(&c.Conference, nil, s.DialIn.ModeratorPIN); err != nil {
		return c, err
	}
	if err := b.checkConference(&c.Conference); err != nil {
		return c, err
	}
	return c, nil
}

// checkConference holds a whole record against the rules: after a creation
// and after a change alike.
func (b *Bridge) checkConference(c *state.Conference) *Error {
	if c.Name == "" {
		return refuse(Invalid, "required", "name", "a conference needs a name")
	}
	if err := checkText("name", c.Name, maxName); err != nil {
		return err
	}
	if ceiling := b.cfg.Limits.ParticipantsPerConference; c.MaxParticipants < 1 || c.MaxParticipants > ceiling {
		return refuse(Invalid, "out_of_range", "max_participants", "max_participants is 1 to %d here", ceiling)
	}
	if err := b.checkSound(c); err != nil {
		return err
	}
	if c.PresenterGrace < 0 || c.PresenterGrace > maxGrace {
		return refuse(Invalid, "out_of_range", "presenter_grace", "presenter_grace is at most 24 hours")
	}
	if c.MaxDuration < 0 || c.MaxDuration > maxMaxDuration {
		return refuse(Invalid, "out_of_range", "max_duration", "max_duration is at most 7 days")
	}
	return checkAccept(c.Accept)
}
