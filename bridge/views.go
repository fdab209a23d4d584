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
	RequestKey                  string // hashed Idempotency-Key: the same key finds the same conference
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
}

// ConferenceView is a conference as it stands, with the sequence number of
// its last event: whoever reads the events after Seq misses nothing.
type ConferenceView struct {
	state.Conference
	Seq     uint64
	Total   int // participants ever added and still kept
	Active  int // of them connected or held
	Ringing int // of them dialing
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
