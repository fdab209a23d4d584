package load

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// message is as much of a SIP request as an answering phone needs.
type message struct {
	method, user string
	vias, routes []string
	from, to     string
	callID, cseq string
	body         []byte
	inDialog     bool
}

// parse reads a request; responses and nonsense are refused.
func parse(b []byte) (m message, ok bool) {
	head, body, _ := bytes.Cut(b, []byte("\r\n\r\n"))
	lines := strings.Split(string(head), "\r\n")
	first := strings.Fields(lines[0])
	if len(first) != 3 || first[2] != "SIP/2.0" {
		return m, false
	}
	m.method, m.body = first[0], body
	if _, rest, found := strings.Cut(first[1], "sip:"); found {
		m.user, _, _ = strings.Cut(rest, "@")
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "via", "v":
			m.vias = append(m.vias, value)
		case "record-route":
			m.routes = append(m.routes, value)
		case "from", "f":
			m.from = value
		case "to", "t":
			m.to, m.inDialog = value, strings.Contains(value, ";tag=")
		case "call-id", "i":
			m.callID = value
		case "cseq":
			m.cseq = value
		}
	}
	return m, len(m.vias) > 0 && m.callID != "" && m.cseq != ""
}

// answer writes a response (RFC 3261 §8.2.6).
func (m *message) answer(code int, phrase, tag, contact string, from netip.AddrPort, sdp string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", code, phrase)
	for i, via := range m.vias {
		if i == 0 && strings.Contains(via, ";rport") && !strings.Contains(via, ";rport=") { // RFC 3581 §4
			via = strings.Replace(via, ";rport", ";rport="+strconv.Itoa(int(from.Port()))+";received="+from.Addr().String(), 1)
		}
		b.WriteString("Via: " + via + "\r\n")
	}
	for _, r := range m.routes {
		b.WriteString("Record-Route: " + r + "\r\n")
	}
	to := m.to
	if !m.inDialog {
		to += ";tag=" + tag
	}
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: <%s>\r\n", m.from, to, m.callID, m.cseq, contact)
	if sdp != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE\r\nContent-Length: %d\r\n\r\n%s", len(sdp), sdp)
	return b.Bytes()
}

// target is where an offer wants its audio; it must have PCMU.
func target(sdp []byte) (to netip.AddrPort, ok bool) {
	var ip netip.Addr
	port, pcmu := 0, false
	for line := range strings.Lines(string(sdp)) {
		line = strings.TrimSpace(line)
		if rest, found := strings.CutPrefix(line, "c=IN IP4 "); found {
			ip, _ = netip.ParseAddr(rest)
		}
		if rest, found := strings.CutPrefix(line, "m=audio "); found {
			f := strings.Fields(rest)
			if len(f) < 4 {
				return to, false
			}
			port, _ = strconv.Atoi(f[0])
			for _, pt := range f[2:] {
				pcmu = pcmu || pt == "0"
			}
		}
	}
	if !ip.IsValid() || port <= 0 || port > 65535 || !pcmu {
		return to, false
	}
	return netip.AddrPortFrom(ip, uint16(port)), true
}

// describe is the session description of a leg's phone.
func describe(local netip.AddrPort, offer []byte) string {
	direction := "sendrecv"
	switch {
	case bytes.Contains(offer, []byte("a=sendonly")):
		direction = "recvonly"
	case bytes.Contains(offer, []byte("a=recvonly")):
		direction = "sendonly"
	case bytes.Contains(offer, []byte("a=inactive")):
		direction = "inactive"
	}
	return fmt.Sprintf("v=0\r\no=- %d 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP 0 101\r\n"+
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=%s\r\n",
		local.Port(), local.Addr(), local.Addr(), local.Port(), direction)
}
