package sip

import (
	"sync"
	"time"
)

// farewell bounds how long Close waits for calls that are over for us and not
// yet for the far end.
const farewell = 2 * time.Second

// partings counts what still has a last word to say to the far end: calls that
// were hung up or have ended, until the wire is clean, and strangers' BYEs.
type partings struct {
	mu   sync.Mutex
	n    int
	over chan struct{} // one token: the number has come down
}

func newPartings() partings { return partings{over: make(chan struct{}, 1)} }

func (p *partings) begin() {
	p.mu.Lock()
	p.n++
	p.mu.Unlock()
}

func (p *partings) end() {
	p.mu.Lock()
	p.n--
	p.mu.Unlock()
	select {
	case p.over <- struct{}{}:
	default:
	}
}

func (p *partings) none() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n <= 0
}

// wait until there are none, or for so long.
func (p *partings) wait(most time.Duration) {
	t := time.NewTimer(most)
	defer t.Stop()
	for !p.none() {
		select {
		case <-p.over:
		case <-t.C:
			return
		}
	}
}

// part counts the call among those that part, once.
func (c *Call) part() {
	if !c.parting.Swap(true) {
		c.agent.parting.begin()
	}
}

// parted: its goroutine ends, and nothing more can begin.
func (c *Call) parted() {
	if c.parting.Swap(true) {
		c.agent.parting.end()
	}
}
