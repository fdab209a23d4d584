package sip

import "github.com/emiago/sipgo/sip"

// abandon gives an attempt up. Nobody waits for what follows: the INVITE's
// transaction goes on, a CANCEL is sent as soon as it may be, and an answer
// that crosses it is taken as a stranger's.
func (c *Call) abandon(at *attempt) {
	if at.left {
		return
	}
	at.left = true
	if at.heard {
		c.cancel(at)
	}
}

// cancel sends CANCEL, once, and only after a provisional answer: before one
// the far end may not know the INVITE (RFC 3261 §9.1).
func (c *Call) cancel(at *attempt) {
	if at.canceled || at.invite == nil {
		return
	}
	at.canceled = true
	req := cancelOf(at.invite)
	c.agent.exchange(req, at.to.host, nil, c.after(func(*sip.Response, error) {}))
	// The final answer to the INVITE should follow. A far end that never sends
	// one is not waited for longer than it could still answer.
	c.ticker.set("cancel "+at.dialog.CallID, cancelLinger, func() { c.finished(at) })
}

// finished forgets an attempt: its INVITE has its final answer, or none will
// come. Its Call-ID stays with the call.
func (c *Call) finished(at *attempt) {
	if !c.attempts[at] {
		return
	}
	delete(c.attempts, at)
	if at.stop != nil {
		close(at.stop)
		at.stop = nil
	}
	c.ticker.clear("cancel " + at.dialog.CallID)
	if c.attempt == at {
		c.ticker.clear(alarmSilence)
	}
}
