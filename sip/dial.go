package sip

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"partyline/sip/cause"
	"partyline/sip/edge"
)

// Dial places a call with a reserved slot, which it consumes. It returns at
// once; what happens is told to sink, the end exactly once and last.
func (a *Agent) Dial(s *Slot, r Request, sink func(Event)) *Call {
	c := a.newCall(sink)
	c.req, c.slot, c.trunk = r, s, s.Config()
	if c.req.RingTimeout <= 0 {
		c.req.RingTimeout = defaultRing
	}
	a.wg.Go(func() { c.run(c.dial) })
	return c
}

func (c *Call) dial() {
	if err := c.check(); err != nil {
		c.agent.log.Error("a call was not placed", "number", masked(c.req.Number), "trunk", c.trunk.Name, "error", err)
		c.tell(Event{Kind: EventEnded, Cause: CauseInternalError, Phrase: err.Error()})
		return
	}
	c.ticker.set(alarmRing, c.req.RingTimeout, func() { c.stop(CauseNoAnswer) })
	c.resolve()
}

// check refuses what must not get into a message.
func (c *Call) check() error {
	if _, err := edge.SafeDisplayName(c.req.DisplayName); err != nil {
		return fmt.Errorf("display name: %w", err)
	}
	if _, err := edge.SafeUser(c.req.Number); err != nil {
		return fmt.Errorf("number: %w", err)
	}
	if caller := c.caller(); caller != "" {
		if _, err := edge.SafeUser(caller); err != nil {
			return fmt.Errorf("caller id: %w", err)
		}
	}
	if c.req.Offer == nil {
		return errors.New("no session description")
	}
	return nil
}

func (c *Call) caller() string {
	if c.req.CallerID != "" {
		return c.req.CallerID
	}
	if len(c.trunk.CallerIDs) > 0 {
		return c.trunk.CallerIDs[0]
	}
	return ""
}

// resolve finds the trunk's addresses in the background and begins with the
// first.
func (c *Call) resolve() {
	t := c.trunk
	c.background(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, targetTimeout)
		defer cancel()
		ts, err := c.agent.targets(ctx, t)
		return func() {
			if c.phase != dialing || c.trunk.Name != t.Name {
				return
			}
			if err != nil {
				c.judge(cause.FromError(err), 0, "name resolution failed: "+err.Error())
				return
			}
			c.try(ts)
		}
	})
}

// background runs f outside the call's goroutine, and what it returns inside.
func (c *Call) background(f func(ctx context.Context) func()) {
	c.busy++
	c.agent.wg.Go(func() {
		then := func() {}
		defer func() {
			c.box.command(func() {
				c.busy--
				then()
			})
		}()
		defer c.agent.survive(nil)
		then = f(c.ctx)
	})
}

// try sends an INVITE to the first of ts.
func (c *Call) try(ts []target) {
	offer, err := c.req.Offer(c.trunk.Name)
	if err != nil {
		c.stop(CauseInternalError)
		return
	}
	at := &attempt{
		trunk: c.trunk, to: ts[0], rest: ts[1:], session: sessionOffer,
		early: map[string]*earlyDialog{},
	}
	at.dialog, err = c.newDialog(at)
	if err != nil {
		c.agent.log.Error("an INVITE could not be built", "number", masked(c.req.Number), "trunk", c.trunk.Name, "error", err)
		if len(at.rest) > 0 {
			c.try(at.rest)
			return
		}
		c.judge(cause.FromError(err), 0, err.Error())
		return
	}
	at.offer = at.dialog.Origin.stamp(offer)
	c.attempt = at
	c.attempts[at] = true
	c.callIDs = append(c.callIDs, at.dialog.CallID)
	c.agent.enter(at.dialog.CallID, c)
	c.slot.Launch()
	c.tell(Event{Kind: EventTrying})
	c.send(at)
}

// newDialog is our side of a dialog with the dialled number.
func (c *Call) newDialog(at *attempt) (*dialog, error) {
	u, err := parseURI(at.trunk.URI)
	if err != nil {
		return nil, err
	}
	host := uriHost(u.Host, u.Port)
	_, self, port, err := c.agent.local(at.to)
	if err != nil {
		return nil, err
	}
	target := u.Scheme + ":" + c.req.Number + "@" + host
	if p, ok := u.UriParams.Get("transport"); ok && !strings.EqualFold(p, "udp") {
		target += ";transport=" + p
	}
	local := u.Scheme + ":" + c.caller() + "@" + uriHost(self, port)
	if c.caller() == "" {
		local = "sip:anonymous@anonymous.invalid" // RFC 3323 §4.1.1.3
	}
	return &dialog{
		Trunk: at.trunk.Name, Network: at.to.network, Hop: at.to.addr, Host: at.to.host,
		CallID: token(), Target: target,
		Local:  party{Name: c.req.DisplayName, URI: local, Tag: token()},
		Remote: party{URI: u.Scheme + ":" + c.req.Number + "@" + host},
	}, nil
}
