package bridgetest

import (
	"sync"

	"partyline/bridge"
)

// Inbound is a phone that calls the bridge, in the test's hand.
type Inbound struct {
	*Call  // nil until the bridge answers
	mu     sync.Mutex
	leg    *Leg
	code   int
	gone   chan struct{}
	hungUp sync.Once
}

// CallIn calls a number from another; "" is an anonymous caller. The phone
// acknowledges the bridge's answer at once.
func (b *Bench) CallIn(called, from string) *Inbound { return b.CallInWith(called, from, "offer") }

// CallInWith is CallIn with this offer: "" leaves it to the bridge, one with
// the word "nokeys" has no key events, one with "bad" cannot be answered.
func (b *Bench) CallInWith(called, from, offer string) *Inbound {
	in := &Inbound{gone: make(chan struct{})}
	p := b.Phones
	call := bridge.IncomingCall{Trunk: "test", Called: called, Caller: from, Gone: in.gone}
	if offer != "" {
		call.Offer = []byte(offer)
	}
	call.Refuse = func(code int) {
		in.mu.Lock()
		defer in.mu.Unlock()
		in.code = code
	}
	call.Answer = func(sdp []byte, sink func(bridge.CallEvent)) bridge.Call {
		c := p.newCall(bridge.CallRequest{Number: "from " + from}, nil, sink)
		c.offer = sdp
		in.mu.Lock()
		in.Call, in.leg = c, p.mixer.leg(sdp)
		in.mu.Unlock()
		e := bridge.CallEvent{Kind: bridge.CallAnswered, Code: 200, Dialog: []byte(c.dialog)}
		if offer == "" {
			e.SDP = []byte("answer")
		}
		c.tell(e)
		return c
	}
	b.Incoming(call)
	return in
}

// Code is what the call was refused with; 0 when it was not.
func (in *Inbound) Code() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.code
}

// Line is the caller's leg, also after its end; nil when there never was one.
func (in *Inbound) Line() *Leg {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.leg
}

// Cancel gives up before the bridge answers.
func (in *Inbound) Cancel() { in.hungUp.Do(func() { close(in.gone) }) }
