package state

// Reason says why a participant or conference ended. The words are part of
// the contract with users; they are never renamed.
type Reason string

const (
	// The far end, or the way to it.
	ReasonBusy                 Reason = "busy"
	ReasonNoAnswer             Reason = "no_answer"
	ReasonUnavailable          Reason = "unavailable"
	ReasonInvalidNumber        Reason = "invalid_number"
	ReasonDeclined             Reason = "declined"
	ReasonCarrierBlocked       Reason = "carrier_blocked"
	ReasonUnwanted             Reason = "unwanted"
	ReasonTrunkAuth            Reason = "trunk_auth"
	ReasonDestinationForbidden Reason = "destination_forbidden"
	ReasonTrunkLimit           Reason = "trunk_limit"
	ReasonMediaMismatch        Reason = "media_mismatch"
	ReasonEncryption           Reason = "encryption"
	ReasonTrunkFailure         Reason = "trunk_failure"
	ReasonCanceled             Reason = "canceled"
	ReasonRedirected           Reason = "redirected"

	// Answered, but never let in.
	ReasonNotAccepted Reason = "not_accepted"
	ReasonWrongPIN    Reason = "wrong_pin"
	ReasonMachine     Reason = "machine"
	ReasonNoDigits    Reason = "no_digits" // nothing was typed, and the phone has no sure way to send a key

	// Before dialling.
	ReasonSuppressed        Reason = "suppressed"
	ReasonCountryNotAllowed Reason = "country_not_allowed"
	ReasonPremiumNumber     Reason = "premium_number"
	ReasonSpendLimit        Reason = "spend_limit"
	ReasonCapacity          Reason = "capacity"
	ReasonDuplicate         Reason = "duplicate"
	ReasonSMSFailed         Reason = "sms_failed"

	// After joining.
	ReasonHangup          Reason = "hangup"
	ReasonKicked          Reason = "kicked"
	ReasonConferenceEnded Reason = "conference_ended"
	ReasonTimeLimit       Reason = "time_limit"
	ReasonMediaTimeout    Reason = "media_timeout"
	ReasonPresenterLeft   Reason = "presenter_left"
	ReasonNodeLost        Reason = "node_lost"
	ReasonNodeRestart     Reason = "node_restart"
	ReasonShutdown        Reason = "shutdown"
	ReasonInternalError   Reason = "internal_error"

	// A conference only: ended through the API, or because nobody was left.
	ReasonRequested Reason = "requested"
)
