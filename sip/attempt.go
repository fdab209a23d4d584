package sip

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
	stop     chan struct{}
	early    map[string]*earlyDialog // by remote tag: forks that sent reliable provisional answers
}

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
	if err := headerText(c.req.DisplayName); err != nil {
		return fmt.Errorf("display name: %w", err)
	}
	for _, n := range []string{c.req.Number, c.caller()} {
		if n == "" {
			continue // no caller id is configured
		}
		if !e164(n) {
			return errors.New("a number is not E.164")
		}
	}
	if c.req.Number == "" || c.req.Offer == nil {
		return errors.New("no number or no session description")
	}
	return nil
}

// e164 is "+" and up to fifteen digits; the zero-free first digit is left to
// those who know countries.
func e164(s string) bool {
	if len(s) < 3 || len(s) > 16 || s[0] != '+' {
		return false
	}
	for _, r := range s[1:] {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
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
		next, err := slot.Next(ctx)
		return func() {
			switch {
			case err != nil:
			case c.phase != dialing || c.attempt != at || at.heard:
				next.Release()
			default:
				c.agent.log.Warn("a trunk says nothing; the call goes over another", "number", masked(c.req.Number), "trunk", c.trunk.Name)
				c.abandon(at)
				c.slot, c.trunk = next, next.Config()
				c.resolve()
			}
		}
	})
}

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
	early := c.waiting
	c.waiting = nil
	for _, w := range early {
		c.requested(w.req, w.tx)
	}
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

// refused is the end of an INVITE without a 2xx: an answer or an error.
func (c *Call) refused(at *attempt, res *sip.Response, err error) {
	if at.left || c.attempt != at || c.phase != dialing {
		c.finished(at)
		return
	}
	c.ticker.clear(alarmSilence)
	if err != nil {
		c.finished(at)
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
