package cause

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

func headers(kv ...string) func(string) string {
	return func(name string) string {
		for i := 0; i+1 < len(kv); i += 2 {
			if strings.EqualFold(kv[i], name) {
				return kv[i+1]
			}
		}
		return ""
	}
}

// Every code of 300–699 has a cause, and another phone call follows at once
// only where no phone can have rung.
func TestEveryCode(t *testing.T) {
	named := map[int]Cause{
		486: Busy, 600: Busy, 408: NoAnswer, 487: NoAnswer, 480: Unavailable,
		404: InvalidNumber, 410: InvalidNumber, 484: InvalidNumber, 604: InvalidNumber,
		603: Declined, 433: Declined, 608: CarrierBlocked, 607: Unwanted,
		401: TrunkAuth, 407: TrunkAuth, 403: DestinationForbidden,
		429: TrunkLimit, 503: TrunkLimit, 488: MediaMismatch, 606: MediaMismatch, 415: MediaMismatch,
	}
	for code := 300; code <= 699; code++ {
		want, ok := named[code]
		if !ok {
			switch {
			case code < 400:
				want = Redirected
			case code >= 600:
				want = Declined
			default:
				want = TrunkFailure
			}
		}
		v := FromResponse(code, "", nil)
		if v.Cause != want {
			t.Errorf("%d: cause %q, want %q", code, v.Cause, want)
		}
		failover := code == 408 || code == 429 || code == 430 || code >= 500 && code < 600
		if v.Failover != failover {
			t.Errorf("%d: failover %v, want %v", code, v.Failover, failover)
		}
		if v.Suppress != (code == 607) {
			t.Errorf("%d: suppress %v", code, v.Suppress)
		}
		if v.TrunkAlarm != (code == 401 || code == 407 || code == 402) {
			t.Errorf("%d: alarm %v", code, v.TrunkAlarm)
		}
		if (v.RestTrunk > 0) != (want == TrunkLimit) {
			t.Errorf("%d: rests the trunk %v", code, v.RestTrunk)
		}
	}
}

func TestRetryColumn(t *testing.T) {
	for code, want := range map[int]Retry{
		486: RetryBackOff, 600: RetryBackOff, 408: RetryYes, 487: RetryYes, 480: RetryOnce,
		404: RetryNever, 410: RetryNever, 484: RetryNever, 604: RetryNever, 603: RetryNever, 433: RetryNever,
		607: RetryNever, 608: RetryNever, 401: RetryNever, 407: RetryNever, 403: RetryNever,
		429: RetryUncounted, 503: RetryUncounted, 488: RetryOtherTrunk, 606: RetryOtherTrunk, 415: RetryOtherTrunk,
		302: RetryNever, 500: RetryYes, 502: RetryYes, 504: RetryYes,
	} {
		if got := FromResponse(code, "", nil).Retry; got != want {
			t.Errorf("%d: retry %d, want %d", code, got, want)
		}
	}
}

func TestBlocked(t *testing.T) {
	for _, tc := range []struct {
		name    string
		a       Answer
		cause   Cause
		redress string
	}{
		{"a person's no", Answer{Code: 603, Phrase: "Decline"}, Declined, ""},
		{"a person's no with a reason", Answer{Code: 603, Phrase: "Decline", Header: headers("Reason", `Q.850;cause=21;text="call rejected"`)}, Declined, ""},
		{"phrase", Answer{Code: 603, Phrase: "Network Blocked"}, CarrierBlocked, ""},
		{"analytics text", Answer{Code: 603, Phrase: "Decline", Header: headers("Reason",
			`SIP;cause=603;text="v=analytics1;url=https://blocker.example/redress;phone=+12025550100";location=RLN`)}, CarrierBlocked, "https://blocker.example/redress"},
		{"phone only", Answer{Code: 603, Phrase: "Network Blocked", Header: headers("Reason",
			`SIP;cause=603;text="v=analytics1;phone=+12025550100"`)}, CarrierBlocked, "tel:+12025550100"},
		{"mail only", Answer{Code: 603, Phrase: "network blocked", Header: headers("Reason",
			`SIP;cause=603;text="v=analytics1;email=help@blocker.example"`)}, CarrierBlocked, "mailto:help@blocker.example"},
		{"608 with card", Answer{Code: 608, Phrase: "Rejected", Header: headers("Call-Info",
			`<https://x.example/i.png>;purpose=icon, <https://block.example.net/complaint.json>;purpose=jwscard`)}, CarrierBlocked, "https://block.example.net/complaint.json"},
		{"608 without card", Answer{Code: 608, Phrase: "Rejected", Header: headers("Call-Info", `<https://x.example/i.png>;purpose=icon`)}, CarrierBlocked, ""},
		{"608 with a script for a card", Answer{Code: 608, Header: headers("Call-Info", `<javascript:alert(1)>;purpose=jwscard`)}, CarrierBlocked, ""},
		{"608 with a line break", Answer{Code: 608, Header: headers("Call-Info", "<https://x.example/a\r\nb>;purpose=jwscard")}, CarrierBlocked, ""},
		{"608 broken", Answer{Code: 608, Header: headers("Call-Info", `<https://x.example`)}, CarrierBlocked, ""},
		{"fraud header on 403", Answer{Code: 403, Header: headers("X-Fraud-Reason", "irsf")}, CarrierBlocked, ""},
		{"403", Answer{Code: 403, Phrase: "Forbidden"}, DestinationForbidden, ""},
		{"fraud header on busy", Answer{Code: 486, Header: headers("X-Fraud-Reason", "irsf")}, Busy, ""},
	} {
		v := Judge(tc.a)
		if v.Cause != tc.cause || v.Redress != tc.redress {
			t.Errorf("%s: %q redress %q, want %q %q", tc.name, v.Cause, v.Redress, tc.cause, tc.redress)
		}
		if v.Cause == CarrierBlocked && (v.Retry != RetryNever || v.Failover) {
			t.Errorf("%s: a blocked call is tried again", tc.name)
		}
	}
}

