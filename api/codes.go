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
	{codeBadRequestID, http.StatusBadRequest, "Invalid X-Request-Id", "X-Request-Id takes 1 to 128 letters, digits and ._:- characters."},
	{codeBadIdempotency, http.StatusBadRequest, "Invalid Idempotency-Key", "Idempotency-Key takes one value of 1 to 255 printable ASCII characters without spaces."},

	{codeNoKey, http.StatusUnauthorized, "No key", "Send an API key in X-Auth-Token or in Authorization: Bearer."},
	{codeBadKey, http.StatusUnauthorized, "Invalid key", "The key is unknown, mistyped or revoked."},
	{codeTwoKeys, http.StatusUnauthorized, "Two keys", "The request carries two different keys; send one."},
	{codeScope, http.StatusForbidden, "Not permitted", "The key lacks the scope for this: read to look, write to change."},

	{codeNotFound, http.StatusNotFound, "Not found", "Nothing has this id, or it belongs to another tenant; the two cannot be told apart."},
	{codeNoRoute, http.StatusNotFound, "No such route", "No such path; /openapi.json lists them all."},
	{codeMethod, http.StatusMethodNotAllowed, "Method not allowed", "The path exists, the method does not; see the Allow header."},

	{codeIdemRunning, http.StatusConflict, "Still running", "The first request with this Idempotency-Key has not been answered yet; try again in a second."},
	{codeAhead, http.StatusConflict, "Event not yet", "The event to go on from does not exist yet; read the conference for its present seq."},
	{codeStale, http.StatusPreconditionFailed, "Changed meanwhile", "If-Match names another state than the present one; read again."},
	{codeTooLarge, http.StatusRequestEntityTooLarge, "Body too large", "A body may have 65536 bytes (a bulk add 1048576)."},
	{codeMediaType, http.StatusUnsupportedMediaType, "Unsupported media type", "Send the body as application/json."},

	{codeRequired, http.StatusUnprocessableEntity, "Field missing", "A required field is missing."},
	{codeInvalidField, http.StatusUnprocessableEntity, "Invalid field", "The field's value is of the wrong type, too long, out of range or contains control characters."},
	{codeInvalidNumber, http.StatusUnprocessableEntity, "Invalid phone number", "Phone numbers are E.164: +, the country code and the number, at most 20 characters."},
	{codeUnknownField, http.StatusUnprocessableEntity, "Unknown field", "There is no such field; nothing is ignored silently."},
	{codeUnknownParameter, http.StatusUnprocessableEntity, "Unknown parameter", "There is no such query parameter, or it is given twice."},
	{codeNotSupported, http.StatusUnprocessableEntity, "Not supported", "The option is known but not available in this version; leave it out."},
	{codeIdemReused, http.StatusUnprocessableEntity, "Idempotency-Key reused", "This Idempotency-Key was used for another request; make a new one for each request."},

	{codeRate, http.StatusTooManyRequests, "Too many requests", "Slow down; Retry-After says when to try again and the RateLimit headers by how much."},
	{codeAuthRate, http.StatusTooManyRequests, "Too many failures", "Too many invalid keys came from this address."},
	{codeStreams, http.StatusTooManyRequests, "Too many streams", "This key has too many event streams open; close some."},

	{codeInternal, http.StatusInternalServerError, "Internal error", "Our fault; the log has it under this request_id."},
	{codeUnavailable, http.StatusServiceUnavailable, "Not available now", "The store cannot write at the moment; nothing was done, try again after Retry-After."},
	{codeNotReady, http.StatusServiceUnavailable, "Not ready", "The process is alive but should get no new work; the detail says why."},
}

// codeOf finds a documented refusal.
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
