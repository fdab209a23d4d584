package sms

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"partyline/state"
)

// Text is what a provider is asked to send.
type Text struct {
	To   string // E.164
	Body string
	ID   string // of the state.Message: names the text in delivery reports

	// ExpiresAt is when the text becomes worthless; a provider that can drops
	// it then. Zero: never.
	ExpiresAt time.Time
	// Known are provider ids of other texts to the same number: Find never
	// takes one of them for this text.
	Known []string
}

// Receipt is a provider's word that it has a text.
type Receipt struct {
	ProviderID string
}

// Provider sends texts. Its methods are safe for concurrent use and return
// when ctx ends.
type Provider interface {
	// Send hands one text over. Errors: *RetryError and *PermanentError when
	// the text surely did not go out; any other error means that nobody knows.
	Send(ctx context.Context, t Text) (Receipt, error)
	// Find says after an unknown outcome whether the text went out at or after
	// since. False with a nil error means surely not. Errors: ErrCannotTell
	// when the provider has no way to know, *PermanentError when it took the
	// text and then gave up on it, *RetryError and others when asking failed.
	Find(ctx context.Context, t Text, since time.Time) (Receipt, bool, error)
}

// Reporter is a Provider that tells later what became of a text.
type Reporter interface {
	// ReadReport reads one delivery report, the form already parsed and its
	// size limited by the caller. Errors: ErrForged, ErrBadReport.
	ReadReport(r *http.Request) (Report, error)
}

// Report is a provider's later word about a text.
type Report struct {
	MessageID  string              // Text.ID
	ProviderID string              // as in the Receipt
	Status     state.MessageStatus // sent, delivered or failed; "" for steps of no interest
	Detail     string              // of failed: a sentence without number or body
}

var (
	// ErrCannotTell: the provider keeps no record to look a text up in.
	ErrCannotTell = errors.New("sms: the provider cannot tell whether the text went out")
	// ErrForged: a delivery report without a valid signature.
	ErrForged = errors.New("sms: delivery report with a wrong signature")
	// ErrBadReport: a delivery report that makes no sense.
	ErrBadReport = errors.New("sms: malformed delivery report")
)

// RetryError: the text did not go out; a later try may succeed.
type RetryError struct {
	After time.Duration // the provider's wish (Retry-After); 0: none
	// Unreachable: the provider never got the request. Such a try is not held
	// against the message.
	Unreachable bool
	Detail      string
}

func (e *RetryError) Error() string {
	if e.After > 0 {
		return fmt.Sprintf("sms: not sent, retry in %v: %s", e.After, e.Detail)
	}
	return "sms: not sent, may be retried: " + e.Detail
}

// PermanentError: the text did not go out and never will.
type PermanentError struct {
	Code   int    // the provider's own code, 0 when there is none
	Detail string // a sentence for people: no number, no body, no credentials
	// Configuration: the account or its settings are at fault, so every other
	// text fails too until the operator acts.
	Configuration bool
}

func (e *PermanentError) Error() string {
	if e.Code != 0 {
		return fmt.Sprintf("sms: refused (%d): %s", e.Code, e.Detail)
	}
	return "sms: refused: " + e.Detail
}
