package edge

import (
	"strconv"
	"strings"
)

// via is the hop a request came from, as it names itself.
type via struct {
	host   string // without brackets
	port   uint16 // 0: not said
	branch string
	rport  bool // answers should go to the port it came from (RFC 3581)
}

// parseVia reads one value of a Via header, with the spaces RFC 3261 allows
// around its separators.
func parseVia(s string) (v via, ok bool) {
	parts := strings.SplitN(s, "/", 3)
	if len(parts) != 3 || !strings.EqualFold(strings.Trim(parts[0], " \t"), "SIP") || strings.Trim(parts[1], " \t") != "2.0" {
		return v, false
	}
	rest := strings.TrimLeft(parts[2], " \t")
	space := strings.IndexAny(rest, " \t")
	if space < 0 || !isToken(rest[:space]) {
		return v, false
	}
	by, params, _ := strings.Cut(rest[space:], ";")
	if !balanced(params) {
		return v, false
	}
	by = strings.NewReplacer(" ", "", "\t", "").Replace(by)
	host, port, ok := splitHostPort(by)
	if !ok {
		return v, false
	}
	v = via{host: host, port: port}
	v.branch, _ = param(s, "branch")
	value, asked := param(s, "rport")
	v.rport = asked && value == ""
	return v, true
}

// splitHostPort reads host or host:port, where an IPv6 address stands in
// brackets.
func splitHostPort(s string) (host string, port uint16, ok bool) {
	rest := ""
	if strings.HasPrefix(s, "[") {
		host, rest, ok = strings.Cut(s[1:], "]")
		if !ok || host == "" || strings.Trim(host, "0123456789abcdefABCDEF:.") != "" {
			return "", 0, false
		}
	} else {
		i := strings.IndexByte(s, ':')
		if i < 0 {
			i = len(s)
		}
		host, rest = s[:i], s[i:]
		if host == "" || strings.ContainsFunc(host, func(c rune) bool {
			return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_')
		}) {
			return "", 0, false
		}
	}
	if rest == "" {
		return host, 0, true
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(rest, ":"), 10, 16)
	return host, uint16(n), err == nil && rest[0] == ':'
}

// validHostPart checks what follows the user of a SIP URI: host, port and
// parameters, and no headers.
func validHostPart(s string) bool {
	if strings.Contains(s, "?") {
		return false
	}
	s, _, _ = strings.Cut(s, ";")
	_, _, ok := splitHostPort(s)
	return ok
}

func isScheme(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || strings.IndexByte("0123456789+-.", c) < 0) {
			return false
		}
	}
	return s != ""
}

// validAddress checks the form of a From or To value: an optional display name
// and a URI in angle brackets, or a bare URI; then parameters. The URI itself
// may be of any scheme.
func validAddress(s string) bool {
	rest := strings.TrimLeft(s, " \t")
	if strings.HasPrefix(rest, `"`) {
		end := quotedEnd(rest)
		if end < 0 {
			return false
		}
		rest = strings.TrimLeft(rest[end:], " \t")
		if !strings.HasPrefix(rest, "<") {
			return false
		}
	}
	open := strings.IndexByte(rest, '<')
	if open < 0 {
		uri, params, _ := strings.Cut(rest, ";")
		uri = strings.Trim(uri, " \t")
		return isURI(uri) && !strings.ContainsAny(uri, "?,") && balanced(params)
	}
	for _, word := range words(rest[:open]) { // unquoted display name
		if !isToken(word) {
			return false
		}
	}
	uri, params, ok := strings.Cut(rest[open+1:], ">")
	params = strings.TrimLeft(params, " \t")
	return ok && isURI(uri) && balanced(params) && (params == "" || params[0] == ';')
}

func isURI(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	return ok && isScheme(scheme) && rest != "" && !strings.ContainsAny(s, " \t<>\"")
}

// balanced says that every quote that opens closes, and no bracket stands
// outside of quotes.
func balanced(s string) bool {
	for {
		i := strings.IndexAny(s, `"<>`)
		if i < 0 {
			return true
		}
		if s[i] != '"' {
			return false
		}
		end := quotedEnd(s[i:])
		if end < 0 {
			return false
		}
		s = s[i+end:]
	}
}

// quotedEnd is the index behind the quoted string that s begins with, -1 when
// it never ends.
func quotedEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// words splits at spaces and tabs, the only white space of SIP.
func words(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return c == ' ' || c == '\t' })
}
