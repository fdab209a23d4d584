package bridgetest

import (
	"slices"
	"sync"
	"time"

	"partyline/bridge"
	"partyline/media"
	"partyline/state"
)

// Call is one ringing phone, in the test's hand.
type Call struct {
	phones *Phones
	req    bridge.CallRequest
	slot   bridge.Slot
	sink   func(bridge.CallEvent)
	offer  []byte
	dialog string // survives a restart

	mu        sync.Mutex
	queue     []bridge.CallEvent
	wake      chan struct{}
	done      bool // CallEnded is queued or the test is over
	answered  bool
	hangups   int
	probes    int
	reinvites []string
	replies   []int
	timers    []*time.Timer
}

func (p *Phones) newCall(r bridge.CallRequest, s bridge.Slot, sink func(bridge.CallEvent)) *Call {
	c := &Call{phones: p, req: r, slot: s, sink: sink, dialog: r.Number, wake: make(chan struct{}, 1)}
	p.mu.Lock()
	p.calls = append(p.calls, c)
	p.mu.Unlock()
	p.pumps.Add(1)
	go c.pump()
	return c
}

// pump delivers the call's events one after the other.
func (c *Call) pump() {
	defer c.phones.pumps.Done()
	for {
		select {
		case <-c.wake:
		case <-c.phones.stop:
			return
		}
		c.mu.Lock()
		events := c.queue
		c.queue = nil
		c.mu.Unlock()
		for _, e := range events {
			c.sink(e)
			if e.Kind == bridge.CallEnded {
				return
			}
		}
	}
}

// tell queues an event unless the call has ended.
func (c *Call) tell(e bridge.CallEvent) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done {
		return false
	}
	if e.Kind == bridge.CallEnded {
		c.done = true
		for _, t := range c.timers {
			t.Stop()
		}
		if c.slot != nil {
			c.slot.Release()
		}
	}
	if e.Kind == bridge.CallAnswered {
		c.answered = true
	}
	c.queue = append(c.queue, e)
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return true
}

func (c *Call) quit() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done = true
	for _, t := range c.timers {
		t.Stop()
	}
}

func (c *Call) after(d time.Duration, f func()) {
	if d <= 0 {
		f()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.done {
		c.timers = append(c.timers, time.AfterFunc(d, f))
	}
}

func (c *Call) follow(s Callee) {
	if !s.Silent {
		c.Ring()
	}
	if s.Early {
		c.EarlyMedia()
	}
	if s.Answer < 0 {
		return
	}
	c.after(s.Answer, func() {
		if s.Refuse != nil {
			c.End(*s.Refuse)
			return
		}
		c.AnswerWith(s.SDP)
		if s.Keys != "" {
			c.after(s.KeysAt, func() { c.Press(s.Keys) })
		}
		for _, d := range []byte(s.Digits) {
			c.after(s.KeysAt, func() { c.tell(bridge.CallEvent{Kind: bridge.CallDigit, Digit: d}) })
		}
		if s.HangUp > 0 {
			c.after(s.HangUp, c.FarHangUp)
		}
	})
}

// Ring is a 180.
func (c *Call) Ring() { c.tell(bridge.CallEvent{Kind: bridge.CallRinging, Code: 180}) }

// EarlyMedia is a 183 with a description.
func (c *Call) EarlyMedia() {
	c.tell(bridge.CallEvent{Kind: bridge.CallEarlyMedia, Code: 183, SDP: []byte("early")})
}

// Answer is a 200 with a description that fits.
func (c *Call) Answer() { c.AnswerWith("") }

// AnswerWith is a 200 with this description.
func (c *Call) AnswerWith(sdp string) {
	if sdp == "" {
		sdp = "answer"
	}
	c.tell(bridge.CallEvent{Kind: bridge.CallAnswered, Code: 200, SDP: []byte(sdp), Dialog: []byte(c.dialog)})
}

// Refuse is a final answer other than 200.
func (c *Call) Refuse(reason state.Reason, code int, phrase string) {
	c.End(bridge.CallEvent{Reason: reason, Code: code, Phrase: phrase})
}

// FarHangUp is the far end's BYE.
func (c *Call) FarHangUp() { c.End(bridge.CallEvent{Reason: state.ReasonHangup}) }

// End ends the call with this event.
func (c *Call) End(e bridge.CallEvent) {
	e.Kind = bridge.CallEnded
	c.tell(e)
}

// FarOffers is the far end's re-INVITE: "hold", "inactive", "resume", "bad".
func (c *Call) FarOffers(sdp string) {
	c.tell(bridge.CallEvent{Kind: bridge.CallOffered, SDP: []byte(sdp), Reply: func(code int, _ []byte) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.replies = append(c.replies, code)
	}})
}

// Alive answers a probe.
func (c *Call) Alive() { c.tell(bridge.CallEvent{Kind: bridge.CallAlive}) }

// Press types keys, as RTP events.
func (c *Call) Press(keys string) {
	if l := c.Leg(); l != nil {
		l.Press(keys)
	}
}

// Media lets something happen to the call's audio.
func (c *Call) Media(kind media.EventKind) {
	if l := c.Leg(); l != nil {
		l.Happens(media.Event{Kind: kind})
	}
}

// Leg is the leg that made this call's offer, nil once it is closed.
func (c *Call) Leg() *Leg { return c.phones.mixer.leg(c.offer) }

// Heard lists what was played to this call alone, in order: clips' names.
func (c *Call) Heard() []string { return c.phones.mixer.heard(c.offer) }

// Request is what the bridge asked for.
func (c *Call) Request() bridge.CallRequest { return c.req }

// Hangup implements bridge.Call.
func (c *Call) Hangup() {
	c.mu.Lock()
	c.hangups++
	reason := state.ReasonCanceled
	if c.answered {
		reason = state.ReasonHangup
	}
	c.mu.Unlock()
	c.tell(bridge.CallEvent{Kind: bridge.CallEnded, Reason: reason, Local: true})
}

// Reinvite implements bridge.Call.
func (c *Call) Reinvite(offer []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reinvites = append(c.reinvites, string(offer))
}

// Reinvites are the offers of our re-INVITEs so far.
func (c *Call) Reinvites() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.reinvites)
}

// Probe implements bridge.Call.
func (c *Call) Probe() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.probes++
}

// Hangups counts the bridge's Hangup calls.
func (c *Call) Hangups() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hangups
}

// Probes counts the bridge's Probe calls.
func (c *Call) Probes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.probes
}

// Replies lists the codes the bridge gave to offers of the far end.
func (c *Call) Replies() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]int(nil), c.replies...)
}

// Ended tells whether the call is over.
func (c *Call) Ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done
}

// Info types keys by SIP INFO.
func (c *Call) Info(keys string) {
	for _, key := range []byte(keys) {
		c.tell(bridge.CallEvent{Kind: bridge.CallDigit, Digit: key})
	}
}
