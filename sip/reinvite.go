package sip

import (
	"bytes"
	"time"

	"github.com/emiago/sipgo/sip"
)

// reinviteTimeout bounds a re-INVITE that gets provisional answers only.
const reinviteTimeout = 40 * time.Second

// reinvite is our re-INVITE under way.
type reinvite struct {
	cseq    uint32
	offer   []byte
	refresh bool // the session timer's, not the caller's
	session int  // Session-Expires asked for
	req     *sip.Request
	stop    chan struct{}
}

// offerOut waits for its turn.
type offerOut struct {
	sdp     []byte
	refresh bool
}

// Reinvite offers a new session description to the far end: EventReinvited
// with its answer or the code of its refusal. While another offer is under way
// it waits; of several that wait the last one is sent.
func (c *Call) Reinvite(offer []byte) {
	c.box.command(func() {
		if c.phase == up {
			c.offer(offerOut{sdp: offer})
		}
	})
}

// offer sends a re-INVITE now or when it may.
func (c *Call) offer(o offerOut) {
	if glare := c.ticker.has(alarmGlare); c.ours != nil || c.theirs != nil || glare {
		if c.next == nil || !o.refresh {
			c.next = &o
		}
		return
	}
	session := c.dialog.Expires
	if session == 0 {
		session = sessionOffer
	}
	c.ours = &reinvite{offer: c.dialog.Origin.stamp(o.sdp), refresh: o.refresh, session: max(session, c.dialog.MinSE)}
	c.creds.renew()
	c.sendReinvite()
}

func (c *Call) sendReinvite() {
	r, d := c.ours, c.dialog
	d.CSeq++
	req, err := c.agent.compose(d, sip.INVITE, d.CSeq, r.offer, contentSDP, d.sessionHeaders(r.session)...)
	if err != nil {
		c.agent.log.Error("a re-INVITE could not be built", "trunk", d.Trunk, "error", err)
		c.reinviteDone(Event{Kind: EventReinvited, Code: 500, Phrase: err.Error()})
		return
	}
	c.creds.sign(req)
	r.cseq, r.req, r.stop = d.CSeq, req, make(chan struct{})
	c.ticker.set(alarmReinvite, reinviteTimeout, func() { c.reinviteSilent(r) })
	c.agent.exchange(req, d.Host, r.stop, c.after(func(res *sip.Response, err error) {
		if err == nil && res.StatusCode < 300 {
			return // taken by arrived
		}
		if c.ours == r && c.phase == up {
			c.reinviteRefused(r, res, err)
		}
	}))
}

const alarmReinvite = "reinvite"

// reinviteSilent gives up a re-INVITE that is never answered finally.
func (c *Call) reinviteSilent(r *reinvite) {
	if c.ours != r {
		return
	}
	close(r.stop)
	c.agent.exchange(cancelOf(r.req), c.dialog.Host, nil, c.after(func(*sip.Response, error) {}))
	c.reinviteDone(Event{Kind: EventReinvited, Code: 408, Phrase: "Request Timeout"})
}

// reanswered is a 2xx to a re-INVITE of ours.
func (c *Call) reanswered(res *sip.Response, key ackKey) {
	d := c.dialog
	r := c.ours
	if r == nil || r.cseq != key.cseq || c.phase != up { // late, and no longer waited for
		c.ack(d, key, nil)
		return
	}
	if err := d.retarget(res.Contact()); err != nil {
		c.agent.stats.malformed.Add(1)
	}
	if allows(res, "UPDATE") {
		d.Updates = true
	}
	c.ack(d, key, r.req)
	c.lastSDP = r.offer
	c.session(res)
	e := Event{Kind: EventReinvited, Code: res.StatusCode, Phrase: res.Reason, SDP: res.Body(), Dialog: d.snapshot()}
	if c.recover {
		c.recover = false
		c.ticker.clear(alarmRecover)
		e.Kind = EventAnswered
	}
	if r.refresh && bytes.Equal(res.Body(), c.remoteSDP) {
		e.Kind, e.SDP = EventDialog, nil // nothing changed but the time
	}
	c.remoteSDP = res.Body()
	c.reinviteDone(e)
}

// reinviteRefused is any other end of a re-INVITE.
func (c *Call) reinviteRefused(r *reinvite, res *sip.Response, err error) {
	if dead(res, err) {
		c.ours = nil
		c.lost()
		return
	}
	if err != nil {
		c.reinviteDone(Event{Kind: EventReinvited, Code: 503, Phrase: err.Error()})
		return
	}
	switch code := res.StatusCode; {
	case code == 491:
		c.ours = nil
		c.ticker.clear(alarmReinvite)
		wait := c.glareWait()
		again := offerOut{sdp: r.offer, refresh: r.refresh}
		c.ticker.set(alarmGlare, wait, func() {
			if c.next != nil && !c.next.refresh {
				again, c.next = *c.next, nil
			}
			c.offer(again)
		})
		return
	case (code == 401 || code == 407) && c.creds.answer(res, c.trunk):
		c.sendReinvite()
		return
	case code == 422:
		if n := minSE(res); n > r.session && n <= sessionMax {
			r.session, c.dialog.MinSE = n, n
			c.sendReinvite()
			return
		}
	}
	c.reinviteDone(Event{Kind: EventReinvited, Code: res.StatusCode, Phrase: res.Reason})
}

// glareWait is how long an offer waits that met one of the far end: for the
// owner of the Call-ID, which we are in every call we dial, 2.1 to 4 s in steps
// of 10 ms, for the other side up to 2 s (RFC 3261 §14.1).
func (c *Call) glareWait() time.Duration {
	if c.dialog.Theirs {
		return time.Duration(c.agent.rand()*201) * 10 * time.Millisecond
	}
	return 2100*time.Millisecond + time.Duration(c.agent.rand()*191)*10*time.Millisecond
}

// reinviteDone tells the outcome and sends what has waited.
func (c *Call) reinviteDone(e Event) {
	refresh := c.ours != nil && c.ours.refresh
	c.ours = nil
	c.ticker.clear(alarmReinvite)
	switch {
	case c.recover:
		c.stop(CauseNodeRestart)
		return
	case refresh && e.Kind == EventReinvited && e.Code >= 300:
		c.refreshLater() // not the caller's doing; the expiry of the session will tell
	default:
		c.tell(e)
	}
	c.sendNext()
}

// sendNext sends the offer that waited for another to end.
func (c *Call) sendNext() {
	if o := c.next; o != nil && c.phase == up {
		c.next = nil
		c.offer(*o)
	}
}
