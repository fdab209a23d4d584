package sip

import (
	"context"
	"time"

	"github.com/emiago/sipgo/sip"

	"partyline/sip/cause"
)

// Waits of an outgoing call.
const (
	defaultRing   = 60 * time.Second // RingTimeout's zero
	targetTimeout = 4 * time.Second  // without any answer, the trunk's next address is tried
	cancelLinger  = 32 * time.Second // 64·T1: a canceled INVITE's final answer (RFC 3261 §9.1)
)

// attempt is one INVITE to one address, with its repetitions for credentials.
type attempt struct {
	dialog   *dialog // our side of it; the far end's differs by fork
	trunk    Trunk
	to       target
	rest     []target // further addresses of the same trunk
	offer    []byte
	invite   *sip.Request
	creds    credentials
	session  int  // Session-Expires asked for
	heard    bool // any response: CANCEL is allowed
	rings    bool // a 1xx other than 100: a phone may ring
	left     bool // given up: whoever answers now is a stranger
	canceled bool // CANCEL was sent
	repeated bool // after a connection that was closed
	stop     chan struct{}
	early    map[string]*earlyDialog // by remote tag: forks that sent reliable provisional answers
}

// send sends the attempt's INVITE, again with credentials after a challenge.
func (c *Call) send(at *attempt) {
	at.dialog.CSeq++
	req, err := c.agent.compose(at.dialog, sip.INVITE, at.dialog.CSeq, at.offer, contentSDP, at.dialog.sessionHeaders(at.session)...)
	if err != nil {
		c.finished(at)
		c.judge(cause.FromError(err), 0, err.Error())
		return
	}
	at.creds.sign(req)
	at.invite, at.heard, at.stop = req, false, make(chan struct{})
	if len(at.rest) > 0 || len(c.agent.cfg.Trunks) > 1 {
		c.ticker.set(alarmSilence, targetTimeout, func() { c.silent(at) })
	}
	seq := at.dialog.CSeq
	c.agent.exchange(req, at.to.host, at.stop, func(res *sip.Response, err error) {
		if err == nil && res.StatusCode < 300 {
			return // taken by arrived
		}
		c.box.command(func() {
			if at.dialog.CSeq == seq {
				c.refused(at, res, err)
			}
		})
	})
}

// silent gives an address up that says nothing at all.
func (c *Call) silent(at *attempt) {
	switch {
	case c.attempt != at || at.heard || at.left:
	case len(at.rest) > 0:
		c.abandon(at)
		c.try(at.rest)
	default:
		c.passOver(at)
	}
}

// passOver goes on to another trunk while this one is silent. Where there is
// none the INVITE stays out until its transaction gives up.
func (c *Call) passOver(at *attempt) {
	slot := c.slot
	c.background(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, targetTimeout)
		defer cancel()
		next, err := slot.Other(ctx)
		return func() {
			switch {
			case err != nil:
			case c.phase != dialing || c.attempt != at || !c.attempts[at] || at.heard: // it failed meanwhile, and a trunk is looked for already
				next.Release()
			default:
				c.agent.log.Warn("a trunk says nothing; the call goes over another", "number", masked(c.req.Number), "trunk", c.trunk.Name)
				c.abandon(at)
				slot.Done()
				c.slot, c.trunk = next, next.Config()
				c.resolve()
			}
		}
	})
}
