package api

import (
	"time"

	"partyline/bridge"
)

// conferenceJSON is a conference as callers see it. Every field is always
// there; null means "not so far". Durations are whole seconds.
type conferenceJSON struct {
	ID                          string     `json:"id"`
	Name                        string     `json:"name"`
	Status                      string     `json:"status"`
	ScheduledFor                *time.Time `json:"scheduled_for"`
	MaxParticipants             int        `json:"max_participants"`
	RequirePIN                  bool       `json:"require_pin"`
	Record                      bool       `json:"record"`
	HoldMusicID                 *string    `json:"hold_music_id"`
	MuteOnEntry                 bool       `json:"mute_on_entry"`
	AllowRecordingByParticipant bool       `json:"allow_recording_by_participant"`
	MemberNotification          bool       `json:"member_notification"`
	CreatedAt                   time.Time  `json:"created_at"`

	PINSet                  bool          `json:"pin_set"`
	Accept                  acceptJSON    `json:"accept"`
	WaitForPresenter        bool          `json:"wait_for_presenter"`
	EndOnPresenterExit      bool          `json:"end_on_presenter_exit"`
	EndOnPresenterExitGrace int           `json:"end_on_presenter_exit_grace"`
	MaxDuration             *int          `json:"max_duration"`
	Locked                  bool          `json:"locked"`
	MutedAll                bool          `json:"muted_all"`
	AllowUnmute             bool          `json:"allow_unmute"`
	Reason                  *string       `json:"reason"`
	StartedAt               *time.Time    `json:"started_at"`
	EndedAt                 *time.Time    `json:"ended_at"`
	Participants            headcountJSON `json:"participants"`
	Seq                     uint64        `json:"seq"`

	Language      *string    `json:"language"`
	NameSoundID   *string    `json:"name_sound_id"`
	HostSoundID   *string    `json:"host_sound_id"`
	AnnounceNames bool       `json:"announce_names"`
	AloneMusic    bool       `json:"alone_music"`
	Guidance      bool       `json:"guidance"`
	Levelling     bool       `json:"levelling"`
	ComfortNoise  bool       `json:"comfort_noise"`
	RecordFormat  string     `json:"record_format"`
	RecordQuality string     `json:"record_quality"`
	RecordStereo  bool       `json:"record_stereo"`
	RecordTracks  bool       `json:"record_tracks"`
	RecordBeep    int        `json:"record_beep"`
	DialIn        dialInJSON `json:"dial_in"`
	Presence      string     `json:"presence"`
	ActiveSpeaker *string    `json:"active_speaker"` // a participant's id
	Recording     *string    `json:"recording"`      // the id of the one that runs or is paused
}

// headcountJSON counts a conference's participants.
type headcountJSON struct {
	Total   int `json:"total"`
	Active  int `json:"active"`
	Ringing int `json:"ringing"`
}

func showConference(v bridge.ConferenceView) conferenceJSON {
	return conferenceJSON{
		ID: v.ID, Name: v.Name, Status: string(v.Status), ScheduledFor: utc(v.ScheduledFor),
		MaxParticipants: v.MaxParticipants, RequirePIN: v.RequirePIN, Record: v.Record,
		HoldMusicID: orNull(v.HoldMusicID), MuteOnEntry: v.MuteOnEntry,
		AllowRecordingByParticipant: v.AllowRecordingByParticipant, MemberNotification: v.MemberNotification,
		CreatedAt: v.CreatedAt.UTC(),

		PINSet: len(v.PINHash) > 0, Accept: showAccept(v.Accept),
		WaitForPresenter: v.WaitForPresenter, EndOnPresenterExit: v.EndOnPresenterExit,
		EndOnPresenterExitGrace: wholeSeconds(v.PresenterGrace), MaxDuration: secondsOrNull(v.MaxDuration),
		Locked: v.Locked, MutedAll: v.MutedAll, AllowUnmute: v.AllowUnmute, Reason: orNull(string(v.EndReason)),
		StartedAt: utc(v.StartedAt), EndedAt: utc(v.EndedAt),
		Participants: headcountJSON{Total: v.Total, Active: v.Active, Ringing: v.Ringing}, Seq: v.Seq,

		Language: orNull(v.Language), NameSoundID: orNull(v.NameSoundID), HostSoundID: orNull(v.HostSoundID),
		AnnounceNames: v.AnnounceNames, AloneMusic: !v.NoAloneMusic, Guidance: !v.NoGuidance, Levelling: !v.NoLevelling, ComfortNoise: !v.NoComfortNoise,
		RecordFormat: orDefault(v.RecordFormat, "wav"), RecordQuality: orDefault(v.RecordQuality, "standard"),
		RecordStereo: v.RecordStereo, RecordTracks: v.RecordTracks, RecordBeep: wholeSeconds(v.RecordBeep),
		DialIn: showDialIn(&v.Conference), Presence: orDefault(string(v.Presence), string(bridge.PresenceEmpty)),
		ActiveSpeaker: orNull(v.ActiveSpeaker), Recording: orNull(v.Recording),
	}
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return new(t.UTC())
}

func wholeSeconds(d time.Duration) int { return int(d / time.Second) }

func secondsOrNull(d time.Duration) *int {
	if d == 0 {
		return nil
	}
	return new(wholeSeconds(d))
}
