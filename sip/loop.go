package sip

import (
	"runtime/debug"
)

// run is the call's goroutine.
func (c *Call) run(begin func()) {
	defer c.agent.stats.active.Add(-1)
	defer c.parted()
	defer c.ticker.timer.Stop()
	defer c.finis()
	defer func() {
		if in := c.theirs; in != nil && in.first && !in.decided { // the agent is being closed
			c.decided(in)
			close(in.gone)
		}
		c.agent.strays.inherit(c.callIDs, c.acks)
		c.agent.leave(c.callIDs...)
	}()
	c.guard(begin)
	for !c.settled() {
		select {
		case <-c.box.wake:
			for _, f := range c.box.take(false) {
				c.guard(f)
			}
		case <-c.ticker.timer.C:
			for f, ok := c.ticker.due(); ok; f, ok = c.ticker.due() {
				c.guard(f)
			}
		case <-c.agent.ctx.Done():
			return
		}
	}
}

// settled says that the end was told and the wire is clean. It closes the
// mailbox then, after serving what came last.
func (c *Call) settled() bool {
	for c.phase == over && c.busy == 0 && len(c.attempts) == 0 {
		rest := c.box.take(true)
		if len(rest) == 0 {
			return true
		}
		for _, f := range rest {
			c.guard(f)
		}
	}
	return false
}

// guard runs one step of the call. A fault in it ends this call and no other.
func (c *Call) guard(step func()) {
	defer func() {
		if p := recover(); p != nil {
			c.agent.stats.panics.Add(1)
			c.agent.log.Error("a fault in a call's signalling; this call ends, others go on",
				"number", masked(c.req.Number), "trunk", c.trunk.Name, "fault", p, "stack", string(debug.Stack()))
			defer func() {
				if recover() != nil {
					c.phase, c.busy, c.attempts = over, 0, nil
				}
			}()
			c.stop(CauseInternalError)
		}
	}()
	step()
}
