package siptest

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
)

var branches atomic.Uint64

// Dialog is the peer's side of a call it was rung for, to send requests in it.
type Dialog struct {
	peer   *Peer
	write  writer
	invite *Message
	tag    string
	cseq   int
	target string
	branch uint64 // of the last request
	// Routes are the Route headers of its requests.
	Routes []string
}

// Dialog is the one made by answering this INVITE with the tag "peer", or
// another.
func (in *Incoming) Dialog(tag ...string) *Dialog {
	d := &Dialog{peer: in.peer, write: in.reply, invite: in.Message, tag: in.tag, target: in.Address("Contact")}
	if len(tag) > 0 {
		d.tag = tag[0]
	}
	return d
}

// Send sends a request in the dialog and returns its CSeq.
func (d *Dialog) Send(method string, parts ...Part) int {
	d.peer.tb.Helper()
	dr := d.peer.draft(d.tag, parts)
	switch {
	case dr.cseq != 0:
		d.cseq = max(d.cseq, dr.cseq)
	case method == "ACK":
		dr.cseq = d.cseq
	default:
		d.cseq++
		dr.cseq = d.cseq
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\n", method, d.target)
	branch := branches.Add(1)
	if dr.branch != 0 {
		branch = dr.branch
	}
	d.branch = branch
	fmt.Fprintf(&b, "Via: SIP/2.0/%s %s;branch=z9hG4bKpeer%d\r\n", strings.ToUpper(d.peer.network), d.peer.addr, branch)
	for _, r := range d.Routes {
		b.WriteString("Route: " + r + "\r\n")
	}
	b.WriteString("From: " + d.invite.Get("To") + ";tag=" + dr.tag + "\r\n")
	b.WriteString("To: " + d.invite.Get("From") + "\r\n")
	b.WriteString("Call-ID: " + d.invite.Get("Call-ID") + "\r\n")
	b.WriteString("CSeq: " + strconv.Itoa(dr.cseq) + " " + method + "\r\n")
	b.WriteString("Max-Forwards: 70\r\n")
	text := b.String() + dr.tail()
	d.peer.record(text)
	if err := d.write([]byte(text)); err != nil {
		d.peer.tb.Errorf("peer %s cannot send %s: %v", d.peer.addr, method, err)
	}
	return dr.cseq
}

// Ask sends a request and waits for its final response.
func (d *Dialog) Ask(method string, parts ...Part) *Incoming {
	d.peer.tb.Helper()
	return d.peer.ExpectResponse(method, d.Send(method, parts...))
}

// Again sends a request that shares the branch and the CSeq of the last one:
// the CANCEL of an INVITE.
func (d *Dialog) Again(method string, cseq int) {
	d.peer.tb.Helper()
	d.Send(method, CSeq(cseq), func(dr *draft) { dr.branch = d.branch })
}

// Post sends a request outside of any dialog to "udp:host:port".
func (p *Peer) Post(agent, method string, parts ...Part) (cseq int) {
	p.tb.Helper()
	n := branches.Add(1)
	dr := p.draft("out"+strconv.FormatUint(n, 10), parts)
	addr := strings.TrimPrefix(agent, "udp:")
	p.Raw(agent, fmt.Sprintf("%s sip:partyline@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKout%d\r\n"+
		"From: <sip:carrier@%s>;tag=%s\r\nTo: <sip:partyline@%s>\r\nCall-ID: out%d\r\nCSeq: %d %s\r\nMax-Forwards: 70\r\n",
		method, addr, p.addr, n, p.addr, dr.tag, addr, n, n, method)+dr.tail())
	return int(n)
}

// Send is Post that waits for the final response.
func (p *Peer) Send(agent, method string, parts ...Part) *Incoming {
	p.tb.Helper()
	return p.ExpectResponse(method, p.Post(agent, method, parts...))
}

// Raw sends text to "udp:host:port".
func (p *Peer) Raw(agent, text string) {
	p.tb.Helper()
	write, err := p.dial(strings.TrimPrefix(agent, "udp:"))
	if err != nil {
		p.tb.Fatal(err)
	}
	p.record(text)
	if err := write([]byte(text)); err != nil {
		p.tb.Errorf("peer %s cannot send: %v", p.addr, err)
	}
}
