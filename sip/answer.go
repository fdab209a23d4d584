package sip

import (
	"github.com/emiago/sipgo/sip"

	"partyline/sip/cause"
)

// inviteAnswered takes a provisional or 2xx response to any INVITE of this
// call, be it the first or a re-INVITE, expected or not.
func (c *Call) inviteAnswered(res *sip.Response) {
	tag := ""
	if to := res.To(); to != nil {
		tag, _ = to.Params.Get("tag")
	}
	key := ackKey{callID: res.CallID().Value(), tag: tag, cseq: res.CSeq().SeqNo}
	if res.IsSuccess() {
		c.succeeded(res, key)
		return
	}
	for at := range c.attempts {
		if at.dialog.CallID == key.callID && at.dialog.CSeq == key.cseq {
			c.progress(at, res, tag)
		}
	}
}

// progress is a provisional answer. There may be any number of them.
func (c *Call) progress(at *attempt, res *sip.Response, tag string) {
	at.heard = true
	if at.left {
		c.cancel(at)
		return
	}
	c.ticker.clear(alarmSilence)
	if res.StatusCode == 100 {
		return
	}
	at.rings = true
	if at != c.attempt || c.phase != dialing || !c.acknowledge(at, res, tag) {
		return
	}
	if len(res.Body()) > 0 {
		if !c.early {
			c.early = true
			c.tell(Event{Kind: EventEarlyMedia, Code: res.StatusCode, Phrase: res.Reason, SDP: res.Body()})
		}
	} else if !c.rang {
		c.rang = true
		c.tell(Event{Kind: EventRinging, Code: res.StatusCode, Phrase: res.Reason})
	}
}

// succeeded is a 2xx to one of our INVITEs.
func (c *Call) succeeded(res *sip.Response, key ackKey) {
	if ack, ok := c.acks[key]; ok { // ours was lost on the way
		c.agent.stats.retransmits.Add(1)
		c.sendAck(ack)
		return
	}
	if at := c.attempt; at != nil && c.phase == dialing && !at.left &&
		at.dialog.CallID == key.callID && at.dialog.CSeq == key.cseq {
		c.answered(at, res, key)
		return
	}
	if c.dialog != nil && c.dialog.CallID == key.callID && c.dialog.Remote.Tag == key.tag {
		c.reanswered(res, key)
		return
	}
	for at := range c.attempts { // a fork, or too late: nobody talks to it
		if at.dialog.CallID == key.callID {
			at.heard = true
			c.agent.stray(res, at.trunk.Name)
			c.finished(at)
			return
		}
	}
	c.agent.stray(res, c.trunk.Name)
}

// answered: somebody picked up first.
func (c *Call) answered(at *attempt, res *sip.Response, key ackKey) {
	d, err := at.dialog.establish(res)
	if err != nil {
		c.agent.stats.malformed.Add(1)
		c.finished(at)
		c.judge(cause.FromError(err), res.StatusCode, "unusable answer: "+err.Error())
		return
	}
	c.finished(at)
	c.endTimers()
	for other := range c.attempts {
		c.abandon(other)
	}
	if e := at.early[key.tag]; e != nil {
		d.CSeq = max(d.CSeq, e.dialog.CSeq)
	}
	c.dialog, c.creds, c.attempt = d, at.creds, nil
	c.lastSDP, c.remoteSDP = at.offer, res.Body()
	c.ack(d, key, at.invite)
	c.phase = up
	c.session(res)
	c.tell(Event{Kind: EventAnswered, Code: res.StatusCode, Phrase: res.Reason, SDP: res.Body(), Dialog: d.snapshot()})
	if c.earlyByes[key.tag] {
		c.endTimers()
		c.refuseWaiting()
		c.tell(Event{Kind: EventEnded, Cause: CauseHangup})
		return
	}
	c.serveEarly()
}

// ack acknowledges a 2xx and remembers how, for when it comes again. The
// INVITE's credentials go with it (RFC 3261 §22.1).
func (c *Call) ack(d *dialog, key ackKey, invite *sip.Request) {
	var extra []sip.Header
	if invite != nil {
		for _, name := range []string{"Authorization", "Proxy-Authorization"} {
			extra = append(extra, invite.GetHeaders(name)...)
		}
	}
	req, err := c.agent.compose(d, sip.ACK, key.cseq, nil, "", extra...)
	if err != nil {
		c.agent.log.Error("an ACK could not be built", "trunk", d.Trunk, "error", err)
		return
	}
	if len(c.acks) >= maxAcks { // each re-INVITE adds one; the old ones are settled
		clear(c.acks)
	}
	c.acks[key] = req
	c.sendAck(req)
}

// maxAcks remembered for repeated 2xx.
const maxAcks = 16

func (c *Call) sendAck(req *sip.Request) { c.agent.write(req, c.host()) }
