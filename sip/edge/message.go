package edge

import (
	"bytes"
	"errors"
	"strings"
)

// Limits of one message. They are far above what carriers send.
const (
	MaxDatagram = 16 << 10 // bytes over UDP
	MaxStream   = 64 << 10 // bytes over TCP and TLS
	maxHeaders  = 128
	maxVias     = 40      // RFC 4475 has a good request of 34
	maxLine     = 8 << 10 // bytes of one header
	maxTags     = 32      // option tags of a Require
	maxSDP      = 8 << 10
	maxMedia    = 4  // m= lines of an SDP body
	maxFormats  = 32 // formats of one m= line
)

// field is one header line, unfolded and with its name in full and lower case.
type field struct{ name, value string }

// message is a SIP message taken apart just far enough to judge it. Nothing in
// it is trusted yet.
type message struct {
	start  string
	fields []field
	body   []byte // everything behind the empty line
	folded bool   // some line was folded, or has space before its colon
	many   bool   // more headers than allowed: the rest was not read
	vias   []string
}

var (
	errNoHead = errors.New("no end of the headers")
	errLine   = errors.New("a header line without name and colon, or a stray line break")
)

// take splits a message into lines. An error comes with what was read before
// it, which may be enough to answer.
func take(b []byte) (*message, error) {
	m := &message{}
	head, body, ok := bytes.Cut(b, []byte("\r\n\r\n"))
	m.body = body
	text := string(head)
	line, rest, more := strings.Cut(text, "\r\n")
	m.start = line
	var bad error
	for more {
		line, rest, more = strings.Cut(rest, "\r\n")
		var folds []string
		kept := 0
		for more && rest != "" && (rest[0] == ' ' || rest[0] == '\t') {
			var fold string
			fold, rest, more = strings.Cut(rest, "\r\n")
			if kept <= maxLine { // beyond that the header is refused, whatever follows
				folds = append(folds, strings.Trim(fold, " \t"))
				kept += len(fold)
			}
		}
		if len(folds) > 0 {
			m.folded = true
			line = strings.TrimRight(line, " \t") + " " + strings.Join(folds, " ")
		}
		name, value, colon := strings.Cut(line, ":")
		bare := strings.TrimRight(name, " \t")
		if !colon || !isToken(bare) || strings.ContainsAny(line, "\r\n") {
			bad = errLine
			continue
		}
		m.folded = m.folded || len(bare) != len(name)
		if len(m.fields) == maxHeaders {
			m.many = true
			break
		}
		m.fields = append(m.fields, field{longName(bare), strings.Trim(value, " \t")})
	}
	for _, f := range m.fields {
		if f.name == "via" && len(m.vias) <= maxVias && len(f.value) <= maxLine {
			m.vias = append(m.vias, splitOutside(f.value, ',')...)
		}
	}
	switch {
	case !ok:
		return m, errNoHead
	case strings.ContainsAny(m.start, "\r\n"):
		return m, errLine
	}
	return m, bad
}

// count and first look for a header by its full lower-case name.
func (m *message) count(name string) (n int) {
	for _, f := range m.fields {
		if f.name == name {
			n++
		}
	}
	return n
}

func (m *message) first(name string) string {
	for _, f := range m.fields {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// list is every element of a comma-separated header, in lower case.
func (m *message) list(name string) (out []string) {
	for _, f := range m.fields {
		if f.name != name {
			continue
		}
		for _, e := range splitOutside(f.value, ',') {
			if e = strings.ToLower(strings.Trim(e, " \t")); e != "" {
				out = append(out, e)
			}
		}
	}
	return out
}

// compact are the one-letter names of headers (RFC 3261 §20 and others).
var compact = map[string]string{
	"a": "accept-contact", "b": "referred-by", "c": "content-type", "d": "request-disposition",
	"e": "content-encoding", "f": "from", "i": "call-id", "j": "reject-contact", "k": "supported",
	"l": "content-length", "m": "contact", "n": "identity-info", "o": "event", "r": "refer-to",
	"s": "subject", "t": "to", "u": "allow-events", "v": "via", "x": "session-expires", "y": "identity",
}

func longName(name string) string {
	name = strings.ToLower(name)
	if long, ok := compact[name]; ok {
		return long
	}
	return name
}

// isToken is RFC 3261's token, of which methods and header names are made.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte("-.!%*_+`'~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}

// splitOutside splits at sep where it stands outside quoted strings and angle
// brackets.
func splitOutside(s string, sep byte) []string {
	var out []string
	from, quoted, angle := 0, false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case c == sep && !angle:
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	return append(out, s[from:])
}

// param finds a parameter behind the first ';' of a header value, outside
// quotes and angle brackets.
func param(value, name string) (string, bool) {
	for i, p := range splitOutside(value, ';') {
		key, val, _ := strings.Cut(p, "=")
		if i > 0 && strings.EqualFold(strings.Trim(key, " \t"), name) {
			return strings.Trim(val, " \t"), true
		}
	}
	return "", false
}
