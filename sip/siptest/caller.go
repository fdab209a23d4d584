package siptest

import (
	"fmt"
	"strconv"
	"strings"
)

// Caller is the peer's side of a call that it places.
type Caller struct {
	peer   *Peer
	agent  string // udp:host:port
	number string
	callID string
	tag    string
	cseq   int
	invite string   // as it was sent
	answer *Message // the last response with a tag
}

// firstCSeq is the INVITE's.
const firstCSeq = 100

// Invite calls a number of an agent at "udp:host:port". Parts may add headers
// and the offer.
func (p *Peer) Invite(agent, number string, parts ...Part) *Caller {
	p.tb.Helper()
	n := strconv.FormatUint(branches.Add(1), 10)
	c := &Caller{peer: p, agent: agent, number: number, callID: "in" + n, tag: "caller" + n, cseq: firstCSeq}
	c.invite = c.request("INVITE", c.cseq, "in"+n, parts)
	p.Raw(agent, c.invite)
	return c
}

// CallID of the call.
func (c *Caller) CallID() string { return c.callID }

// request is the text of one of the caller's requests.
func (c *Caller) request(method string, cseq int, branch string, parts []Part) string {
	dr := c.peer.draft("+12025551001", parts)
	host := strings.TrimPrefix(c.agent, "udp:")
	uri, to := "sip:"+c.number+"@"+host, "<sip:"+c.number+"@"+host+">"
	if c.answer != nil {
		to = c.answer.Get("To")
		if contact := c.answer.Address("Contact"); contact != "" && method != "CANCEL" {
			uri = contact
		}
	}
	if method == "CANCEL" {
		to = "<sip:" + c.number + "@" + host + ">"
	}
	return fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\nFrom: <sip:%s@%s>;tag=%s\r\nTo: %s\r\n"+
		"Call-ID: %s\r\nCSeq: %d %s\r\nMax-Forwards: 70\r\n",
		method, uri, c.peer.addr, branch, dr.tag, c.peer.addr, c.tag, to, c.callID, cseq, method) + dr.tail()
}

// Again sends the INVITE once more, as it was.
func (c *Caller) Again() { c.peer.Raw(c.agent, c.invite) }

// ByAnotherWay sends the INVITE as a proxy that forked would: another branch.
func (c *Caller) ByAnotherWay() {
	c.peer.Raw(c.agent, strings.Replace(c.invite, "branch=z9hG4bKin", "branch=z9hG4bKother", 1))
}

// Final waits for the final response to the INVITE. A refusal is acknowledged.
func (c *Caller) Final() *Incoming {
	c.peer.tb.Helper()
	in := c.peer.wait("final response to the call "+c.callID, patience, func(in *Incoming) bool {
		return in.Code() >= 200 && in.Method() == "INVITE" && in.Get("Call-ID") == c.callID
	})
	c.answer = in.Message
	if in.Code() >= 300 {
		c.peer.Raw(c.agent, c.request("ACK", firstCSeq, strings.TrimPrefix(branchOf(c.invite), "z9hG4bK"), nil))
	}
	return in
}

func branchOf(text string) string {
	_, rest, _ := strings.Cut(text, "branch=")
	branch, _, _ := strings.Cut(rest, "\r\n")
	return branch
}

// Provisional waits for a provisional response with a code.
func (c *Caller) Provisional(code int) *Incoming {
	c.peer.tb.Helper()
	in := c.peer.wait(fmt.Sprintf("%d to the call %s", code, c.callID), patience, func(in *Incoming) bool {
		return in.Code() == code && in.Get("Call-ID") == c.callID
	})
	if in.Param("To", "tag") != "" { // an early dialog
		c.answer = in.Message
	}
	return in
}

// Ack acknowledges the 200.
func (c *Caller) Ack(parts ...Part) {
	c.peer.Raw(c.agent, c.request("ACK", c.cseq, "ack"+strconv.FormatUint(branches.Add(1), 10), parts))
}

// Cancel gives the call up, and waits for the answer to that.
func (c *Caller) Cancel() *Incoming {
	c.peer.tb.Helper()
	c.peer.Raw(c.agent, c.request("CANCEL", firstCSeq, strings.TrimPrefix(branchOf(c.invite), "z9hG4bK"), nil))
	return c.peer.ExpectResponse("CANCEL", firstCSeq)
}

// Ask sends a request in the dialog and waits for its final response.
func (c *Caller) Ask(method string, parts ...Part) *Incoming {
	c.peer.tb.Helper()
	c.cseq++
	c.peer.Raw(c.agent, c.request(method, c.cseq, "req"+strconv.FormatUint(branches.Add(1), 10), parts))
	return c.peer.ExpectResponse(method, c.cseq)
}
