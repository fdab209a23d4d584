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

// dialog is what the requests of ours in a call say (RFC 3261 §12).
type dialog struct {
	local, remote string // From and To, with their tags
	target        string
	routes        []string
	up            bool // of a call that a phone makes: somebody has answered
}

// answering is the dialog of a call to a phone: local and remote parties of
// the INVITE change places (RFC 3261 §12.1.1).
func answering(invite *sip.Request, from netip.AddrPort, tag string) dialog {
	d := dialog{
		local:  invite.To().Value() + ";tag=" + tag,
		remote: invite.From().Value(),
		target: "sip:" + from.String(),
	}
	if c := invite.Contact(); c != nil {
		d.target = c.Address.String()
	}
	for _, h := range invite.GetHeaders("Record-Route") {
		d.routes = append(d.routes, h.Value())
	}
	return d
}

// branch names the transaction of a request of ours.
func (k *call) branch(method string, cseq int) string {
	return fmt.Sprintf("z9hG4bK%s%d%s", k.tag, cseq, method)
}

// compose builds a request of our own in the call's dialog, or the one that
// begins it.
func (k *call) compose(method, branch string, cseq int, body string, headers ...string) []byte {
	d := &k.dialog
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\n", method, d.target)
	fmt.Fprintf(&b, "Via: SIP/2.0/UDP %s;branch=%s;rport\r\n", k.c.addr, branch)
	fmt.Fprintf(&b, "Max-Forwards: 70\r\n")
	for _, r := range d.routes {
		b.WriteString("Route: " + r + "\r\n")
	}
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\n", d.local, d.remote)
	fmt.Fprintf(&b, "Call-ID: %s\r\nCSeq: %d %s\r\n", k.id, cseq, method)
	fmt.Fprintf(&b, "%s\r\n", k.contact())
	if method == "INVITE" {
		b.WriteString(allow + "\r\n")
	}
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	if body == "" {
		b.WriteString("Content-Length: 0\r\n\r\n")
	} else {
		fmt.Fprintf(&b, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	return []byte(b.String())
}

const allow = "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO"

func (k *call) contact() string { return fmt.Sprintf("Contact: <sip:carrier@%s>", k.c.addr) }
