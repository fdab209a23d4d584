package api

import (
	"time"

	"partyline/bridge"
	"partyline/state"
)

// participantJSON is a participant as callers see it: first the ten fields of
// the Conferences API this face is shaped after, then ours. Every field is
// always there; null means "not so far".
type participantJSON struct {
	ID           string     `json:"id"`
	ConferenceID string     `json:"conference_id"`
	PhoneNumber  string     `json:"phone_number"`
	Name         string     `json:"name"`
	Role         string     `json:"role"`
	Status       string     `json:"status"`
	Muted        bool       `json:"muted"`
	Duration     int        `json:"duration"` // whole seconds connected, over all attempts
	JoinedAt     *time.Time `json:"joined_at"`
	CreatedAt    time.Time  `json:"created_at"`

	Phase         *string        `json:"phase"`
	Reason        *string        `json:"reason"`
	SIP           *sipJSON       `json:"sip"`
	Attempt       int            `json:"attempt"`
	Effective     effectiveJSON  `json:"effective"`
	MutedBy       *string        `json:"muted_by"`
	HeldBy        *string        `json:"held_by"` // "api", "remote" or null
	HandRaised    bool           `json:"hand_raised"`
	Accept        acceptJSON     `json:"accept"`
	RingTimeout   int            `json:"ring_timeout"`
	CallerID      *string        `json:"caller_id"`
	Retry         retryJSON      `json:"retry"`
	DialAfter     string         `json:"dial_after"`
	SendPINViaSMS bool           `json:"send_pin_via_sms"`
	SMS           *string        `json:"sms"` // queued, sending, sent, delivered, failed
	ExternalID    *string        `json:"external_id"`
	Trunk         *string        `json:"trunk"`
	Timestamps    timestampsJSON `json:"timestamps"`
	Quality       *qualityJSON   `json:"quality"`
	Seq           uint64         `json:"seq"`

	Speaking           bool         `json:"speaking"`
	Spoken             float64      `json:"spoken"`     // seconds, to a tenth
	HandPlace          *int         `json:"hand_place"` // in the queue of raised hands, from 1
	Inbound            bool         `json:"inbound"`    // they called us
	Machine            *machineJSON `json:"machine"`
	Keys               *string      `json:"keys"` // how their phone sends keys: events, info, tones
	Language           *string      `json:"language"`
	NameSoundID        *string      `json:"name_sound_id"`
	MaxDuration        *int         `json:"max_duration"`
	WaitForPresenter   *bool        `json:"wait_for_presenter"` // null: as the conference says
	LeaveWithPresenter bool         `json:"leave_with_presenter"`
}

// machineJSON says who answered, as far as the rhythm of speech tells.
type machineJSON struct {
	Result string `json:"result"`
	MS     int64  `json:"ms"`
}

type sipJSON struct {
	Code   int    `json:"code"`
	Phrase string `json:"phrase"`
}

type effectiveJSON struct {
	Speaks  bool    `json:"speaks"`
	Hears   bool    `json:"hears"`
	Because *string `json:"because"`
}

type retryJSON struct {
	Attempts int `json:"attempts"`
	Delay    int `json:"delay"`
}

// timestampsJSON is when the last attempt got how far.
type timestampsJSON struct {
	CreatedAt  time.Time  `json:"created_at"`
	DialedAt   *time.Time `json:"dialed_at"`
	RingingAt  *time.Time `json:"ringing_at"`
	AnsweredAt *time.Time `json:"answered_at"`
	JoinedAt   *time.Time `json:"joined_at"`
	EndedAt    *time.Time `json:"ended_at"`
	NextTryAt  *time.Time `json:"next_try_at"`
}

type qualityJSON struct {
	Codec     string  `json:"codec"`
	Received  uint64  `json:"received"`
	Lost      uint64  `json:"lost"`
	FarLost   uint64  `json:"far_lost"`
	Discarded uint64  `json:"discarded"`
	JitterMS  float64 `json:"jitter_ms"`
	RTTMS     float64 `json:"rtt_ms"`
	MOS       float64 `json:"mos"`
	Cipher    string  `json:"cipher"`
}

func showParticipant(v bridge.ParticipantView) participantJSON {
	p := participantJSON{
		ID: v.ID, ConferenceID: v.ConferenceID, PhoneNumber: v.PhoneNumber, Name: v.Name, Role: string(v.Role),
		Status: string(v.Status), Muted: v.Muted || v.MutedBy != "", Duration: wholeSeconds(v.Duration),
		JoinedAt: utc(v.JoinedAt), CreatedAt: v.CreatedAt.UTC(),

		Phase: orNull(string(v.Phase)), Reason: orNull(string(v.Reason)), SIP: showSIP(v.SIP), Attempt: v.Attempt,
		Effective: effectiveJSON{Speaks: v.Effective.Speaks, Hears: v.Effective.Hears, Because: orNull(v.Effective.Because)},
		MutedBy:   orNull(v.MutedBy), HandRaised: v.HandRaised, Accept: showAccept(v.Accept),
		RingTimeout: wholeSeconds(v.RingTimeout), CallerID: orNull(v.CallerID),
		Retry:     retryJSON{Attempts: max(1, v.Retry.Attempts), Delay: wholeSeconds(v.Retry.Delay)},
		DialAfter: string(v.DialAfter), SendPINViaSMS: v.SendPIN, SMS: orNull(string(v.SMS)),
		ExternalID: orNull(v.ExternalID), Trunk: orNull(v.Trunk), Quality: showQuality(v.Quality), Seq: v.Seq,
		Timestamps: timestampsJSON{
			CreatedAt: v.CreatedAt.UTC(), DialedAt: utc(v.DialedAt), RingingAt: utc(v.RingingAt),
			AnsweredAt: utc(v.AnsweredAt), JoinedAt: utc(v.JoinedAt), EndedAt: utc(v.EndedAt), NextTryAt: utc(v.NextTryAt),
		},
	}
	p.Speaking, p.Spoken, p.Inbound, p.Keys = v.Speaking, tenths(v.Spoken), v.Inbound, orNull(string(v.Keys))
	p.Language, p.NameSoundID, p.MaxDuration = orNull(v.Language), orNull(v.NameSoundID), secondsOrNull(v.MaxDuration)
	p.WaitForPresenter, p.LeaveWithPresenter = v.Waits, v.EndsWith
	if v.HandPlace > 0 {
		p.HandPlace = new(v.HandPlace)
	}
	if m := v.Machine; m != nil {
		p.Machine = &machineJSON{Result: m.Result, MS: m.MS}
	}
	if p.DialAfter == "" {
		p.DialAfter = string(state.DialNow)
	}
	switch {
	case v.Held:
		p.HeldBy = new("api")
	case v.HeldRemote:
		p.HeldBy = new("remote")
	}
	return p
}

// tenths is a duration in seconds with one decimal.
func tenths(d time.Duration) float64 { return d.Round(100 * time.Millisecond).Seconds() }

func showSIP(r *state.SIPResult) *sipJSON {
	if r == nil {
		return nil
	}
	return &sipJSON{Code: r.Code, Phrase: r.Phrase}
}

func showQuality(q *state.Quality) *qualityJSON {
	if q == nil {
		return nil
	}
	return &qualityJSON{Codec: q.Codec, Received: q.Received, Lost: q.Lost, FarLost: q.FarLost,
		Discarded: q.Discarded, JitterMS: q.JitterMS, RTTMS: q.RTTMS, MOS: q.MOS, Cipher: q.Cipher}
}
