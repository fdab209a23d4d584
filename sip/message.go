package sip

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// allowed are the methods we take (sip.md, Inbound).
const allowed = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO"

const contentSDP = "application/sdp"

var errUnsafe = errors.New("sip: control character in a header")

// headerText refuses text that would end a header line: the last thing that
// stands between outside text and the wire.
func headerText(ss ...string) error {
	for _, s := range ss {
		for _, r := range s {
			if (r < ' ' && r != '\t') || r == 0x7f {
				return errUnsafe
			}
		}
	}
	return nil
}

// wordText refuses white space besides control characters.
func wordText(ss ...string) error {
	for _, s := range ss {
		for _, r := range s {
			if r <= ' ' || r == 0x7f {
				return errUnsafe
			}
		}
	}
	return nil
}

// token makes a Call-ID, tag or branch nobody can guess: 64 bits.
func token() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// compose builds a request in a dialog; every request we send comes from here.
// extra headers follow the fixed ones.
func (a *Agent) compose(d *dialog, method sip.RequestMethod, cseq uint32, body []byte, contentType string, extra ...sip.Header) (*sip.Request, error) {
	uri, err := parseURI(d.Target)
	if err != nil {
		return nil, err
	}
	hop, routes, err := d.routes(&uri)
	if err != nil {
		return nil, err
	}
	to := a.nextHop(d, hop)
	laddr, host, port, err := a.local(to)
	if err != nil {
		return nil, err
	}
	req := sip.NewRequest(method, uri)
	req.Laddr = laddr
	req.SetTransport(strings.ToUpper(to.network))
	req.SetDestination(to.addr.String())

	via := &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: strings.ToUpper(to.network), Host: host, Port: port}
	via.Params.Add("branch", sip.RFC3261BranchMagicCookie+token())
	via.Params.Add("rport", "")
	req.AppendHeader(via)
	for _, r := range routes {
		req.AppendHeader(&sip.RouteHeader{Address: r})
	}
	maxForwards := sip.MaxForwardsHeader(70)
	req.AppendHeader(&maxForwards)
	from, err := parseURI(d.Local.URI)
	if err != nil {
		return nil, err
	}
	remote, err := parseURI(d.Remote.URI)
	if err != nil {
		return nil, err
	}
	req.AppendHeader(&sip.FromHeader{DisplayName: quotable(d.Local.Name), Address: from, Params: tagParam(d.Local.Tag)})
	req.AppendHeader(&sip.ToHeader{DisplayName: quotable(d.Remote.Name), Address: remote, Params: tagParam(d.Remote.Tag)})
	callID := sip.CallIDHeader(d.CallID)
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: cseq, MethodName: method})
	if method == sip.INVITE || method == sip.UPDATE || method == sip.OPTIONS {
		req.AppendHeader(a.contact(to, host, port))
		req.AppendHeader(sip.NewHeader("Allow", allowed))
		req.AppendHeader(sip.NewHeader("Supported", "timer, 100rel"))
	}
	if method != sip.INVITE { // whose bytes are scarce
		req.AppendHeader(sip.NewHeader("User-Agent", a.cfg.UserAgent))
	}
	for _, h := range extra {
		req.AppendHeader(h)
	}
	if len(body) > 0 {
		ct := sip.ContentTypeHeader(contentType)
		req.AppendHeader(&ct)
	}
	req.SetBody(body)
	return req, nil
}

// shorten uses the compact header names where the long ones would not fit into
// a datagram (RFC 3261 §7.3.3, §18.1.1).
func shorten(req *sip.Request) {
	if !sip.IsReliable(req.Transport()) && len(req.String()) > maxUDPRequest {
		req.CompactHeaders = true
		if h := req.GetHeader("Session-Expires"); h != nil {
			req.RemoveHeader("Session-Expires")
			req.AppendHeader(sip.NewHeader("x", h.Value())) // RFC 4028 §4
		}
	}
}

// maxUDPRequest bytes; sipgo refuses to send a longer one over UDP.
const maxUDPRequest = 1300

