package bridge

import (
	"context"
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
	Spoken        time.Duration // time spent speaking, until now
	SMS           state.MessageStatus
	Quality       *state.Quality
}

// Report reads the roll call.
func (b *Bridge) Report(ctx context.Context, who Caller, cid string) (r Report, err error) {
	err = b.with(ctx, who, cid, func(o *owner, _ *request) error {
		r = o.report()
		return nil
	})
	return r, err
}

func (o *owner) report() Report {
	r := Report{Conference: o.confView(), Asked: len(o.roll), Entries: make([]ReportEntry, 0, len(o.roll))}
	at := time.Now()
	for _, m := range o.roll {
		p := &m.rec
		e := ReportEntry{
			ParticipantID: p.ID, Name: p.Name, PhoneNumber: p.PhoneNumber, ExternalID: p.ExternalID,
			Role: p.Role, Status: p.Status, Reason: p.Reason, SIP: p.SIP, Attempts: p.Attempt,
			DialedAt: p.DialedAt, AnsweredAt: p.AnsweredAt, JoinedAt: p.JoinedAt, EndedAt: p.EndedAt,
			Connected: m.connectedFor(at), SMS: m.sms, Quality: p.Quality,
		}
		if p.AnsweredAt != nil {
			r.Answered++
			if p.DialedAt != nil {
				e.AnsweredAfter = p.AnsweredAt.Sub(*p.DialedAt)
			}
		}
		switch {
		case p.JoinedAt != nil || p.ConnectedMS > 0:
			r.Joined++
		case p.Status.Terminal():
			r.Never++
		}
		r.Entries = append(r.Entries, e)
	}
	return r
}
