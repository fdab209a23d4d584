package sip

import (
	"errors"
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Waits in a dialog.
const (
	probeTimeout = 5 * time.Second
	orderWait    = 20 * time.Millisecond // for a request whose predecessor is still missing
	maxWaiting   = 8                     // requests that came before their time
)

// ask sends a request in the dialog, again with credentials when challenged.
// done runs once, in the call's goroutine: with the final answer or the error.
func (c *Call) ask(method sip.RequestMethod, body []byte, done func(*sip.Response, error), extra ...sip.Header) {
	c.creds.renew()
	c.askAgain(c.dialog, method, body, done, extra)
}

func (c *Call) askAgain(d *dialog, method sip.RequestMethod, body []byte, done func(*sip.Response, error), extra []sip.Header) {
	d.CSeq++
	req, err := c.agent.compose(d, method, d.CSeq, body, contentSDP, extra...)
	if err != nil {
		done(nil, err)
		return
	}
	c.creds.sign(req)
	c.agent.exchange(req, d.Host, nil, c.after(func(res *sip.Response, err error) {
		if err == nil && res.IsProvisional() {
			return
		}
		if err == nil && (res.StatusCode == 401 || res.StatusCode == 407) && c.creds.answer(res, c.trunk) {
			c.askAgain(d, method, body, done, extra)
			return
		}
		done(res, err)
	}))
}

// bye hangs up at the far end. The call is over for us already; 408 and 481
// end the dialog as well as 200 does.
func (c *Call) bye() {
	c.ask(sip.BYE, nil, func(*sip.Response, error) {})
}

// hangUp sends BYE as soon as it may be: in a call to us once the far end has
// acknowledged our answer, or will no longer (RFC 3261 §15). Until then the
// answer goes on to be repeated: it may have been lost, and the phone ring.
func (c *Call) hangUp() {
	in := c.theirs
	if in == nil || !in.first || !in.replied || in.given {
		c.bye()
		return
	}
	c.theirs, c.leaving = nil, in
	c.busy++
}

// left ends the wait for the ACK; with bye there is somebody to hang up on.
func (c *Call) left(bye bool) {
	c.leaving = nil
	c.busy--
	c.clearOffer()
	if bye {
		c.bye()
	}
}

// dead says whether an answer in the dialog means that it is no more
// (RFC 3261 §12.2.1.2).
func dead(res *sip.Response, err error) bool {
	if err != nil {
		return errors.Is(err, sip.ErrTransactionTimeout)
	}
	return res.StatusCode == 408 || res.StatusCode == 481
}

// lost ends a call whose dialog the far end no longer has. BYE goes out in
// case it was only the answer that got lost.
func (c *Call) lost() {
	if c.phase != up {
		return
	}
	why := CauseGone
	if c.recover {
		why = CauseNodeRestart
	}
	c.stop(why)
}

// Probe asks the far end whether it still lives: EventAlive, or EventEnded
// with CauseGone after five seconds without an answer.
func (c *Call) Probe() {
	c.box.command(func() {
		if running := c.ticker.has(alarmProbe); c.phase != up || running {
			return
		}
		c.ticker.set(alarmProbe, probeTimeout, c.lost)
		c.ask(sip.OPTIONS, nil, func(res *sip.Response, err error) {
			c.ticker.clear(alarmProbe)
			switch {
			case c.phase != up:
			case err != nil || dead(res, nil):
				c.lost()
			default:
				c.tell(Event{Kind: EventAlive, Code: res.StatusCode, Phrase: res.Reason})
			}
		})
	})
}

// requested takes a request from the far end.
func (c *Call) requested(req *sip.Request, tx *sip.ServerTx) {
	switch c.phase {
	case over:
		c.requestedLate(req, tx)
	case dialing:
		c.requestedEarly(req, tx)
	case up:
		if !c.mine(req) {
			c.agent.noDialog(req, tx)
			return
		}
		if req.IsAck() {
			c.acked(req)
			tx.Terminate()
			return
		}
		c.waiting = append(c.waiting, waitingRequest{req, tx})
		slices.SortStableFunc(c.waiting, func(x, y waitingRequest) int {
			return int(x.req.CSeq().SeqNo) - int(y.req.CSeq().SeqNo)
		})
		c.serve(len(c.waiting) >= maxWaiting)
	}
}

// mine says whether the tags of a request are those of the call's dialog.
func (c *Call) mine(req *sip.Request) bool {
	to, _ := req.To().Params.Get("tag")
	from, _ := req.From().Params.Get("tag")
	return c.dialog.CallID == req.CallID().Value() && c.dialog.Local.Tag == to && c.dialog.Remote.Tag == from
}

// serve handles the requests that are in order. One that came before its
// predecessor waits a moment for it: sipgo hands each message to a goroutine
// of its own, and two sent one after the other may swap places there.
func (c *Call) serve(force bool) {
	for len(c.waiting) > 0 && c.phase == up {
		w := c.waiting[0]
		seq := w.req.CSeq().SeqNo
		last := c.dialog.RemoteCSeq
		if last != 0 && seq > last+1 && !force {
			if set := c.ticker.has(alarmOrder); !set {
				c.ticker.set(alarmOrder, orderWait, func() { c.serve(true) })
			}
			return
		}
		c.waiting = c.waiting[1:]
		if last != 0 && seq <= last { // RFC 3261 §12.2.2
			c.agent.respond(w.tx, w.req, 500, "Out Of Order", nil)
			continue
		}
		c.dialog.RemoteCSeq = seq
		c.handle(w.req, w.tx)
	}
	c.ticker.clear(alarmOrder)
}

const alarmOrder = "order"

// handle acts on a request in order.
func (c *Call) handle(req *sip.Request, tx *sip.ServerTx) {
	switch req.Method {
	case sip.BYE:
		c.agent.respond(tx, req, 200, "OK", nil)
		c.endTimers()
		c.refuseWaiting()
		c.tell(Event{Kind: EventEnded, Cause: CauseHangup, Phrase: header(req, "Reason")})
	case sip.INVITE:
		c.reinvited(req, tx)
	case sip.UPDATE:
		c.updated(req, tx)
	case sip.INFO:
		c.info(req, tx)
	case sip.OPTIONS:
		c.agent.respond(tx, req, 200, "OK", nil, sip.NewHeader("Allow", allowed),
			sip.NewHeader("Accept", contentSDP), sip.NewHeader("Supported", "timer, 100rel"))
	default:
		c.agent.noDialog(req, tx)
	}
}

// requestedEarly takes a request while the call is being set up. A BYE may
// overtake the answer it follows; others wait for it.
func (c *Call) requestedEarly(req *sip.Request, tx *sip.ServerTx) {
	from, _ := req.From().Params.Get("tag")
	invited := c.theirs != nil && c.theirs.first
	switch {
	case req.IsAck():
		tx.Terminate()
	case invited && !c.mine(req):
		c.agent.noDialog(req, tx)
	case invited && req.Method == sip.BYE: // instead of CANCEL (RFC 3261 §15.1.2)
		c.agent.respond(tx, req, 200, "OK", nil)
		c.refuseWaiting()
		c.tell(Event{Kind: EventEnded, Cause: CauseCanceled})
	case req.Method == sip.BYE:
		c.agent.respond(tx, req, 200, "OK", nil)
		if len(c.earlyByes) < maxWaiting {
			c.earlyByes[from] = true
		}
	case len(c.waiting) < maxWaiting && (req.Method == sip.INVITE || req.Method == sip.UPDATE || req.Method == sip.INFO || req.Method == sip.OPTIONS):
		c.waiting = append(c.waiting, waitingRequest{req, tx})
	default:
		c.agent.noDialog(req, tx)
	}
}

// serveEarly takes the requests that waited for the answer.
func (c *Call) serveEarly() {
	early := c.waiting
	c.waiting = nil
	for _, w := range early {
		c.requested(w.req, w.tx)
	}
}

// requestedLate takes a request after the end: a BYE that crossed ours, or the
// ACK that ours waits for.
func (c *Call) requestedLate(req *sip.Request, tx *sip.ServerTx) {
	if c.leaving != nil && c.mine(req) {
		switch req.Method {
		case sip.ACK:
			c.acked(req)
			tx.Terminate()
			return
		case sip.BYE:
			c.left(false)
		}
	}
	if req.Method == sip.BYE {
		c.agent.respond(tx, req, 200, "OK", nil)
		return
	}
	c.agent.noDialog(req, tx)
}

// refuseWaiting answers what the call's end leaves unanswered.
func (c *Call) refuseWaiting() {
	for _, w := range c.waiting {
		c.agent.respond(w.tx, w.req, 481, "Call/Transaction Does Not Exist", nil)
	}
	c.waiting = nil
	c.dropOffer()
}
