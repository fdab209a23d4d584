package carrier

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// response is a SIP answer as text, so that what goes out is what is written here.
type response struct {
	b strings.Builder
	// body is SDP when not empty
	body string
}

// respond builds an answer to req with a given To tag (RFC 3261 §8.2.6).
func respond(req *sip.Request, from netip.AddrPort, code int, phrase, toTag string, headers ...string) *response {
	r := &response{}
	fmt.Fprintf(&r.b, "SIP/2.0 %d %s\r\n", code, phrase)
	for i, v := range req.GetHeaders("Via") {
		val := v.Value()
		if i == 0 && strings.Contains(val, ";rport") && !strings.Contains(val, ";rport=") {
			// RFC 3581 §4
			val = strings.Replace(val, ";rport", ";rport="+strconv.Itoa(int(from.Port()))+";received="+from.Addr().String(), 1)
		}
		r.b.WriteString("Via: " + val + "\r\n")
	}
	if code > 100 && code < 300 {
		for _, h := range req.GetHeaders("Record-Route") {
			r.b.WriteString("Record-Route: " + h.Value() + "\r\n")
		}
	}
	r.b.WriteString("From: " + req.From().Value() + "\r\n")
	to := req.To().Value()
	if toTag != "" && !req.To().Params.Has("tag") {
		to += ";tag=" + toTag
	}
	r.b.WriteString("To: " + to + "\r\n")
	r.b.WriteString("Call-ID: " + req.CallID().Value() + "\r\n")
	r.b.WriteString("CSeq: " + req.CSeq().Value() + "\r\n")
	for _, h := range headers {
		r.b.WriteString(h + "\r\n")
	}
	return r
}

func (r *response) sdp(body string) *response {
	r.body = body
	return r
}

func (r *response) text() []byte {
	if r.body == "" {
		return []byte(r.b.String() + "Content-Length: 0\r\n\r\n")
	}
	return fmt.Appendf(nil, "%sContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", r.b.String(), len(r.body), r.body)
}

// request builds one of our own in the dialog of a call we answered: local
// and remote parties change places (RFC 3261 §12.2.1.1).
func (k *call) request(method string, cseq int, body string) []byte {
	target := "sip:" + k.from.String()
	if c := k.invite.Contact(); c != nil {
		target = c.Address.String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\n", method, target)
	fmt.Fprintf(&b, "Via: SIP/2.0/UDP %s;branch=z9hG4bK%s%d%s;rport\r\n", k.c.addr, k.tag, cseq, method)
	fmt.Fprintf(&b, "Max-Forwards: 70\r\n")
	for _, h := range k.invite.GetHeaders("Record-Route") {
		b.WriteString("Route: " + h.Value() + "\r\n")
	}
	fmt.Fprintf(&b, "From: %s;tag=%s\r\n", k.invite.To().Value(), k.tag)
	fmt.Fprintf(&b, "To: %s\r\n", k.invite.From().Value())
	fmt.Fprintf(&b, "Call-ID: %s\r\nCSeq: %d %s\r\n", k.id, cseq, method)
	fmt.Fprintf(&b, "%s\r\n", k.contact())
	if body == "" {
		b.WriteString("Content-Length: 0\r\n\r\n")
	} else {
		fmt.Fprintf(&b, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	return []byte(b.String())
}

func (k *call) contact() string { return fmt.Sprintf("Contact: <sip:carrier@%s>", k.c.addr) }
