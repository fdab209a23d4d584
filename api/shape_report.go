package api

import (
	"time"

	"partyline/bridge"
)

// reportJSON is the roll call of a conference.
type reportJSON struct {
	Conference conferenceJSON    `json:"conference"`
	Asked      int               `json:"asked"`
	Answered   int               `json:"answered"`
	Joined     int               `json:"joined"`
	Never      int               `json:"never"`
	Entries    []reportEntryJSON `json:"entries"`
}

type reportEntryJSON struct {
	ParticipantID string       `json:"participant_id"`
	PhoneNumber   string       `json:"phone_number"`
	Name          string       `json:"name"`
	ExternalID    *string      `json:"external_id"`
	Role          string       `json:"role"`
	Status        string       `json:"status"`
	Reason        *string      `json:"reason"`
	SIP           *sipJSON     `json:"sip"`
	Attempts      int          `json:"attempts"`
	DialedAt      *time.Time   `json:"dialed_at"`
	AnsweredAt    *time.Time   `json:"answered_at"`
	JoinedAt      *time.Time   `json:"joined_at"`
	EndedAt       *time.Time   `json:"ended_at"`
	AnsweredAfter *float64     `json:"answered_after"` // seconds, to the millisecond; null when nobody answered
	Connected     int          `json:"connected"`      // whole seconds
	Spoken        float64      `json:"spoken"`         // seconds, to a tenth
	SMS           *string      `json:"sms"`
	Quality       *qualityJSON `json:"quality"`
}

func showReport(r bridge.Report) reportJSON {
	out := reportJSON{Conference: showConference(r.Conference), Asked: r.Asked, Answered: r.Answered,
		Joined: r.Joined, Never: r.Never, Entries: make([]reportEntryJSON, 0, len(r.Entries))}
	for _, e := range r.Entries {
		line := reportEntryJSON{
			ParticipantID: e.ParticipantID, PhoneNumber: e.PhoneNumber, Name: e.Name, ExternalID: orNull(e.ExternalID),
			Role: string(e.Role), Status: string(e.Status), Reason: orNull(string(e.Reason)), SIP: showSIP(e.SIP),
			Attempts: e.Attempts, DialedAt: utc(e.DialedAt), AnsweredAt: utc(e.AnsweredAt), JoinedAt: utc(e.JoinedAt),
			EndedAt: utc(e.EndedAt), Connected: wholeSeconds(e.Connected), Spoken: tenths(e.Spoken), SMS: orNull(string(e.SMS)),
			Quality: showQuality(e.Quality),
		}
		if e.AnsweredAt != nil {
			line.AnsweredAfter = new(e.AnsweredAfter.Round(time.Millisecond).Seconds())
		}
		out.Entries = append(out.Entries, line)
	}
	return out
}
