package sip

import (
	"context"
	"sync/atomic"

	"github.com/emiago/sipgo/sip"

	"partyline/sip/edge"
	"partyline/sip/trunk"
)

// Slot is the right to place one call; see Reserve.
type Slot = trunk.Slot

// phase of a call as its owner sees it.
type phase uint8

const (
	dialing phase = iota
	up
	over // EventEnded was told; what follows only cleans up the wire
)

// Call is one call. Its methods return at once, may be called from any
// goroutine, and do nothing once the call has ended.
type Call struct {
	agent  *Agent
	ctx    context.Context // until the end is told
	finis  context.CancelFunc
	sink   func(Event)
	box    mailbox
	hung   atomic.Bool
	ticker alarms

	parting atomic.Bool // hung up or over; see partings

	// Only the call's goroutine touches what follows.
	phase   phase
	req     Request
	slot    *Slot
	trunk   trunk.Trunk
	busy    int // exchanges and waits that keep the goroutine after the end
	callIDs []string

	attempt   *attempt          // under way
	attempts  map[*attempt]bool // not yet finished on the wire, attempt among them
	rang      bool              // EventRinging was told
	early     bool              // EventEarlyMedia was told
	earlyByes map[string]bool   // remote tags that hung up before we saw their answer
	waiting   []waitingRequest  // requests that came before the answer

	dialog    *dialog
	acks      map[ackKey]*sip.Request
	ours      *reinvite // our re-INVITE under way
	next      *offerOut // to be sent when it may
	theirs    *offerIn  // their offer under way
	leaving   *offerIn  // the INVITE of a call to us whose ACK our BYE waits for
	creds     credentials
	lastSDP   []byte // our last session description
	remoteSDP []byte // the far end's
	recover   bool   // the dialog came from a snapshot and was not yet confirmed
}

// ackKey names one dialog's answer to one INVITE.
type ackKey struct {
	callID, tag string
	cseq        uint32
}

// waitingRequest came from the wire before we knew the answer it follows.
type waitingRequest struct {
	req *sip.Request
	tx  *sip.ServerTx
}

func (a *Agent) newCall(sink func(Event)) *Call {
	a.stats.calls.Add(1)
	a.stats.active.Add(1)
	ctx, cancel := context.WithCancel(a.ctx)
	return &Call{
		agent:     a,
		ctx:       ctx,
		finis:     cancel,
		sink:      sink,
		box:       newMailbox(),
		ticker:    newAlarms(),
		attempts:  map[*attempt]bool{},
		earlyByes: map[string]bool{},
		acks:      map[ackKey]*sip.Request{},
	}
}

// maxPhrase bytes of a reason phrase are passed on.
const maxPhrase = 200

// tell hands an event to the sink.
func (c *Call) tell(e Event) {
	if c.phase == over {
		return
	}
	if e.Trunk == "" {
		e.Trunk = c.trunk.Name
	}
	e.Phrase = edge.SafeText(e.Phrase, maxPhrase) // may be a carrier's
	if e.Kind == EventEnded {
		c.phase = over
		c.part()
		c.finis()
		if c.slot != nil {
			c.slot.Done()
		}
	}
	c.sink(e)
}

// stop ends the call from our side and cleans up the wire: CANCEL or BYE.
func (c *Call) stop(why Cause) {
	if c.phase == over {
		return
	}
	was := c.phase
	c.endTimers()
	if was == up {
		c.hangUp()
	} else {
		for at := range c.attempts {
			c.abandon(at)
		}
	}
	c.refuseWaiting()
	c.tell(Event{Kind: EventEnded, Cause: why})
}

// endTimers clears the alarms of a call that is up or being set up; those that
// clean up the wire stay.
func (c *Call) endTimers() {
	for _, name := range []string{alarmRing, alarmSilence, alarmRefresh, alarmExpiry, alarmGlare, alarmProbe, alarmReply, alarmRecover, alarmReinvite, alarmOrder} {
		c.ticker.clear(name)
	}
	if c.ours != nil {
		if c.ours.stop != nil {
			close(c.ours.stop)
		}
		c.ours = nil
	}
}

// Names of a call's alarms.
const (
	alarmRing    = "ring"
	alarmSilence = "silence"
	alarmRefresh = "refresh"
	alarmExpiry  = "expiry"
	alarmGlare   = "glare"
	alarmProbe   = "probe"
	alarmReply   = "reply"
	alarmRecover = "recover"
)

// Hangup ends the call: CANCEL before the answer, BYE after it. EventEnded
// comes at once; the wire is cleaned up in the background.
func (c *Call) Hangup() {
	if c.hung.Swap(true) {
		return
	}
	c.part()
	c.box.command(func() {
		if c.phase == dialing {
			c.stop(CauseCanceled)
		} else {
			c.stop(CauseLocal)
		}
	})
}

// after keeps the call's goroutine until the returned function has run in it.
func (c *Call) after(f func(*sip.Response, error)) func(*sip.Response, error) {
	c.busy++
	return func(res *sip.Response, err error) {
		c.box.command(func() {
			if err != nil || !res.IsProvisional() {
				c.busy--
			}
			f(res, err)
		})
	}
}

// host is the name the call's trunk was found by, which a TLS certificate
// must carry.
func (c *Call) host() string {
	if c.dialog != nil {
		return c.dialog.Host
	}
	return ""
}
