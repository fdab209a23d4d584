package carrier

import (
	"sync"
	"sync/atomic"
	"time"
)

// choir makes all phones speak, each 20 ms, from one goroutine.
type choir struct {
	mu     sync.Mutex
	phones map[*phone]struct{}
	worst  atomic.Int64 // nanoseconds a frame was late since somebody asked
}

func (c *choir) join(p *phone) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phones == nil {
		c.phones = make(map[*phone]struct{})
	}
	c.phones[p] = struct{}{}
}

func (c *choir) leave(p *phone) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.phones, p)
}

// sing keeps absolute time: a late frame does not delay the next.
func (c *choir) sing(stop <-chan struct{}) {
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-stop:
			return
		case <-timer.C:
		}
		if late := int64(time.Since(next)); late > c.worst.Load() {
			c.worst.Store(late)
		}
		c.mu.Lock()
		for p := range c.phones {
			p.speak()
		}
		c.mu.Unlock()
		next = next.Add(ptime)
		timer.Reset(time.Until(next))
	}
}
