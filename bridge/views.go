package bridge

import (
	"time"

	"partyline/state"
)

// Caller is who asks: always a tenant, and later a participant with a token.
type Caller struct {
	TenantID string
	KeyID    string // for logs and limits
}

// ConferenceSpec is what a new conference is asked to be. Pointers tell
// "not said" from a zero value.
type ConferenceSpec struct {
	Name                        string
	ScheduledFor                *time.Time
	MaxParticipants             *int
	RequirePIN                  bool
	PIN                         string
	Record                      bool
	HoldMusicID                 string
	MuteOnEntry                 bool
	AllowRecordingByParticipant bool
	MemberNotification          *bool
	Accept                      *state.Accept
	WaitForPresenter            bool
	EndOnPresenterExit          bool
	PresenterGrace              time.Duration
	Locked                      bool
	MaxDuration                 time.Duration
	Sound                       ConferenceSound
	DialIn                      DialInSpec
	Recording                   RecordingSpec // of Record
	RequestKey                  string        // hashed Idempotency-Key: the same key finds the same conference
}

// ConferenceSound is what is heard in a conference. nil leaves what is there,
// or the default.
type ConferenceSound struct {
	Language      *string
	NameSoundID   *string
	HostSoundID   *string
	AnnounceNames *bool
	AloneMusic    *bool // true
	Guidance      *bool // true
	Levelling     *bool // true
	ComfortNoise  *bool // true
	RecordBeep    *time.Duration
}

// DialInSpec says how a conference is called. nil leaves what is there.
type DialInSpec struct {
	Numbers      *[]string
	Role         *state.Role
	ModeratorPIN *string // 6 to 12 digits
}

// RecordingSpec is what a recording is to be.
type RecordingSpec struct {
	Name    string
	Format  string // "wav" (default), "mp3", "opus"
	Quality string // "standard" (default) or "high"
	Stereo  bool
	Tracks  bool
}

// ConferencePatch changes what is not nil.
type ConferencePatch struct {
	If                 func(ConferenceView) bool // nil, or what must hold of the conference at that moment
	Name               *string
	ScheduledFor       *time.Time
	MaxParticipants    *int
	RequirePIN         *bool
	PIN                *string
	HoldMusicID        *string
	MuteOnEntry        *bool
	MemberNotification *bool
	Accept             *state.Accept
	WaitForPresenter   *bool
	EndOnPresenterExit *bool
	PresenterGrace     *time.Duration
	Locked             *bool
	MaxDuration        *time.Duration
	Record             *bool
	Recording          RecordingPatch
	Sound              ConferenceSound
	DialIn             DialInSpec
}

// ConferenceView is a conference as it stands, with the sequence number of
// its last event: whoever reads the events after Seq misses nothing.
type ConferenceView struct {
	state.Conference
	Seq     uint64
	Total   int // participants ever added and still kept
	Active  int // of them connected or held
	Ringing int // of them dialing

	Presence      Presence
	ActiveSpeaker string // participant id; "" when nobody speaks
	Recording     string // id of the recording that runs or is paused; ""
}

// ParticipantSpec is a person to be added.
type ParticipantSpec struct {
	PhoneNumber   string
	Name          string
	Role          state.Role // "" is listener
	Muted         bool
	SendPINViaSMS bool
	Accept        *state.Accept
	RingTimeout   time.Duration // 0: the configured one
	CallerID      string
	Retry         state.Retry
	ExternalID    string
	DialAfter     state.DialAfter
	Language      string
	NameSoundID   string
	MaxDuration   time.Duration
	Waits         *bool  // for a presenter; nil: as the conference says
	EndsWith      bool   // leaves with the last presenter
	RequestKey    string // hashed Idempotency-Key
}

// ParticipantPatch changes what is not nil.
type ParticipantPatch struct {
	If         func(ParticipantView) bool // nil, or what must hold of the participant at that moment
	Name       *string
	Role       *state.Role
	Muted      *bool
	ExternalID *string
}

// Effective is what the rules make of all the bits, and the first bit that
// stands in the way ("" when both are true).
type Effective struct {
	Speaks  bool
	Hears   bool
	Because string // "muted", "muted_by_moderator", "held", "held_remote", "waiting", "in_prompt", "role", "not_connected"
}

// ParticipantView is a participant as it stands now.
type ParticipantView struct {
	state.Participant
	Effective Effective
	Duration  time.Duration       // connected, over all attempts, until now
	SMS       state.MessageStatus // "" when no text was asked for
	Seq       uint64              // of the conference's last event at this moment
	Speaking  bool                // at this moment
	Spoken    time.Duration       // until now
	HandPlace int                 // in the queue of raised hands, from 1; 0 when it is down
}

// ParticipantFilter narrows a listing.
type ParticipantFilter struct {
	Status []state.Status
	Active bool   // connected or held only
	After  string // cursor: the last id of the page before
	Limit  int    // 0: 1000
}

// ParticipantPage is one page of a listing with the counts of the whole.
type ParticipantPage struct {
	Participants []ParticipantView
	Total        int
	Active       int
	Next         string // "" on the last page
	Seq          uint64
}

// BulkResult is the fate of one item of a bulk add.
type BulkResult struct {
	Participant *ParticipantView
	Err         *Error
}
