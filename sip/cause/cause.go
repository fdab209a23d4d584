// Package cause turns what a carrier answers into the reason a call ended,
// and into what to do next: try another trunk, rest this one, or leave the
// person in peace.
package cause

// Cause is why a call ended. The words are those of the documented cause
// table; the bridge takes them over as reasons.
type Cause string

// Causes of a call's end.
const (
	None                 Cause = ""
	Busy                 Cause = "busy"
	NoAnswer             Cause = "no_answer"
	Unavailable          Cause = "unavailable"
	InvalidNumber        Cause = "invalid_number"
	Declined             Cause = "declined"
	CarrierBlocked       Cause = "carrier_blocked"
	Unwanted             Cause = "unwanted"
	TrunkAuth            Cause = "trunk_auth"
	DestinationForbidden Cause = "destination_forbidden"
	TrunkLimit           Cause = "trunk_limit"
	MediaMismatch        Cause = "media_mismatch"
	TrunkFailure         Cause = "trunk_failure"
	Canceled             Cause = "canceled"     // our Hangup before an answer
	Redirected           Cause = "redirected"   // 3xx, never followed
	Hangup               Cause = "hangup"       // the far end's BYE
	Local                Cause = "local"        // our Hangup after an answer
	Gone                 Cause = "gone"         // 408/481 in the dialog, session timer, failed probe
	NodeRestart          Cause = "node_restart" // a recovered dialog the far end no longer knows
	InternalError        Cause = "internal_error"
)
