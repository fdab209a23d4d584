package bridgetest

import (
	"context"
	"slices"
	"sync"
	"time"

	"partyline/bridge"
	"partyline/state"
)

// Never is an Answer that does not come by itself.
const Never = time.Duration(-1)

// Callee is what a phone does when it is rung. Times count from the INVITE
// (Answer) or from the answer (the rest); 0 means at once for Answer and "does
// not" for the others.
type Callee struct {
	Answer time.Duration     // Never: it rings until somebody gives up
	Refuse *bridge.CallEvent // instead of an answer, at the time of Answer: Reason, Code, Phrase, RetryAfter
	Silent bool              // it is never said to ring
	Early  bool              // early media while it rings
	SDP    string            // of the answer; "" is a good one, "bad" cannot be used
	Keys   string            // typed after KeysAt
	KeysAt time.Duration
	HangUp time.Duration // the far end's BYE
	Digits string        // as Keys, but by SIP INFO
}

// Phones is a bridge.Dialer whose callees follow a script or the test's hand.
type Phones struct {
	mixer   *Mixer
	mu      sync.Mutex
	scripts map[string]Callee
	calls   []*Call
	limit   int  // places in all; negative: no limit
	free    int  // of them left
	shut    bool // no place is given
	waiting []chan struct{}
	inUse   int
	forget  bool // Recover finds nothing
	pumps   sync.WaitGroup
	stop    chan struct{}
}

// NewPhones makes phones whose audio is in m. Numbers without a script ring
// until the test drives their Call.
func NewPhones(m *Mixer) *Phones {
	return &Phones{mixer: m, scripts: map[string]Callee{}, limit: -1, free: -1, stop: make(chan struct{})}
}

// Script says how a number behaves from now on. The number "" is every number
// without a script of its own.
func (p *Phones) Script(number string, c Callee) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scripts[number] = c
}

// Channels limits how many calls there may be at once.
func (p *Phones) Channels(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit, p.free = n, n-p.inUse
}

// Shut keeps every place back, or gives them out again.
func (p *Phones) Shut(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = on
	p.serve()
}

// Forget makes Recover fail, as when the far end no longer knows the call.
func (p *Phones) Forget(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget = on
}

// InUse counts places reserved and not given back.
func (p *Phones) InUse() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inUse
}

// Calls lists all calls ever placed to a number, oldest first; "" lists all.
func (p *Phones) Calls(number string) []*Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	if number == "" {
		return slices.Clone(p.calls)
	}
	var out []*Call
	for _, c := range p.calls {
		if c.req.Number == number {
			out = append(out, c)
		}
	}
	return out
}

// Last is the newest call to a number, nil when there was none.
func (p *Phones) Last(number string) *Call {
	calls := p.Calls(number)
	if len(calls) == 0 {
		return nil
	}
	return calls[len(calls)-1]
}

// Close ends the goroutines of all calls, telling nobody.
func (p *Phones) Close() {
	close(p.stop)
	for _, c := range p.Calls("") {
		c.quit()
	}
	p.pumps.Wait()
}

type slot struct {
	p    *Phones
	once sync.Once
}

// Trunk implements bridge.Slot.
func (s *slot) Trunk() string { return "test" }

// Release implements bridge.Slot.
func (s *slot) Release() {
	s.once.Do(func() {
		s.p.mu.Lock()
		defer s.p.mu.Unlock()
		s.p.inUse--
		if s.p.free >= 0 {
			s.p.free++
		}
		s.p.serve()
	})
}

// take is called with the lock held.
func (p *Phones) take() bool {
	if p.shut || p.free == 0 {
		return false
	}
	if p.free > 0 {
		p.free--
	}
	p.inUse++
	return true
}

// serve is called with the lock held: whoever waits longest goes first.
func (p *Phones) serve() {
	for len(p.waiting) > 0 && p.take() {
		close(p.waiting[0])
		p.waiting = p.waiting[1:]
	}
}

// TryReserve implements bridge.Dialer.
func (p *Phones) TryReserve() (bridge.Slot, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) > 0 || !p.take() {
		return nil, false
	}
	return &slot{p: p}, true
}

// Reserve implements bridge.Dialer.
func (p *Phones) Reserve(ctx context.Context) (bridge.Slot, error) {
	p.mu.Lock()
	turn := make(chan struct{})
	p.waiting = append(p.waiting, turn)
	p.serve()
	p.mu.Unlock()
	select {
	case <-turn:
		return &slot{p: p}, nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiting, turn); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		return nil, ctx.Err()
	}
	return &slot{p: p}, nil
}

// Dial implements bridge.Dialer.
func (p *Phones) Dial(s bridge.Slot, r bridge.CallRequest, sink func(bridge.CallEvent)) bridge.Call {
	c := p.newCall(r, s, sink)
	offer, err := r.Offer(s.Trunk())
	if err != nil {
		c.End(bridge.CallEvent{Reason: state.ReasonInternalError})
		return c
	}
	c.offer = offer
	c.tell(bridge.CallEvent{Kind: bridge.CallTrying, Trunk: s.Trunk()})
	p.mu.Lock()
	script, ok := p.scripts[r.Number]
	if !ok {
		script, ok = p.scripts[""]
	}
	p.mu.Unlock()
	if ok {
		c.follow(script)
	}
	return c
}

// Recover implements bridge.Dialer. The number of the call is "recovered "
// and the number that was dialled.
func (p *Phones) Recover(dialog, offer []byte, sink func(bridge.CallEvent)) bridge.Call {
	c := p.newCall(bridge.CallRequest{Number: "recovered " + string(dialog)}, nil, sink)
	c.offer, c.dialog = offer, string(dialog)
	p.mu.Lock()
	forget := p.forget
	p.mu.Unlock()
	if forget {
		c.End(bridge.CallEvent{Reason: state.ReasonNodeRestart, Code: 481, Phrase: "Call Does Not Exist"})
	} else {
		c.Answer()
	}
	return c
}
