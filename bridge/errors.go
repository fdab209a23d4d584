package bridge

import "fmt"

// Kind groups errors by what the caller can do about them; api maps it to an
// HTTP status in one place.
type Kind uint8

const (
	Internal    Kind = iota
	Invalid          // 422: a field is wrong
	NotFound         // 404: unknown, or another tenant's
	Conflict         // 409: not in this state
	Forbidden        // 403
	RateLimited      // 429
	Unavailable      // 503: draining, no capacity, no disk
	Stale            // 412: a patch's If did not hold
)

// Error is a refusal a person can act on. Code is stable and documented;
// Detail is a sentence; Param names the field at fault.
type Error struct {
	Kind       Kind
	Code       string
	Param      string
	Detail     string
	RetryAfter int // seconds, for RateLimited and Unavailable
}

func (e *Error) Error() string {
	if e.Param != "" {
		return fmt.Sprintf("%s (%s): %s", e.Code, e.Param, e.Detail)
	}
	return e.Code + ": " + e.Detail
}

func refuse(kind Kind, code, param, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Param: param, Detail: fmt.Sprintf(format, args...)}
}
