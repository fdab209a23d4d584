package sip

import (
	"net/netip"
	"time"
)

// Trunk is one way to the telephone network.
type Trunk struct {
	Name      string
	URI       string         // "sip:carrier.example:5060;transport=udp" or sips:; host may be a name (RFC 3263) or an address
	Username  string         // digest; empty: challenges are refused
	Password  string         //
	Realm     string         // when set, only this realm is answered
	CallerIDs []string       // E.164; the first is the default
	CPS       float64        // INVITEs a second; 0: 10
	Channels  int            // calls at once; 0: 1000
	Priority  int            // smaller first
	Weight    int            // among equals; 0: 1
	AllowFrom []netip.Prefix // further addresses its requests come from
}

// Config of an Agent.
type Config struct {
	Listen    []string // "udp:0.0.0.0:5060", "tcp:…", "tls:…"; port 0 takes a free one
	Advertise string   // host or host:port in Via and Contact; empty: the listener's own
	TLSCert   string   // files, for tls: listeners
	TLSKey    string
	TLSRoots  string // file with roots for outgoing TLS; empty: the system's
	Trunks    []Trunk
	Allow     []netip.Prefix // besides the trunks' own addresses
	UserAgent string
}

// Cause is why a call ended: the words of the cause table (docs), which the
// bridge takes over as reasons.
type Cause string

const (
	CauseBusy                 Cause = "busy"
	CauseNoAnswer             Cause = "no_answer"
	CauseUnavailable          Cause = "unavailable"
	CauseInvalidNumber        Cause = "invalid_number"
	CauseDeclined             Cause = "declined"
	CauseCarrierBlocked       Cause = "carrier_blocked"
	CauseUnwanted             Cause = "unwanted"
	CauseTrunkAuth            Cause = "trunk_auth"
	CauseDestinationForbidden Cause = "destination_forbidden"
	CauseTrunkLimit           Cause = "trunk_limit"
	CauseMediaMismatch        Cause = "media_mismatch"
	CauseTrunkFailure         Cause = "trunk_failure"
	CauseCanceled             Cause = "canceled"     // our Hangup before an answer
	CauseRedirected           Cause = "redirected"   // 3xx, never followed
	CauseHangup               Cause = "hangup"       // the far end's BYE
	CauseLocal                Cause = "local"        // our Hangup after an answer
	CauseGone                 Cause = "gone"         // 408/481 in the dialog, session timer, failed probe
	CauseNodeRestart          Cause = "node_restart" // a recovered dialog the far end no longer knows
	CauseInternalError        Cause = "internal_error"
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
