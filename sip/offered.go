package sip

import (
	"time"

	"github.com/emiago/sipgo/sip"
)

// Waits for an offer of the far end.
const (
	replyTimeout = 5 * time.Second        // for the owner's Reply
	ackTimeout   = 32 * time.Second       // 64·T1: for the ACK of our 200 (RFC 3261 §13.3.1.4)
	resendFirst  = 500 * time.Millisecond // T1
	resendMost   = 4 * time.Second        // T2
)

// offerIn is the far end's re-INVITE or UPDATE under way, until it is answered
// and, for an INVITE, acknowledged.
type offerIn struct {
	req     *sip.Request
	tx      *sip.ServerTx
	replied bool
	ours    bool // it came without an offer: the 200 has ours, the ACK their answer
	again   time.Duration
	body    []byte
	headers []sip.Header

	// Of the INVITE that began a call to us, until it is acknowledged.
	first   bool
	decided bool // answered or refused
	given   bool // up: no ACK came in all the time it had
	gone    chan struct{}
}

// reinvited is a re-INVITE of the far end: hold, resume, another address, or
// only the session timer.
func (c *Call) reinvited(req *sip.Request, tx *sip.ServerTx) {
	if in := c.theirs; in != nil && in.replied && in.req.IsInvite() {
		// Who offers again has our answer; its ACK was lost or is being
		// overtaken by this request.
		c.theirs = nil
		c.clearOffer()
		c.confirmed(in, nil)
	}
	switch {
	case c.ours != nil: // glare (RFC 3261 §14.2)
		c.agent.respond(tx, req, 491, "Request Pending", nil)
		return
	case c.theirs != nil:
		c.agent.respond(tx, req, 500, "Server Internal Error", nil, sip.NewHeader("Retry-After", "1"))
		return
	case !c.agreeSession(req, tx):
		return
	}
	in := &offerIn{req: req, tx: tx}
	c.takeTarget(req)
	if len(req.Body()) == 0 {
		c.theirs, in.ours = in, true
		c.follow(in)
		c.answer(in, 200, c.lastSDP)
		return
	}
	c.offered(in)
}

// updated is an UPDATE (RFC 3311), with or without an offer.
func (c *Call) updated(req *sip.Request, tx *sip.ServerTx) {
	offer := len(req.Body()) > 0
	switch {
	case offer && c.ours != nil:
		c.agent.respond(tx, req, 491, "Request Pending", nil)
		return
	case offer && c.theirs != nil:
		c.agent.respond(tx, req, 500, "Server Internal Error", nil, sip.NewHeader("Retry-After", "1"))
		return
	case !c.agreeSession(req, tx):
		return
	}
	in := &offerIn{req: req, tx: tx}
	c.takeTarget(req)
	if !offer {
		if c.agent.respond(tx, req, 200, "OK", nil, c.replyHeaders(in)...) {
			c.sessionAgreed(req)
			c.tell(Event{Kind: EventDialog, Dialog: c.dialog.snapshot()})
		}
		return
	}
	c.offered(in)
}

func (c *Call) takeTarget(req *sip.Request) {
	if err := c.dialog.retarget(req.Contact()); err != nil {
		c.agent.stats.malformed.Add(1)
	}
}

// offered asks the call's owner what to answer, for a bounded time.
func (c *Call) offered(in *offerIn) {
	c.theirs = in
	c.follow(in)
	c.ticker.set(alarmReply, replyTimeout, func() { c.answer(in, 500, nil) })
	c.tell(Event{Kind: EventOffered, SDP: in.req.Body(), Reply: func(code int, sdp []byte) {
		c.box.command(func() { c.answer(in, code, sdp) })
	}})
}

// follow learns of a CANCEL of the re-INVITE, and of an ACK that has the
// INVITE's branch, which sipgo gives to the transaction; false when the CANCEL
// has come already, of which sipgo tells nobody.
func (c *Call) follow(in *offerIn) bool {
	if !in.req.IsInvite() {
		return true
	}
	c.agent.wg.Go(func() {
		defer c.agent.survive(nil)
		for {
			select {
			case ack := <-in.tx.Acks():
				c.box.put(func() { c.acked(ack) })
			case <-in.tx.Done():
				return
			case <-c.agent.ctx.Done():
				return
			}
		}
	})
	return in.tx.OnCancel(func(*sip.Request) {
		c.box.command(func() {
			if in.first && !in.replied {
				c.gaveUp(in)
				return
			}
			if c.theirs == in && !in.replied {
				c.offerDone()
			}
		})
	})
}

