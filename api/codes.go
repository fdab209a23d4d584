package api

import "net/http"

// The refusals this package itself makes. The bridge has more; codes lists all.
const (
	codeInvalidJSON      = "invalid_json"
	codeDuplicateField   = "duplicate_field"
	codeBadRequestID     = "invalid_request_id"
	codeBadIdempotency   = "invalid_idempotency_key"
	codeNoKey            = "missing_key"
	codeBadKey           = "invalid_key"
	codeTwoKeys          = "ambiguous_key"
	codeScope            = "insufficient_scope"
	codeNotFound         = "not_found"
	codeNoRoute          = "route_not_found"
	codeMethod           = "method_not_allowed"
	codeIdemRunning      = "idempotency_in_progress"
	codeAhead            = "event_not_yet"
	codeStale            = "precondition_failed"
	codeTooLarge         = "body_too_large"
	codeMediaType        = "unsupported_media_type"
	codeUnknownField     = "unknown_field"
	codeUnknownParameter = "unknown_parameter"
	codeInvalidField     = "invalid_field"
	codeInvalidNumber    = "invalid_number"
	codeRequired         = "required"
	codeNotSupported     = "not_supported"
	codeIdemReused       = "idempotency_key_reused"
	codeTooSlow          = "too_slow"
	codeIncomplete       = "body_incomplete"
	codeRange            = "range_not_satisfiable"
	codeTransfers        = "too_many_transfers"
	codeRate             = "rate_limited"
	codeAuthRate         = "too_many_failures"
	codeStreams          = "too_many_streams"
	codeInternal         = "internal_error"
	codeUnavailable      = "storage_unavailable"
	codeNotReady         = "not_ready"
)

// Code is one documented refusal.
type Code struct {
	Name   string
	Status int
	Title  string
	When   string // one sentence: what happened and what to do
}

