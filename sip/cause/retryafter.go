package cause

import (
	"strings"
	"time"
)

// ParseRetryAfter reads a Retry-After value (RFC 3261 §20.33):
//
//	120
//	18000;duration=3600
//	120 (I'm in a meeting);duration=60
//
// wait is how long to stay away, duration how long the far end will then be
// reachable (0: not said). Both are at most MaxRetryAfter. ok is false when
// the value does not begin with whole seconds or its comment never ends.
func ParseRetryAfter(s string) (wait, duration time.Duration, ok bool) {
	s = strings.TrimSpace(s)
	wait, s, ok = seconds(s)
	if !ok {
		return 0, 0, false
	}
	s = strings.TrimLeft(s, " \t")
	if strings.HasPrefix(s, "(") {
		if s, ok = skipComment(s); !ok {
			return 0, 0, false
		}
	}
	s = strings.TrimSpace(s)
	if s != "" && s[0] != ';' {
		return 0, 0, false
	}
	for p := range strings.SplitSeq(s, ";") {
		name, val, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "duration") {
			continue
		}
		if d, rest, good := seconds(strings.TrimSpace(val)); good && rest == "" {
			duration = d
		}
	}
	return wait, duration, true
}

// seconds reads leading digits; a number too large for sense is MaxRetryAfter.
func seconds(s string) (d time.Duration, rest string, ok bool) {
	i, n := 0, int64(0)
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		n = min(n*10+int64(s[i]-'0'), int64(MaxRetryAfter/time.Second))
	}
	return time.Duration(n) * time.Second, s[i:], i > 0
}

// skipComment jumps over a parenthesised comment; they nest and may quote a
// character with a backslash.
func skipComment(s string) (rest string, ok bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return s[i+1:], true
			}
		}
	}
	return "", false
}
