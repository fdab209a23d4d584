package cause

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Retry says whether the same number may be rung again for the same purpose.
type Retry uint8

// Retry rules of the cause table.
const (
	RetryNever      Retry = iota
	RetryBackOff          // yes, with growing pauses
	RetryYes              // yes
	RetryOnce             // one more time, later
	RetryOtherTrunk       // yes, but not over the trunk that said so
	RetryUncounted        // yes, and this try does not count as an attempt
)

// Verdict is what an answer, or the lack of one, means for the call and for
// the trunk it came over.
type Verdict struct {
	Cause      Cause
	Retry      Retry
	RetryAfter time.Duration // when the far end asked for patience; 0: it did not
	Failover   bool          // the next trunk may be tried at once: the phone has not rung
	RestTrunk  time.Duration // leave this trunk alone for so long; at most MaxRest
	Redress    string        // where to complain about a block: a URL, mailto: or tel: (608, 603 "Network Blocked")
	Suppress   bool          // the person does not want calls: never dial the number again
	TrunkAlarm bool          // a person has to repair the trunk's account or credentials
}

// Answer is a final response together with what is known of the attempt.
type Answer struct {
	Code   int
	Phrase string
	Header func(name string) string // first value of a header, "" without one; nil is allowed
	Body   []byte                   // only looked at for words of rate and channel limits
	// Provisional says that a 1xx other than 100 came before: somebody's phone
	// may have rung.
	Provisional bool
}

// Bounds of waiting times.
const (
	MaxRest       = 300 * time.Second // longest rest a Retry-After gives a trunk
	MaxRetryAfter = 24 * time.Hour    // longest Retry-After that is believed
	limitRest     = time.Second       // rest after a rate limit without Retry-After: one window of a carrier's counter
)

// FromResponse judges a final response by its status line and headers, as if
// no phone had rung before. Judge takes everything that is known.
func FromResponse(code int, phrase string, header func(name string) string) Verdict {
	return Judge(Answer{Code: code, Phrase: phrase, Header: header})
}

// Judge judges a final response (300–699). Codes outside that range, which a
// well-behaved far end does not send, are a failure of the trunk.
func Judge(a Answer) Verdict {
	if a.Header == nil {
		a.Header = func(string) string { return "" }
	}
	v := byCode(a.Code)
	if wait, _, ok := ParseRetryAfter(a.Header("Retry-After")); ok {
		v.RetryAfter = wait
	}
	switch {
	case a.Code == 408 && a.Provisional:
		v.Failover = false
	case a.Code == 608 || saysBlocked(a):
		v.Cause, v.Retry = CarrierBlocked, RetryNever
		v.Redress = redress(a)
	case saysLimit(a):
		v.Cause, v.Retry = TrunkLimit, RetryUncounted
	}
	if v.Cause == TrunkLimit {
		v.RetryAfter = min(v.RetryAfter, MaxRest)
		v.RestTrunk = max(v.RetryAfter, limitRest)
	}
	return v
}

// FromError judges a request that could not be sent: DNS, transport, TLS. A
// canceled context is our own doing and no fault of the trunk.
func FromError(err error) Verdict {
	if errors.Is(err, context.Canceled) {
		return Verdict{Cause: Canceled}
	}
	return Verdict{Cause: TrunkFailure, Retry: RetryYes, Failover: true}
}

// FromSilence judges an INVITE nobody answered finally. With a provisional
// answer a phone rang out; without one the trunk may be dead.
func FromSilence(provisional bool) Verdict {
	return Verdict{Cause: NoAnswer, Retry: RetryYes, Failover: !provisional}
}

// byCode is the cause table by status code alone.
func byCode(code int) Verdict {
	if v, ok := table[code]; ok {
		return v
	}
	switch {
	case code >= 300 && code < 400:
		return Verdict{Cause: Redirected}
	case code >= 600 && code < 700:
		return Verdict{Cause: Declined}
	case code >= 500 && code < 600:
		return Verdict{Cause: TrunkFailure, Retry: RetryYes, Failover: true}
	default: // 4xx about our request, not about the person
		return Verdict{Cause: TrunkFailure, Retry: RetryOtherTrunk}
	}
}

var table = map[int]Verdict{
	486: {Cause: Busy, Retry: RetryBackOff},
	600: {Cause: Busy, Retry: RetryBackOff},
	408: {Cause: NoAnswer, Retry: RetryYes, Failover: true},
	487: {Cause: NoAnswer, Retry: RetryYes}, // the end of our own CANCEL
	480: {Cause: Unavailable, Retry: RetryOnce},
	404: {Cause: InvalidNumber},
	410: {Cause: InvalidNumber},
	484: {Cause: InvalidNumber},
	604: {Cause: InvalidNumber},
	603: {Cause: Declined},
	433: {Cause: Declined},
	607: {Cause: Unwanted, Suppress: true},
	608: {Cause: CarrierBlocked},
	401: {Cause: TrunkAuth, TrunkAlarm: true},
	407: {Cause: TrunkAuth, TrunkAlarm: true},
	402: {Cause: TrunkFailure, Retry: RetryOtherTrunk, TrunkAlarm: true}, // the account is empty
	403: {Cause: DestinationForbidden},
	429: {Cause: TrunkLimit, Retry: RetryUncounted, Failover: true},
	503: {Cause: TrunkLimit, Retry: RetryUncounted, Failover: true},
	488: {Cause: MediaMismatch, Retry: RetryOtherTrunk},
	606: {Cause: MediaMismatch, Retry: RetryOtherTrunk},
	415: {Cause: MediaMismatch, Retry: RetryOtherTrunk},
	430: {Cause: TrunkFailure, Retry: RetryYes, Failover: true}, // RFC 5626: the flow to the phone failed
}

// saysLimit finds the words carriers use for "too many calls at once" in
// codes that mean something else by themselves.
func saysLimit(a Answer) bool {
	switch a.Code {
	case 403, 480, 500, 503, 429:
	default:
		return false
	}
	text := a.Phrase + "\n" + a.Header("Warning") + "\n" + a.Header("Reason") + "\n" + string(a.Body[:min(len(a.Body), 1024)])
	return hasWord(text, "cps") || hasWord(text, "concurrent") || hasWord(text, "concurrency") ||
		strings.Contains(strings.ToLower(text), "calls per second")
}

// hasWord finds a lower-case word of letters standing alone.
func hasWord(text, word string) bool {
	notLetter := func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }
	for f := range strings.FieldsFuncSeq(text, notLetter) {
		if strings.EqualFold(f, word) {
			return true
		}
	}
	return false
}
