package sip

import (
	"sync"

	"github.com/emiago/sipgo/sip"
)

// ring is the beginning of a call to us, in its goroutine.
func (c *Call) ring(in *offerIn) {
	c.theirs = in
	c.follow(in)
	c.ticker.set(alarmDecide, decideTimeout, func() { c.decline(in, 480) })
	c.agent.respond(in.tx, in.req, 180, "Ringing", nil)
	var once sync.Once
	offer := in.req.Body()
	if in.ours {
		offer = nil
	}
	c.agent.incoming(Incoming{
		Trunk: c.dialog.Trunk, Called: e164(in.req.Recipient.User), Caller: callerOf(in.req), Offer: offer, Gone: in.gone,
		Answer: func(sdp []byte, sink func(Event)) *Call {
			once.Do(func() { c.pickUp(in, sdp, sink) })
			return c
		},
		Refuse: func(code int) {
			once.Do(func() { c.box.command(func() { c.decline(in, code) }) })
		},
	})
}

const alarmDecide = "decide"

// pickUp answers a call to us. A caller who has given up meanwhile has ended
// the call: that is told, and nothing else.
func (c *Call) pickUp(in *offerIn, sdp []byte, sink func(Event)) {
	canceled := func() { sink(Event{Kind: EventEnded, Cause: CauseCanceled, Trunk: c.dialog.Trunk}) }
	if c.box.command(func() {
		if c.phase != dialing || c.theirs != in {
			canceled()
			return
		}
		c.decided(in)
		c.sink, c.phase = sink, up
		c.answer(in, 200, sdp)
		if c.theirs != in { // it could not be sent
			c.stop(CauseTrunkFailure)
		}
	}) {
		return
	}
	c.agent.wg.Go(canceled)
}

// decided takes a call out of those that ring.
func (c *Call) decided(in *offerIn) {
	if !in.decided {
		in.decided = true
		c.agent.ringing.Add(-1)
		c.ticker.clear(alarmDecide)
	}
}

// decline refuses a call to us that nobody has answered.
func (c *Call) decline(in *offerIn, code int) {
	if c.phase != dialing || c.theirs != in {
		return
	}
	c.decided(in)
	c.theirs = nil
	if code < 400 || code > 699 {
		code = 480
	}
	var extra []sip.Header
	if code == 503 {
		extra = append(extra, sip.NewHeader("Retry-After", busyRetry))
	}
	c.agent.respond(in.tx, in.req, code, refusal(code), nil, extra...)
	c.leave(in)
}

// gaveUp is the caller's CANCEL, which has been answered.
func (c *Call) gaveUp(in *offerIn) {
	if c.phase != dialing || c.theirs != in {
		return
	}
	c.decided(in)
	c.theirs = nil
	c.leave(in)
}

// leave ends a call to us that was never up.
func (c *Call) leave(in *offerIn) {
	close(in.gone)
	c.refuseWaiting()
	c.tell(Event{Kind: EventEnded, Cause: CauseCanceled})
}

// confirmed is the far end's word that it has our answer: the call is up.
func (c *Call) confirmed(in *offerIn, body []byte) {
	if !in.first {
		return
	}
	in.first = false
	e := Event{Kind: EventAnswered, Code: 200, Phrase: "OK", Dialog: c.dialog.snapshot()}
	if in.ours {
		e.SDP = body
	}
	c.tell(e)
}

func refusal(code int) string {
	switch code {
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 480:
		return "Temporarily Unavailable"
	case 486:
		return "Busy Here"
	case 488:
		return "Not Acceptable Here"
	case 503:
		return "Service Unavailable"
	case 603:
		return "Decline"
	}
	return "Refused"
}
