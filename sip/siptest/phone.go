package siptest

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Phones answers calls by itself: each INVITE is a phone that rings and picks
// up when told, takes CANCEL and BYE, repeats its 200 until it is
// acknowledged, and knows at the end whether a call was left up.
type Phones struct {
	peer *Peer
	plan func(inv *Message) Plan

	mu    sync.Mutex
	calls map[string]*phone // by Call-ID
	wg    sync.WaitGroup
	stop  chan struct{}
}

// Plan of one phone, counted from its INVITE.
type Plan struct {
	RingAfter   time.Duration // negative: never
	AnswerAfter time.Duration // negative: never
	// IgnoreCancel answers a CANCEL with 200 and goes on to pick up.
	IgnoreCancel bool
}

type phone struct {
	inv      *Incoming
	final    bool // a final answer went out
	answered bool
	acked    bool
	canceled bool
	ended    bool // by BYE
	cancel   chan struct{}
	done     chan struct{}
}

// Phones puts phones behind the peer. They are stopped at the end of the test.
func (p *Peer) Phones(plan func(inv *Message) Plan) *Phones {
	ps := &Phones{peer: p, plan: plan, calls: map[string]*phone{}, stop: make(chan struct{})}
	p.Handle(ps.handle)
	p.tb.Cleanup(ps.Close)
	return ps
}

// Close stops the phones.
func (ps *Phones) Close() {
	ps.mu.Lock()
	select {
	case <-ps.stop:
	default:
		close(ps.stop)
	}
	ps.mu.Unlock()
	ps.wg.Wait()
}

func (ps *Phones) handle(in *Incoming) bool {
	id := in.Get("Call-ID")
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ph := ps.calls[id]
	switch in.Method() {
	case "INVITE":
		if in.Again || ph != nil || !in.IsRequest() {
			return true
		}
		select {
		case <-ps.stop:
			return true
		default:
		}
		in.tag = "p" + id
		ph = &phone{inv: in, cancel: make(chan struct{}), done: make(chan struct{})}
		ps.calls[id] = ph
		plan := ps.plan(in.Message)
		ps.wg.Go(func() { ps.ring(ph, plan) })
	case "CANCEL":
		in.tag = "p" + id
		if ph == nil {
			in.Reply(481)
			return true
		}
		in.Reply(200)
		if !ph.canceled {
			ph.canceled = true
			close(ph.cancel)
		}
	case "ACK":
		if ph != nil && ph.final && !ph.acked {
			ph.acked = true
			close(ph.done)
		}
	case "BYE":
		if ph == nil || !ph.answered {
			in.Reply(481)
			return true
		}
		in.Reply(200)
		ph.ended = true
	default:
		return false
	}
	return true
}

// ring is one phone's goroutine.
func (ps *Phones) ring(ph *phone, plan Plan) {
	start := time.Now()
	wait := func(until time.Duration) (canceled, stopped bool) {
		var due <-chan time.Time
		if until >= 0 {
			t := time.NewTimer(time.Until(start.Add(until)))
			defer t.Stop()
			due = t.C
		}
		cancel := ph.cancel
		if plan.IgnoreCancel {
			cancel = nil
		}
		select {
		case <-due:
		case <-cancel:
			return true, false
		case <-ps.stop:
			return false, true
		}
		return false, false
	}
	for _, step := range []struct {
		at time.Duration
		do func()
	}{{plan.RingAfter, func() { ph.inv.Reply(180) }}, {plan.AnswerAfter, nil}} {
		if step.at < 0 && step.do != nil {
			continue
		}
		canceled, stopped := wait(step.at)
		if stopped {
			return
		}
		if canceled {
			ps.mu.Lock()
			ph.final = true
			ps.mu.Unlock()
			ps.repeat(ph, func() { ph.inv.Reply(487) })
			return
		}
		if step.do != nil {
			step.do()
		}
	}
	ps.mu.Lock()
	ph.final, ph.answered = true, true
	ps.mu.Unlock()
	ps.repeat(ph, func() { ph.inv.Reply(200, Body(SDP)) })
}

// repeat sends a final answer until it is acknowledged (RFC 3261 §13.3.1.4,
// §17.2.1).
func (ps *Phones) repeat(ph *phone, send func()) {
	pause := 500 * time.Millisecond
	for range 11 { // 32 s
		send()
		t := time.NewTimer(pause)
		select {
		case <-ph.done:
			t.Stop()
			return
		case <-ps.stop:
			t.Stop()
			return
		case <-t.C:
		}
		pause = min(2*pause, 4*time.Second)
	}
}

// Count of the phones' calls.
type Count struct {
	Rung     int
	Answered int
	Crossed  int // answered although a CANCEL came
	Unacked  int // answered, without ACK
	Up       int // answered, without BYE
}

// Count says how the calls stand.
func (ps *Phones) Count() Count {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	var c Count
	for _, ph := range ps.calls {
		c.Rung++
		if !ph.answered {
			continue
		}
		c.Answered++
		if ph.canceled {
			c.Crossed++
		}
		if !ph.acked {
			c.Unacked++
		}
		if !ph.ended {
			c.Up++
		}
	}
	return c
}

func (c Count) String() string {
	return strings.Join([]string{
		fmt.Sprintf("%d rung", c.Rung), fmt.Sprintf("%d answered", c.Answered), fmt.Sprintf("%d crossed by CANCEL", c.Crossed),
		fmt.Sprintf("%d without ACK", c.Unacked), fmt.Sprintf("%d left up", c.Up),
	}, ", ")
}