func TestTrunkLimit(t *testing.T) {
	for _, tc := range []struct {
		name  string
		a     Answer
		cause Cause
		rest  time.Duration
		after time.Duration
	}{
		{"503", Answer{Code: 503}, TrunkLimit, time.Second, 0},
		{"503 with Retry-After", Answer{Code: 503, Header: headers("Retry-After", "30")}, TrunkLimit, 30 * time.Second, 30 * time.Second},
		{"429 with comment", Answer{Code: 429, Header: headers("Retry-After", "7 (slow down);duration=60")}, TrunkLimit, 7 * time.Second, 7 * time.Second},
		{"an hour is five minutes", Answer{Code: 503, Header: headers("Retry-After", "3600")}, TrunkLimit, MaxRest, MaxRest},
		{"nonsense", Answer{Code: 503, Header: headers("Retry-After", "soon")}, TrunkLimit, time.Second, 0},
		{"403 CPS", Answer{Code: 403, Phrase: "CPS Limit Exceeded"}, TrunkLimit, time.Second, 0},
		{"480 Warning", Answer{Code: 480, Header: headers("Warning", `399 sbc "too many concurrent calls"`)}, TrunkLimit, time.Second, 0},
		{"500 body", Answer{Code: 500, Body: []byte("calls per second exceeded")}, TrunkLimit, time.Second, 0},
		{"busy stays busy", Answer{Code: 486, Phrase: "concurrent"}, Busy, 0, 0},
		{"inside another word", Answer{Code: 403, Phrase: "HTTPCPSX"}, DestinationForbidden, 0, 0},
		{"unavailable for an hour", Answer{Code: 480, Header: headers("Retry-After", "3600")}, Unavailable, 0, time.Hour},
	} {
		v := Judge(tc.a)
		if v.Cause != tc.cause || v.RestTrunk != tc.rest || v.RetryAfter != tc.after {
			t.Errorf("%s: %q rest %v after %v, want %q %v %v", tc.name, v.Cause, v.RestTrunk, v.RetryAfter, tc.cause, tc.rest, tc.after)
		}
	}
	if Judge(Answer{Code: 480, Phrase: "concurrent"}).Failover || Judge(Answer{Code: 403, Phrase: "CPS"}).Failover {
		t.Error("a 480 or 403 failed over because of its words")
	}
}

func TestSilence(t *testing.T) {
	if v := Judge(Answer{Code: 408, Provisional: true}); v.Cause != NoAnswer || v.Failover {
		t.Errorf("408 after ringing: %+v", v)
	}
	if v := FromSilence(false); v.Cause != NoAnswer || !v.Failover {
		t.Errorf("silence: %+v", v)
	}
	if v := FromSilence(true); v.Cause != NoAnswer || v.Failover {
		t.Errorf("rang out: %+v", v)
	}
	for _, err := range []error{&net.DNSError{}, errors.New("connection refused"), context.DeadlineExceeded} {
		if v := FromError(err); v.Cause != TrunkFailure || !v.Failover {
			t.Errorf("%v: %+v", err, v)
		}
	}
	if v := FromError(fmt.Errorf("send: %w", context.Canceled)); v.Cause != Canceled || v.Failover {
		t.Errorf("canceled: %+v", v)
	}
}

func TestParseRetryAfter(t *testing.T) {
	for _, tc := range []struct {
		in        string
		wait, dur time.Duration
		ok        bool
	}{
		{"120", 120 * time.Second, 0, true},
		{"0", 0, 0, true},
		{" 18000;duration=3600", 18000 * time.Second, time.Hour, true},
		{"120 (I'm in a meeting)", 120 * time.Second, 0, true},
		{"120 (a (nested \\) one))  ; Duration = 60 ;x=y", 120 * time.Second, time.Minute, true},
		{"99999999999999999999999", MaxRetryAfter, 0, true},
		{"5;duration=never", 5 * time.Second, 0, true},
		{"", 0, 0, false},
		{"-5", 0, 0, false},
		{"5 minutes", 0, 0, false},
		{"5 (no end", 0, 0, false},
		{"Fri, 26 Sep 1997 21:00:00 GMT", 0, 0, false},
	} {
		wait, dur, ok := ParseRetryAfter(tc.in)
		if wait != tc.wait || dur != tc.dur || ok != tc.ok {
			t.Errorf("%q: %v %v %v, want %v %v %v", tc.in, wait, dur, ok, tc.wait, tc.dur, tc.ok)
		}
	}
}

func FuzzParseRetryAfter(f *testing.F) {
	for _, s := range []string{"120", "18000;duration=3600", "120 (x)", "120 ((\\)", "99999999999999999999", ";;;", "1;duration=;duration=2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		wait, dur, ok := ParseRetryAfter(s)
		if wait < 0 || wait > MaxRetryAfter || dur < 0 || dur > MaxRetryAfter || !ok && (wait != 0 || dur != 0) {
			t.Fatalf("%q: %v %v %v", s, wait, dur, ok)
		}
		v := FromResponse(503, s, headers("Retry-After", s, "Call-Info", s, "Reason", s, "Warning", s))
		if v.RestTrunk < limitRest || v.RestTrunk > MaxRest {
			t.Fatalf("%q rests the trunk %v", s, v.RestTrunk)
		}
		if r := FromResponse(608, s, headers("Call-Info", s, "Reason", s)).Redress; strings.ContainsAny(r, "\r\n\x00\"<>") {
			t.Fatalf("%q: redress %q", s, r)
		}
	})
}
