package cause

import (
	"net/url"
	"strings"
)

// fraudHeaders are headers by which providers say that an analytics engine,
// not a person, refused the call.
var fraudHeaders = []string{"X-Fraud", "X-Fraud-Reason", "X-Fraud-Score"}

// saysBlocked tells a network's block from a person's refusal: 603 with the
// phrase "Network Blocked" or an analytics text in Reason (ATIS-1000099), or a
// provider's fraud header on 403 and 603.
func saysBlocked(a Answer) bool {
	if a.Code != 603 && a.Code != 403 {
		return false
	}
	for _, h := range fraudHeaders {
		if a.Header(h) != "" {
			return true
		}
	}
	if a.Code != 603 {
		return false
	}
	if strings.Contains(strings.ToLower(a.Phrase), "network blocked") {
		return true
	}
	text := strings.ToLower(reasonText(a.Header("Reason")))
	return strings.Contains(text, "v=analytics") || strings.Contains(text, "network blocked")
}

// redress finds where to complain: the jCard of Call-Info (RFC 8688 §3.2) or
// the contact inside the Reason text of a 603 (ATIS-1000099).
func redress(a Answer) string {
	if u := cardURL(a.Header("Call-Info")); u != "" {
		return u
	}
	for f := range strings.SplitSeq(reasonText(a.Header("Reason")), ";") {
		key, val, _ := strings.Cut(strings.TrimSpace(f), "=")
		switch strings.ToLower(key) {
		case "url":
			if u := contact(val); u != "" {
				return u
			}
		case "phone", "tel":
			if u := contact("tel:" + strings.TrimPrefix(val, "tel:")); u != "" {
				return u
			}
		case "email":
			if u := contact("mailto:" + strings.TrimPrefix(val, "mailto:")); u != "" {
				return u
			}
		}
	}
	return ""
}

// cardURL takes the URL of the first card out of a Call-Info value such as
// <https://blocker.example/card.json>;purpose=jwscard, <...>;purpose=icon.
func cardURL(info string) string {
	for info != "" {
		_, rest, ok := strings.Cut(info, "<")
		if !ok {
			return ""
		}
		uri, rest, ok := strings.Cut(rest, ">")
		if !ok {
			return ""
		}
		params, next, _ := strings.Cut(rest, "<")
		for p := range strings.SplitSeq(strings.ToLower(params), ";") {
			p = strings.Trim(p, " \t,")
			if p == "purpose=jwscard" || p == "purpose=jcard" || p == "purpose=card" {
				return contact(uri)
			}
		}
		if next == "" {
			return ""
		}
		info = "<" + next
	}
	return ""
}

// contact accepts only what is safe to show and to click: http, https, tel,
// mailto and sip URIs of moderate length in printable ASCII.
func contact(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 512 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '<' || r == '>' }) {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return ""
		}
	case "tel", "mailto", "sip", "sips":
		if u.Opaque == "" {
			return ""
		}
	default:
		return ""
	}
	return s
}

// reasonText is the text parameter of a Reason header (RFC 3326), unquoted.
func reasonText(reason string) string {
	i := strings.Index(strings.ToLower(reason), "text=")
	if i < 0 {
		return ""
	}
	s := strings.TrimLeft(reason[i+len("text="):], " \t")
	if !strings.HasPrefix(s, `"`) {
		s, _, _ = strings.Cut(s, ";")
		return strings.TrimSpace(s)
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		case '"':
			return b.String()
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
