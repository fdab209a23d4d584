package state

import "time"

// Lifecycle of a conference.
type ConferenceStatus string

const (
	ConferenceScheduled ConferenceStatus = "scheduled" // dials at ScheduledFor
	ConferenceOpen      ConferenceStatus = "open"      // created; nobody connected yet
	ConferenceActive    ConferenceStatus = "active"    // somebody has been connected
	ConferenceEnding    ConferenceStatus = "ending"    // everyone is being hung up
	ConferenceEnded     ConferenceStatus = "ended"
)

// AcceptMode says what a rung person must do before hearing or being heard.
type AcceptMode string

const (
	AcceptNone     AcceptMode = "none"
	AcceptPressKey AcceptMode = "press_key"
	AcceptPIN      AcceptMode = "pin"
)

// Conference is one meeting: its policy, and where it stands.
type Conference struct {
	ID       string           `json:"id"` // "conf_" + ULID, lower case
	TenantID string           `json:"tenant_id"`
	Name     string           `json:"name"`
	Status   ConferenceStatus `json:"status"`

	ScheduledFor                *time.Time `json:"scheduled_for,omitempty"`
	MaxParticipants             int        `json:"max_participants"`
	RequirePIN                  bool       `json:"require_pin"`
	PINHash                     []byte     `json:"pin_hash,omitempty"` // HMAC-SHA256 of the conference PIN
	Record                      bool       `json:"record"`
	HoldMusicID                 string     `json:"hold_music_id,omitempty"`
	MuteOnEntry                 bool       `json:"mute_on_entry"`
	AllowRecordingByParticipant bool       `json:"allow_recording_by_participant"`
	MemberNotification          bool       `json:"member_notification"`

	Accept             Accept        `json:"accept"`
	WaitForPresenter   bool          `json:"wait_for_presenter"`
	EndOnPresenterExit bool          `json:"end_on_presenter_exit"`
	PresenterGrace     time.Duration `json:"presenter_grace,omitempty"`
	MaxDuration        time.Duration `json:"max_duration,omitempty"` // 0: no limit
	Locked             bool          `json:"locked"`

	// MutedAll is the standing order of mute-all: whoever joins without the
	// right to mute others joins muted. AllowUnmute lets them lift it themselves.
	MutedAll    bool `json:"muted_all,omitempty"`
	AllowUnmute bool `json:"allow_unmute,omitempty"`

	Deleted   bool       `json:"deleted,omitempty"` // ended and hidden from lists
	EndReason Reason     `json:"end_reason,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	StartedAt *time.Time `json:"started_at,omitempty"` // first participant connected
	EndedAt   *time.Time `json:"ended_at,omitempty"`
}

// Accept is the acceptance policy of a conference or of one participant.
type Accept struct {
	Mode    AcceptMode    `json:"mode,omitempty"`
	Key     string        `json:"key,omitempty"`     // press_key: the key, "1" by default
	Timeout time.Duration `json:"timeout,omitempty"` // for one try; 15 s by default
	Tries   int           `json:"tries,omitempty"`   // 3 by default
}
