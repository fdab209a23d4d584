package edge

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
)

// reply writes the answer to a refused request, without keeping anything: the
// To tag is a keyed digest of the request, so that each retransmission gets
// the same one (RFC 3261 §8.2.7). It is nil when the request has no Via or
// says nothing about itself: such a sender cannot use an answer.
func (m *message) reply(f *Refusal, from netip.AddrPort, key []byte) []byte {
	if len(m.vias) == 0 || m.count("call-id")+m.count("cseq")+m.count("from") == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteString("SIP/2.0 " + strconv.Itoa(f.Code) + " " + f.Phrase + "\r\n")
	for i, v := range m.vias[:min(len(m.vias), maxVias)] {
		if v = strings.Trim(v, " \t"); i == 0 {
			v = received(v, from)
		}
		b.WriteString("Via: " + v + "\r\n")
	}
	if v := m.first("from"); v != "" {
		b.WriteString("From: " + v + "\r\n")
	}
	if v := m.first("to"); v != "" {
		if _, ok := param(v, "tag"); !ok {
			v += ";tag=" + m.tag(key)
		}
		b.WriteString("To: " + v + "\r\n")
	}
	if v := m.first("call-id"); v != "" {
		b.WriteString("Call-ID: " + v + "\r\n")
	}
	if v := m.first("cseq"); v != "" {
		b.WriteString("CSeq: " + v + "\r\n")
	}
	for _, h := range f.Headers {
		b.WriteString(h + "\r\n")
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return []byte(b.String())
}

func (m *message) tag(key []byte) string {
	h := hmac.New(sha256.New, key)
	for _, s := range []string{m.vias[0], m.first("from"), m.first("call-id"), m.first("cseq")} {
		h.Write([]byte(strconv.Itoa(len(s)) + ":" + s))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// received notes in the top Via where the request really came from
// (RFC 3261 §18.2.1, RFC 3581 §4).
func received(v string, from netip.AddrPort) string {
	hop, ok := parseVia(v)
	if !ok || !from.IsValid() {
		return v
	}
	ip := from.Addr().Unmap()
	_, claimed := param(v, "received") // only the one who receives may say so
	if same, err := netip.ParseAddr(hop.host); err == nil && same.Unmap() == ip && !hop.rport && !claimed {
		return v
	}
	parts := splitOutside(v, ';')
	out := parts[:1]
	for _, p := range parts[1:] {
		name, _, _ := strings.Cut(strings.Trim(p, " \t"), "=")
		switch strings.ToLower(strings.TrimRight(name, " \t")) {
		case "received":
			continue
		case "rport":
			if hop.rport {
				p = "rport=" + strconv.Itoa(int(from.Port()))
			}
		}
		out = append(out, p)
	}
	return strings.Join(append(out, "received="+ip.String()), ";")
}

// replyTo is where an answer over UDP goes: the source's address, and the port
// the sender asked for (RFC 3261 §18.2.2, RFC 3581 §4).
func (m *message) replyTo(from netip.AddrPort) netip.AddrPort {
	if len(m.vias) == 0 {
		return from
	}
	hop, ok := parseVia(m.vias[0])
	if !ok || hop.rport {
		return from
	}
	if hop.port == 0 {
		return netip.AddrPortFrom(from.Addr(), 5060)
	}
	return netip.AddrPortFrom(from.Addr(), hop.port)
}
