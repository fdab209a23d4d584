package sip

import (
	"time"

	"partyline/sip/cause"
)

// Cause is why a call ended: the words of the documented cause table, which
// the bridge takes over as reasons.
type Cause = cause.Cause

// Causes of an EventEnded.
const (
	CauseBusy                 = cause.Busy
	CauseNoAnswer             = cause.NoAnswer
	CauseUnavailable          = cause.Unavailable
	CauseInvalidNumber        = cause.InvalidNumber
	CauseDeclined             = cause.Declined
	CauseCarrierBlocked       = cause.CarrierBlocked
	CauseUnwanted             = cause.Unwanted
	CauseTrunkAuth            = cause.TrunkAuth
	CauseDestinationForbidden = cause.DestinationForbidden
	CauseTrunkLimit           = cause.TrunkLimit
	CauseMediaMismatch        = cause.MediaMismatch
	CauseTrunkFailure         = cause.TrunkFailure
	CauseCanceled             = cause.Canceled
	CauseRedirected           = cause.Redirected
	CauseHangup               = cause.Hangup
	CauseLocal                = cause.Local
	CauseGone                 = cause.Gone
	CauseNodeRestart          = cause.NodeRestart
	CauseInternalError        = cause.InternalError
)

// EventKind of a call's Event.
type EventKind uint8

const (
	EventTrying     EventKind = iota + 1 // an INVITE went out on Trunk (again after each failover)
	EventRinging                         // 180, 181, 182, or 183 without SDP; once
	EventEarlyMedia                      // a provisional answer with SDP; once; never to be mixed
	EventAnswered                        // the first 2xx, already ACKed; SDP is its body, Dialog the state to keep
	EventOffered                         // the far end's re-INVITE or UPDATE with an offer: call Reply once
	EventReinvited                       // our Reinvite was answered: SDP, or Code when it was refused
	EventDialog                          // Dialog changed and should be kept again
	EventDigit                           // SIP INFO with a key (application/dtmf-relay or dtmf)
	EventAlive                           // our Probe was answered
	EventEnded                           // exactly one, always the last
)

// Event of a call. Events of one call come in order from the call's own
// goroutine; the sink may block it shortly (a bounded mailbox), which delays
// only this call.
type Event struct {
	Kind       EventKind
	Trunk      string
	Code       int    // final SIP answer, when there was one
	Phrase     string //
	Cause      Cause
	RetryAfter time.Duration // from 503/429/480 …
	Redress    string        // contact of a blocking carrier (608), if it said one
	SDP        []byte
	Dialog     []byte // opaque; survives a restart; give it to Recover
	Digit      byte
	// Reply answers an EventOffered: 200 with the answer SDP, or 488 and nil.
	// It never blocks; later calls do nothing.
	Reply func(code int, sdp []byte)
}

// Request is one call to place.
type Request struct {
	Number      string        // E.164
	CallerID    string        // one of a trunk's CallerIDs; empty: its first
	DisplayName string        // of the caller, shown to the callee; validated and quoted here
	RingTimeout time.Duration // from the INVITE to an answer, over all trunks tried; 0: 60 s
	// Offer makes the SDP offer for a trunk; it is asked again after a failover.
	Offer func(trunk string) ([]byte, error)
}
