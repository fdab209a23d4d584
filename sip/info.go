package sip

import (
	"strings"

	"github.com/emiago/sipgo/sip"
)

// info takes a key pressed at the far end that came as SIP INFO.
func (c *Call) info(req *sip.Request, tx *sip.ServerTx) {
	kind := ""
	if ct := req.ContentType(); ct != nil {
		kind, _, _ = strings.Cut(strings.ToLower(ct.Value()), ";")
		kind = strings.TrimSpace(kind)
	}
	digit, known := infoDigit(kind, string(req.Body()))
	if !known && len(req.Body()) > 0 {
		c.agent.respond(tx, req, 415, "Unsupported Media Type", nil,
			sip.NewHeader("Accept", "application/dtmf-relay, application/dtmf"))
		return
	}
	c.agent.respond(tx, req, 200, "OK", nil)
	if digit != 0 {
		c.tell(Event{Kind: EventDigit, Digit: digit})
	}
}

// infoDigit reads the two forms in use: "Signal=5\r\nDuration=160" and a bare
// key. known is false for another content type.
func infoDigit(contentType, body string) (digit byte, known bool) {
	switch contentType {
	case "application/dtmf-relay":
		for line := range strings.Lines(body) {
			k, v, ok := strings.Cut(line, "=")
			if ok && strings.EqualFold(strings.TrimSpace(k), "signal") {
				return keyOf(strings.TrimSpace(v)), true
			}
		}
		return 0, true
	case "application/dtmf":
		return keyOf(strings.TrimSpace(body)), true
	}
	return 0, false
}

// keyOf is the key as media names it, also where it is given as the event
// number of RFC 4733.
func keyOf(s string) byte {
	switch s {
	case "10":
		return '*'
	case "11":
		return '#'
	}
	if len(s) == 1 && strings.Contains("0123456789*#ABCD", strings.ToUpper(s)) {
		return strings.ToUpper(s)[0]
	}
	return 0
}
