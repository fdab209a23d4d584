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

	// What is heard.
	Language       string `json:"language,omitempty"`         // of the prompts; "" is the installation's
	NameSoundID    string `json:"name_sound_id,omitempty"`    // the conference's name, spoken
	HostSoundID    string `json:"host_sound_id,omitempty"`    // who invites, spoken
	AnnounceNames  bool   `json:"announce_names,omitempty"`   // joiners' name sounds are played to all
	NoGuidance     bool   `json:"no_guidance,omitempty"`      // nobody is told how they stand, but that they are recorded
	NoAloneMusic   bool   `json:"no_alone_music,omitempty"`   // silence for somebody who is alone
	NoLevelling    bool   `json:"no_levelling,omitempty"`     // voices are not brought to one level
	NoComfortNoise bool   `json:"no_comfort_noise,omitempty"` // silence is digital silence

	// Calls to us.
	DialInNumbers    []string `json:"dial_in_numbers,omitempty"`    // E.164; a number belongs to one conference at a time
	DialInRole       Role     `json:"dial_in_role,omitempty"`       // of who comes by the conference's PIN; "" is participant
	ModeratorPINHash []byte   `json:"moderator_pin_hash,omitempty"` // who types it is a presenter

	// Recording from the first who connects, when Record is set, and how.
	RecordFormat  string        `json:"record_format,omitempty"`
	RecordQuality string        `json:"record_quality,omitempty"`
	RecordStereo  bool          `json:"record_stereo,omitempty"`
	RecordTracks  bool          `json:"record_tracks,omitempty"`
	RecordBeep    time.Duration `json:"record_beep,omitempty"` // between beeps while recording; 0: one at the start

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

	// Machines has answering machines told from people by the rhythm of what
	// they say. It only ever delays an acceptance.
	Machines bool   `json:"machine_detection,omitempty"`
	SoundID  string `json:"sound_id,omitempty"` // an uploaded sound in place of the invitation
}
