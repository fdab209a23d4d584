package sip

import (
	"strings"

	"github.com/emiago/sipgo/sip"

	"partyline/sip/edge"
)

// allowed are the methods we take.
const allowed = edge.Allow

const contentSDP = "application/sdp"

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
	name, err := displayName(d.Local.Name)
	if err != nil {
		return nil, err
	}
	req.AppendHeader(&sip.FromHeader{DisplayName: name, Address: from, Params: tagParam(d.Local.Tag)})
	req.AppendHeader(&sip.ToHeader{Address: remote, Params: tagParam(d.Remote.Tag)})
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
	if !sip.IsReliable(req.Transport()) && len(req.String()) > maxUDP {
		req.CompactHeaders = true
		if h := req.GetHeader("Session-Expires"); h != nil {
			req.RemoveHeader("Session-Expires")
			req.AppendHeader(sip.NewHeader("x", h.Value())) // RFC 4028 §4
		}
	}
}

// maxUDP bytes; sipgo refuses to send a longer message over UDP.
const maxUDP = 1300

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