// codes is the whole list, in the order of docs and of openapi.yaml.
var codes = []Code{
	{codeInvalidJSON, http.StatusBadRequest, "Not JSON", "The body is not one JSON object in UTF-8, or something follows it."},
	{codeDuplicateField, http.StatusBadRequest, "Field given twice", "One object names a field twice; which one is meant cannot be told."},
	{codeIncomplete, http.StatusBadRequest, "Body incomplete", "The upload ended before it was complete, or is no form; nothing was kept."},
	{codeBadRequestID, http.StatusBadRequest, "Invalid X-Request-Id", "X-Request-Id takes 1 to 128 letters, digits and ._:- characters."},
	{codeBadIdempotency, http.StatusBadRequest, "Invalid Idempotency-Key", "Idempotency-Key takes one value of 1 to 255 printable ASCII characters without spaces."},

	{codeNoKey, http.StatusUnauthorized, "No key", "Send an API key in X-Auth-Token or in Authorization: Bearer."},
	{codeBadKey, http.StatusUnauthorized, "Invalid key", "The key is unknown, mistyped or revoked."},
	{codeTwoKeys, http.StatusUnauthorized, "Two keys", "The request carries two different keys; send one."},
	{codeScope, http.StatusForbidden, "Not permitted", "The key lacks the scope for this: read to look, write to change."},

	{codeNotFound, http.StatusNotFound, "Not found", "Nothing has this id, or it belongs to another tenant; the two cannot be told apart."},
	{codeNoRoute, http.StatusNotFound, "No such route", "No such path; /openapi.json lists them all."},
	{codeMethod, http.StatusMethodNotAllowed, "Method not allowed", "The path exists, the method does not; see the Allow header."},

	{codeTooSlow, http.StatusRequestTimeout, "Too slow", "The upload came too slowly; nothing was kept."},

	{"conference_full", http.StatusConflict, "Conference full", "The conference has as many participants as it may; nothing was added."},
	{"conference_locked", http.StatusConflict, "Conference locked", "Nobody can be added until it is unlocked."},
	{"conference_ended", http.StatusConflict, "Conference ended", "It has ended, or is ending; create another."},
	{"wrong_state", http.StatusConflict, "Not in this state", "The participant or conference is not in a state in which this can be done."},
	{"role_forbids_speak", http.StatusConflict, "Role may not speak", "A listener cannot be unmuted, only given another role."},
	{"already_recording", http.StatusConflict, "Already recording", "The conference is being recorded already; stop that recording first."},
	{"recording_failed", http.StatusServiceUnavailable, "Recording failed", "The recording could not begin: the disk is full, say. The server's log says why."},
	{"too_many_recordings", http.StatusConflict, "Too many recordings", "The conference keeps no more recordings; delete some."},
	{"too_many_sounds", http.StatusConflict, "Too many sounds", "No more sounds are kept; delete some."},
	{"unknown_format", http.StatusUnprocessableEntity, "Unknown format", "Recordings are not made in this format here."},
	{"unknown_quality", http.StatusUnprocessableEntity, "Unknown quality", "The quality of a recording is standard or high."},
	{"not_recording", http.StatusConflict, "Not recording", "The conference is not being recorded."},
	{"nobody_connected", http.StatusConflict, "Nobody connected", "Nobody is in the conference, so there is nothing to hear or to record."},
	{"number_taken", http.StatusConflict, "Number taken", "A dial-in number belongs to one conference at a time, and another one has it."},
	{"suppressed", http.StatusConflict, "Number suppressed", "This number has asked not to be called, so it is not rung again."},
	{codeIdemRunning, http.StatusConflict, "Still running", "The first request with this Idempotency-Key has not been answered yet; try again in a second."},
	{codeAhead, http.StatusConflict, "Event not yet", "The event to go on from does not exist yet; read the conference for its present seq."},
	{codeStale, http.StatusPreconditionFailed, "Changed meanwhile", "If-Match names another state than the present one; read again."},
	{codeTooLarge, http.StatusRequestEntityTooLarge, "Body too large", "A body may have 65536 bytes (a bulk add 1048576, a sound 20971520)."},
	{codeMediaType, http.StatusUnsupportedMediaType, "Unsupported media type", "Send the body as application/json, a sound as audio/wav, audio/ogg, audio/mpeg, audio/flac or a form."},
	{codeRange, http.StatusRequestedRangeNotSatisfiable, "Range not satisfiable", "The file is shorter than the range that was asked for."},

	{codeRequired, http.StatusUnprocessableEntity, "Field missing", "A required field is missing."},
	{codeInvalidField, http.StatusUnprocessableEntity, "Invalid field", "The field's value is of the wrong type, too long, out of range or contains control characters."},
	{codeInvalidNumber, http.StatusUnprocessableEntity, "Invalid phone number", "Phone numbers are E.164: +, the country code and the number, at most 20 characters."},
	{codeUnknownField, http.StatusUnprocessableEntity, "Unknown field", "There is no such field; nothing is ignored silently."},
	{codeUnknownParameter, http.StatusUnprocessableEntity, "Unknown parameter", "There is no such query parameter, or it is given twice."},
	{codeNotSupported, http.StatusUnprocessableEntity, "Not supported", "The option is known but not available in this version; leave it out."},
	{codeIdemReused, http.StatusUnprocessableEntity, "Idempotency-Key reused", "This Idempotency-Key was used for another request; make a new one for each request."},

	{"invalid_text", http.StatusUnprocessableEntity, "Invalid text", "The text contains control or text direction characters."},
	{"too_long", http.StatusUnprocessableEntity, "Too long", "The text has too many characters."},
	{"out_of_range", http.StatusUnprocessableEntity, "Out of range", "The number or duration is outside what is allowed here."},
	{"invalid_pin", http.StatusUnprocessableEntity, "Invalid PIN", "A PIN has 4 to 6 digits."},
	{"pin_missing", http.StatusUnprocessableEntity, "PIN missing", "A PIN is asked for, but there is none: give the conference one, or set send_pin_via_sms."},
	{"sms_not_configured", http.StatusUnprocessableEntity, "No SMS provider", "This installation cannot send texts."},
	{"invalid_accept", http.StatusUnprocessableEntity, "Invalid acceptance", "accept asks for something that does not exist."},
	{"invalid_dial_after", http.StatusUnprocessableEntity, "Invalid dial_after", "dial_after is unknown, or waits for a text that nobody sends."},
	{"unknown_role", http.StatusUnprocessableEntity, "Unknown role", "A role is presenter, listener, participant or operator."},
	{"unknown_hold_music", http.StatusUnprocessableEntity, "Unknown hold music", "There is no such hold music."},
	{"unknown_sound", http.StatusUnprocessableEntity, "Unknown sound", "There is no such sound."},
	{"bad_sound", http.StatusUnprocessableEntity, "Bad sound", "The file is no sound that can be read, or it is empty or too long; the detail says which."},
	{"unknown_language", http.StatusUnprocessableEntity, "Unknown language", "The prompts are not spoken in this language here."},
	{"unknown_action", http.StatusUnprocessableEntity, "Unknown action", "There is no such action."},
	{"caller_id_not_verified", http.StatusUnprocessableEntity, "Caller id not verified", "caller_id is none of this installation's verified numbers."},
	{"country_not_allowed", http.StatusUnprocessableEntity, "Country not allowed", "Numbers of this country or prefix are not dialled from here."},
	{"premium_number", http.StatusUnprocessableEntity, "Premium number", "Premium, satellite and service numbers are never dialled."},
	{"suppressed", http.StatusUnprocessableEntity, "Number suppressed", "This number has asked not to be called."},

	{codeRate, http.StatusTooManyRequests, "Too many requests", "Slow down; Retry-After says when to try again and the RateLimit headers by how much."},
	{codeAuthRate, http.StatusTooManyRequests, "Too many failures", "Too many invalid keys came from this address."},
	{"spend_limit", http.StatusTooManyRequests, "Spend limit", "Today's attempts or minutes are used up; they start anew at midnight UTC."},
	{codeTransfers, http.StatusTooManyRequests, "Too many transfers", "Too many uploads or downloads run at once; wait for one to end."},
	{codeStreams, http.StatusTooManyRequests, "Too many streams", "This key has too many event streams open; close some."},

	{codeInternal, http.StatusInternalServerError, "Internal error", "Our fault; the log has it under this request_id."},
	{codeUnavailable, http.StatusServiceUnavailable, "Not available now", "The store cannot write at the moment; nothing was done, try again after Retry-After."},
	{"draining", http.StatusServiceUnavailable, "Draining", "This server takes no new work before it stops; try again, another will answer."},
	{"shutting_down", http.StatusServiceUnavailable, "Shutting down", "This server is stopping; try again."},
	{"too_many_readers", http.StatusServiceUnavailable, "Too many readers", "The conference has as many event streams as it may."},
	{codeNotReady, http.StatusServiceUnavailable, "Not ready", "The process is alive but should get no new work; the detail says why."},
}

// codeOf finds a documented refusal, the first of its name.
func codeOf(name string) (Code, bool) {
	for _, c := range codes {
		if c.Name == name {
			return c, true
		}
	}
	return Code{}, false
}

// Codes lists every documented refusal.
func Codes() []Code { return append([]Code(nil), codes...) }