// safe is the gate in front of the wire: no header and no start line may hold
// a line end.
func safe(m sip.Message) error {
	var headers []sip.Header
	start := ""
	switch m := m.(type) {
	case *sip.Request:
		headers, start = m.Headers(), m.StartLine()
	case *sip.Response:
		headers, start = m.Headers(), m.StartLine()
	}
	if err := headerText(start); err != nil {
		return err
	}
	for _, h := range headers {
		if err := headerText(h.Name(), h.Value()); err != nil {
			return fmt.Errorf("%s: %w", h.Name(), err)
		}
	}
	return nil
}

// quotable escapes a display name for the quotes sipgo puts around it.
func quotable(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
}

func tagParam(tag string) sip.HeaderParams {
	if tag == "" {
		return nil
	}
	return sip.HeaderParams{{K: "tag", V: tag}}
}

// contact is where the far end reaches us in this dialog.
func (a *Agent) contact(to target, host string, port int) *sip.ContactHeader {
	u := sip.Uri{Scheme: "sip", User: "partyline", Host: host, Port: port}
	if to.network != "udp" {
		u.UriParams.Add("transport", to.network)
	}
	return &sip.ContactHeader{Address: u}
}

// routes is the Route headers of a request and the address it goes to first;
// a strict router takes the place of the Request-URI (RFC 3261 §12.2.1.1).
func (d *dialog) routes(uri *sip.Uri) (hop sip.Uri, routes []sip.Uri, err error) {
	for _, r := range d.Routes {
		u, err := parseURI(r)
		if err != nil {
			return hop, nil, err
		}
		routes = append(routes, u)
	}
	if len(routes) == 0 {
		return *uri, nil, nil
	}
	hop = routes[0]
	if _, loose := hop.UriParams.Get("lr"); !loose {
		routes = append(routes[1:], *uri)
		*uri = hop
	}
	return hop, routes, nil
}

// nextHop is where a request in the dialog goes: to hop, if that is an address
// the trunk is known by; else to where the INVITE went. So a Contact behind a
// NAT or made up by a stranger moves nothing off the trunk.
func (a *Agent) nextHop(d *dialog, hop sip.Uri) target {
	t := target{network: d.Network, addr: d.Hop, host: d.Host}
	if d.Remote.Tag == "" {
		return t // the INVITE itself
	}
	ip, err := netip.ParseAddr(strings.Trim(hop.Host, "[]"))
	if err != nil || !a.known(ip.Unmap()) {
		return t
	}
	if p, ok := hop.UriParams.Get("transport"); ok {
		switch p = strings.ToLower(p); p {
		case "udp", "tcp", "tls":
			t.network = p
		}
	}
	port := hop.Port
	if port == 0 {
		port = sip.DefaultPort(t.network)
	}
	t.addr = netip.AddrPortFrom(ip.Unmap(), uint16(port))
	return t
}

// destination is the target a composed request was made for.
func destination(req *sip.Request, host string) (target, error) {
	addr, err := netip.ParseAddrPort(req.Destination())
	if err != nil {
		return target{}, err
	}
	return target{network: strings.ToLower(req.Transport()), addr: addr, host: host}, nil
}

// uriHost writes a host and port as a URI has them.
func uriHost(host string, port int) string {
	if port == 0 {
		if strings.Contains(host, ":") {
			return "[" + strings.Trim(host, "[]") + "]"
		}
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(port))
}

// cancelOf builds the CANCEL of an INVITE: the same next hop, the same branch,
// and nothing learned since (RFC 3261 §9.1). sipgo's own forgets the next hop.
func cancelOf(invite *sip.Request) *sip.Request {
	return sameHop(invite, sip.CANCEL)
}

func sameHop(invite *sip.Request, method sip.RequestMethod) *sip.Request {
	req := sip.NewRequest(method, invite.Recipient)
	req.Laddr = invite.Laddr
	req.SetTransport(invite.Transport())
	req.SetDestination(invite.Destination())
	req.AppendHeader(invite.Via().Clone())
	for _, h := range invite.GetHeaders("Route") {
		req.AppendHeader(sip.HeaderClone(h))
	}
	maxForwards := sip.MaxForwardsHeader(70)
	req.AppendHeader(&maxForwards)
	req.AppendHeader(sip.HeaderClone(invite.From()))
	req.AppendHeader(sip.HeaderClone(invite.To()))
	callID := *invite.CallID()
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: method})
	req.SetBody(nil)
	return req
}