// answer replies to the offer, once.
func (c *Call) answer(in *offerIn, code int, sdp []byte) {
	if c.theirs != in || in.replied || c.phase != up {
		return
	}
	in.replied = true
	c.ticker.clear(alarmReply)
	if code < 200 || code > 299 || len(sdp) == 0 {
		if code < 300 {
			code = 500
		}
		c.agent.respond(in.tx, in.req, code, phraseOf(code), nil)
		c.offerDone()
		return
	}
	in.body = c.dialog.Origin.stamp(sdp)
	in.headers = c.replyHeaders(in)
	if !c.agent.respond(in.tx, in.req, 200, "OK", in.body, in.headers...) {
		c.offerDone() // canceled, or the transport is gone
		return
	}
	c.lastSDP = in.body
	c.remoteSDP = in.req.Body()
	c.sessionAgreed(in.req)
	if !in.first {
		c.tell(Event{Kind: EventDialog, Dialog: c.dialog.snapshot()})
	}
	if !in.req.IsInvite() {
		c.offerDone()
		return
	}
	in.again = resendFirst
	c.ticker.set(alarmResend, in.again, func() { c.resend(in) })
	c.ticker.set(alarmAck, ackTimeout, func() {
		switch in { // RFC 3261 §13.3.1.4: without an ACK the session is ended
		case c.theirs:
			in.given = true
			c.lost()
		case c.leaving:
			c.left(true)
		}
	})
}

const (
	alarmResend = "resend"
	alarmAck    = "ack"
)

// resend repeats our 200 until it is acknowledged: the transaction does not.
func (c *Call) resend(in *offerIn) {
	if (c.theirs != in || c.phase != up) && c.leaving != in {
		return
	}
	c.agent.respond(in.tx, in.req, 200, "OK", in.body, in.headers...)
	in.again = min(2*in.again, resendMost)
	c.ticker.set(alarmResend, in.again, func() { c.resend(in) })
}

// acked is an ACK from the far end.
func (c *Call) acked(req *sip.Request) {
	if in := c.leaving; in != nil && req.CSeq().SeqNo == in.req.CSeq().SeqNo {
		c.left(true)
		return
	}
	in := c.theirs
	if in == nil || !in.replied || c.phase != up || req.CSeq().SeqNo != in.req.CSeq().SeqNo {
		return
	}
	c.offerDone()
	if in.first {
		if len(req.Body()) > 0 {
			c.remoteSDP = req.Body()
		}
		c.confirmed(in, req.Body())
		return
	}
	if in.ours && len(req.Body()) > 0 {
		c.remoteSDP = req.Body()
		c.tell(Event{Kind: EventReinvited, Code: 200, Phrase: "OK", SDP: req.Body(), Dialog: c.dialog.snapshot()})
	}
}

// offerDone ends the far end's offer and sends our own that waited for it.
func (c *Call) offerDone() {
	c.theirs = nil
	c.clearOffer()
	c.sendNext()
}

func (c *Call) clearOffer() {
	for _, name := range []string{alarmReply, alarmResend, alarmAck} {
		c.ticker.clear(name)
	}
}

// dropOffer answers an offer that the call's end leaves open.
func (c *Call) dropOffer() {
	in := c.theirs
	if in == nil {
		return
	}
	c.theirs = nil
	c.clearOffer()
	if in.first && !in.decided {
		c.decided(in)
		close(in.gone)
	}
	if !in.replied {
		c.agent.respond(in.tx, in.req, 487, "Request Terminated", nil)
	}
}

func phraseOf(code int) string {
	switch code {
	case 488:
		return "Not Acceptable Here"
	case 500:
		return "Server Internal Error"
	case 606:
		return "Not Acceptable"
	}
	return "Refused"
}
