package sip

import (
	"strings"

	"github.com/emiago/sipgo/sip"
)

// callerOf is who calls: the identity that the trunk asserts (RFC 3325), else
// From; nobody where that is withheld (RFC 3323).
func callerOf(req *sip.Request) string {
	for _, h := range req.GetHeaders("Privacy") {
		for w := range strings.SplitSeq(h.Value(), ";") {
			if w = strings.TrimSpace(w); strings.EqualFold(w, "id") || strings.EqualFold(w, "user") {
				return ""
			}
		}
	}
	if asserted := header(req, "P-Asserted-Identity"); asserted != "" {
		if user := userOf(asserted); user != "" {
			return e164(user)
		}
	}
	from := req.From().Address
	if strings.EqualFold(from.User, "anonymous") || strings.HasSuffix(strings.ToLower(from.Host), "anonymous.invalid") {
		return ""
	}
	return e164(from.User)
}

// userOf is the user part of a name-addr.
func userOf(value string) string {
	if i := strings.IndexByte(value, '<'); i >= 0 {
		value = value[i+1:]
		if j := strings.IndexByte(value, '>'); j >= 0 {
			value = value[:j]
		}
	}
	if rest, ok := strings.CutPrefix(value, "tel:"); ok {
		number, _, _ := strings.Cut(rest, ";")
		return number
	}
	u, err := parseURI(strings.TrimSpace(value))
	if err != nil {
		return ""
	}
	return u.User
}

// e164 is a number with its plus sign where it is one, without the marks that
// people write into numbers; what is no number at all is nobody's. A number
// without a plus stays without: what it would need before it only the
// operator knows.
func e164(user string) string {
	user, _, _ = strings.Cut(user, ";")
	var b strings.Builder
	for i, r := range user {
		switch {
		case r == '+' && i == 0, r >= '0' && r <= '9':
			b.WriteRune(r)
		case strings.ContainsRune("-. ()", r):
		default:
			return ""
		}
	}
	if digits := strings.TrimPrefix(b.String(), "+"); digits == "" || len(digits) > 15 {
		return ""
	}
	return b.String()
}
