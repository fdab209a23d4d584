package bridge

import (
	"time"

	"partyline/state"
)

// Report is the roll call of a conference.
type Report struct {
	Conference ConferenceView
	Asked      int // participants added
	Answered   int // of them, phones that were picked up in the last attempt
	Joined     int // of them, people who were in the conference at any time
	Never      int // ended without ever joining
	Entries    []ReportEntry
}

// ReportEntry is one person's line of the roll call.
type ReportEntry struct {
	ParticipantID string
	Name          string
	PhoneNumber   string
	ExternalID    string
	Role          state.Role
	Status        state.Status
	Reason        state.Reason
	SIP           *state.SIPResult
	Attempts      int
	DialedAt      *time.Time
	AnsweredAt    *time.Time
	JoinedAt      *time.Time
	EndedAt       *time.Time
	AnsweredAfter time.Duration // from the last INVITE to the answer; 0 when there was none
	Connected     time.Duration // over all attempts, until now
	SMS           state.MessageStatus
	Quality       *state.Quality
}
