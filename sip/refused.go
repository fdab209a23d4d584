package sip

import (
	"context"
	"errors"

	"github.com/emiago/sipgo/sip"

	"partyline/sip/cause"
)

// refused is the end of an INVITE without a 2xx: an answer or an error.
func (c *Call) refused(at *attempt, res *sip.Response, err error) {
	if at.left || c.attempt != at || c.phase != dialing || !c.attempts[at] {
		c.finished(at)
		return
	}
	c.ticker.clear(alarmSilence)
	if err != nil {
		c.finished(at)
		if errors.Is(err, errConnection) && !at.repeated {
			// An idle connection, closed just when it was used: once more over
			// a new one.
			c.try(append([]target{at.to}, at.rest...))
			if c.attempt != nil {
				c.attempt.repeated = true
			}
			return
		}
		if len(at.rest) > 0 {
			c.try(at.rest)
			return
		}
		v := cause.FromError(err)
		if errors.Is(err, sip.ErrTransactionTimeout) {
			v = cause.FromSilence(at.rings)
		}
		c.judge(v, 0, "no answer from the trunk: "+err.Error())
		return
	}
	at.heard = true
	switch code := res.StatusCode; {
	case code == 401 || code == 407:
		if at.creds.answer(res, at.trunk) {
			c.send(at)
			return
		}
	case code == 422 && at.raise(res):
		c.send(at)
		return
	case code == 503 && len(at.rest) > 0 && header(res, "Retry-After") == "":
		c.finished(at) // RFC 3263 §4.3: the same service at its next address
		c.try(at.rest)
		return
	}
	c.finished(at)
	c.judge(cause.Judge(cause.Answer{
		Code: res.StatusCode, Phrase: res.Reason, Body: res.Body(), Provisional: at.rings,
		Header: func(name string) string { return header(res, name) },
	}), res.StatusCode, res.Reason)
}

// raise takes a 422's Min-SE, upwards only (RFC 4028 §7.3).
func (at *attempt) raise(res *sip.Response) bool {
	n := minSE(res)
	if n <= at.session || n > sessionMax {
		return false
	}
	at.session, at.dialog.MinSE = n, n
	return true
}

// judge goes on to another trunk or ends the call.
func (c *Call) judge(v cause.Verdict, code int, phrase string) {
	if c.phase != dialing {
		return
	}
	if v.RestTrunk > 0 && c.agent.trunks.Rest(c.trunk.Name, v.RestTrunk) {
		c.agent.log.Warn("a trunk asks for patience", "trunk", c.trunk.Name, "code", code, "phrase", phrase, "rest", v.RestTrunk)
	}
	end := Event{Kind: EventEnded, Cause: v.Cause, Code: code, Phrase: phrase, RetryAfter: v.RetryAfter, Redress: v.Redress, Trunk: c.trunk.Name}
	if v.TrunkAlarm {
		c.agent.log.Error("a trunk refuses our credentials; check its username, password and realm", "trunk", c.trunk.Name, "code", code)
	}
	if !v.Failover {
		c.finish(end)
		return
	}
	c.failover(end)
}

func (c *Call) finish(end Event) {
	if c.phase != dialing {
		return
	}
	c.endTimers()
	c.refuseWaiting()
	c.tell(end)
}

// failover reserves another trunk in the background; end is told when there is
// none.
func (c *Call) failover(end Event) {
	slot := c.slot
	c.background(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, c.req.RingTimeout)
		defer cancel()
		next, err := slot.Next(ctx)
		return func() {
			if err != nil {
				c.finish(end)
				return
			}
			if c.phase != dialing {
				next.Release()
				return
			}
			c.slot, c.trunk = next, next.Config()
			c.resolve()
		}
	})
}
