package edge

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
)

// spaced are the headers in which RFC 3261 allows spaces around separators
// that the parser behind does not expect there.
var spaced = map[string]string{
	"via": ";=/,:", "from": ";=", "to": ";=", "contact": ";=,", "route": ";=,", "record-route": ";=,", "cseq": "",
}

// normal writes a message that was found good in the plainest form: unfolded,
// and without spaces around separators. It gives the original bytes when they
// are that already.
func (m *message) normal(b []byte) []byte {
	if !m.settle() {
		return b
	}
	return m.bytes()
}

// normal of a request also notes where it came from, which keeps answers from
// going wherever a Via says, and gives it a branch if it lacks one.
func (r *request) normal(b []byte, from netip.AddrPort) []byte {
	changed := r.settle()
	if branch, ok := r.adopted(); ok {
		r.setTopVia(strings.Trim(r.topVia(), " \t") + branch)
		changed = true
	}
	if top := r.topVia(); received(top, from) != top {
		r.setTopVia(received(top, from))
		changed = true
	}
	if !changed {
		return b
	}
	return r.bytes()
}

func (m *message) settle() (changed bool) {
	changed = m.folded
	for i, f := range m.fields {
		seps, ok := spaced[f.name]
		if !ok {
			continue
		}
		if v := squeeze(f.value, seps); v != f.value {
			m.fields[i].value, changed = v, true
		}
	}
	return changed
}

func (m *message) topVia() string { return splitOutside(m.first("via"), ',')[0] }

func (m *message) setTopVia(v string) {
	for i, f := range m.fields {
		if f.name == "via" {
			values := splitOutside(f.value, ',')
			values[0] = v
			m.fields[i].value = strings.Join(values, ",")
			return
		}
	}
}

func (m *message) bytes() []byte {
	n := len(m.start) + len(m.body) + 4
	for _, f := range m.fields {
		n += len(f.name) + len(f.value) + 4
	}
	out := make([]byte, 0, n)
	out = append(out, m.start...)
	for _, f := range m.fields {
		out = append(out, "\r\n"...)
		out = append(out, f.name...)
		out = append(out, ": "...)
		out = append(out, f.value...)
	}
	out = append(out, "\r\n\r\n"...)
	return append(out, m.body...)
}

// squeeze removes spaces around separators and makes one space of many,
// outside of quoted strings and angle brackets.
func squeeze(s, seps string) string {
	out := make([]byte, 0, len(s))
	quoted, angle, space := false, false, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if quoted || angle {
			out = append(out, c)
			switch {
			case quoted && c == '\\' && i+1 < len(s):
				i++
				out = append(out, s[i])
			case quoted && c == '"':
				quoted = false
			case angle && c == '>':
				angle = false
			}
			continue
		}
		if c == ' ' || c == '\t' {
			space = true
			continue
		}
		sep := strings.IndexByte(seps, c) >= 0
		if space && len(out) > 0 && !sep && strings.IndexByte(seps, out[len(out)-1]) < 0 {
			out = append(out, ' ')
		}
		space = false
		quoted, angle = c == '"', c == '<'
		out = append(out, c)
	}
	return string(out)
}

// adopted is a branch for an RFC 2543 request that has neither a branch nor a
// From tag, made of what identifies its transaction there (RFC 3261 §17.2.3),
// so that its retransmissions, CANCEL and ACK are matched.
func (r *request) adopted() (branch string, ok bool) {
	top, _ := parseVia(r.vias[0])
	if _, tagged := param(r.first("from"), "tag"); tagged || top.branch != "" {
		return "", false
	}
	h := sha256.New()
	for _, s := range []string{r.uri, r.first("from"), r.first("call-id"), strconv.FormatUint(r.cseq, 10), r.vias[0]} {
		h.Write([]byte(strconv.Itoa(len(s)) + ":" + s))
	}
	return ";branch=z9hG4bK2543" + hex.EncodeToString(h.Sum(nil)[:8]), true
}
