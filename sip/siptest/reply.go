package siptest

import (
	"fmt"
	"strconv"
	"strings"
)

// SDP is a small session description: audio on a port that takes everything.
const SDP = "v=0\r\no=carrier 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
	"m=audio 40000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"

// Part adds something to a message the peer sends.
type Part func(*draft)

type draft struct {
	phrase    string
	tag       string
	contact   string
	headers   []string
	body      string
	kind      string
	noContact bool
	cseq      int
	branch    uint64
}

// Body puts a session description into a message.
func Body(sdp string) Part {
	return func(d *draft) { d.body, d.kind = sdp, "application/sdp" }
}

// Content puts another body into a message.
func Content(kind, body string) Part { return func(d *draft) { d.body, d.kind = body, kind } }

// Tag answers as a fork of its own.
func Tag(tag string) Part { return func(d *draft) { d.tag = tag } }

// With adds a header line.
func With(name, value string) Part {
	return func(d *draft) { d.headers = append(d.headers, name+": "+value) }
}

// Phrase replaces the reason phrase.
func Phrase(s string) Part { return func(d *draft) { d.phrase = s } }

// Contact replaces the contact's address.
func Contact(uri string) Part { return func(d *draft) { d.contact = uri } }

// CSeq sets the sequence number of a request.
func CSeq(n int) Part { return func(d *draft) { d.cseq = n } }

func (p *Peer) draft(tag string, parts []Part) draft {
	d := draft{tag: tag, contact: "sip:carrier@" + p.addr + ";transport=" + p.network, phrase: "Whatever"}
	for _, f := range parts {
		f(&d)
	}
	return d
}

func (d *draft) tail() string {
	var b strings.Builder
	if !d.noContact {
		b.WriteString("Contact: <" + d.contact + ">\r\n")
	}
	for _, h := range d.headers {
		b.WriteString(h + "\r\n")
	}
	if d.body != "" {
		b.WriteString("Content-Type: " + d.kind + "\r\n")
	}
	b.WriteString("Content-Length: " + strconv.Itoa(len(d.body)) + "\r\n\r\n" + d.body)
	return b.String()
}

// Response is the text of a response to the request.
func (in *Incoming) Response(code int, parts ...Part) string {
	d := in.peer.draft(in.tag, parts)
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", code, d.phrase)
	for _, h := range in.Headers {
		switch {
		case h.is("via"), h.is("from"), h.is("call-id"), h.is("cseq"), h.is("record-route"):
			b.WriteString(h.Name + ": " + h.Value + "\r\n")
		case h.is("to"):
			b.WriteString("To: " + h.Value)
			if code > 100 && in.Param("To", "tag") == "" {
				b.WriteString(";tag=" + d.tag)
			}
			b.WriteString("\r\n")
		}
	}
	return b.String() + d.tail()
}

// Reply answers a request.
func (in *Incoming) Reply(code int, parts ...Part) {
	in.peer.tb.Helper()
	in.Send(in.Response(code, parts...))
}

// Send writes text to where the request came from.
func (in *Incoming) Send(text string) {
	in.peer.record(text)
	if err := in.reply([]byte(text)); err != nil {
		in.peer.mu.Lock()
		closed := in.peer.closed
		in.peer.mu.Unlock()
		if !closed {
			in.peer.tb.Errorf("peer %s cannot send: %v", in.peer.addr, err)
		}
	}
}
