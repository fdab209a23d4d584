package media

import (
	"net/netip"
	"sync"
	"time"

	"partyline/media/udp"
)

// pair is the two sockets of a leg (RFC 3550 §11): RTP on an even port,
// RTCP on the odd one above.
type pair struct {
	rtp, rtcp *udp.Socket
}

func (p pair) port() int { return int(p.rtp.Local().Port()) }

func (p pair) close() {
	p.rtp.Close()
	p.rtcp.Close()
}

// ports hands out pairs. A port that was given back rests before it is used
// again, so that the last call's late packets never meet the next call.
type ports struct {
	addr netip.Addr
	rest int64 // nanoseconds
	now  func() int64

	mu      sync.Mutex
	ranged  bool
	free    []int // even ports, the longest unused first
	resting []rest
}

type rest struct {
	port  int
	until int64
}

// ephemeral tries for an even port with a free one above, where the system
// chooses: it mostly succeeds in two or three.
const ephemeral = 64

func newPorts(cfg Config, now func() int64) *ports {
	p := &ports{addr: cfg.Address, rest: int64(cfg.Quarantine), now: now}
	if cfg.PortMin == 0 {
		return p
	}
	p.ranged = true
	for port := cfg.PortMin + cfg.PortMin%2; port+1 <= cfg.PortMax; port += 2 {
		p.free = append(p.free, port)
	}
	return p
}

// take binds a free pair, or fails with ErrNoPorts.
func (p *ports) take() (pair, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake()
	if !p.ranged {
		return p.any()
	}
	for range len(p.free) {
		port := p.free[0]
		p.free = p.free[1:]
		if got, ok := p.bind(port); ok {
			return got, nil
		}
		p.free = append(p.free, port)
	}
	return pair{}, ErrNoPorts
}

// back closes a pair and lets its port rest.
func (p *ports) back(used pair) {
	port := used.port()
	used.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resting = append(p.resting, rest{port, p.now() + p.rest})
}

// wake frees the ports that have rested long enough.
func (p *ports) wake() {
	now, n := p.now(), 0
	for n < len(p.resting) && p.resting[n].until <= now {
		if p.ranged {
			p.free = append(p.free, p.resting[n].port)
		}
		n++
	}
	p.resting = p.resting[n:]
}

func (p *ports) any() (pair, error) {
	for range ephemeral {
		s, err := udp.Listen(netip.AddrPortFrom(p.addr, 0))
		if err != nil {
			return pair{}, err
		}
		port := int(s.Local().Port())
		if port%2 == 0 && !p.isResting(port) {
			if c, err := udp.Listen(netip.AddrPortFrom(p.addr, uint16(port+1))); err == nil {
				return pair{s, c}, nil
			}
		}
		s.Close()
	}
	return pair{}, ErrNoPorts
}

func (p *ports) isResting(port int) bool {
	for _, r := range p.resting {
		if r.port == port {
			return true
		}
	}
	return false
}

// bind takes both ports or neither: another program may hold one of them.
func (p *ports) bind(port int) (pair, bool) {
	rtp, err := udp.Listen(netip.AddrPortFrom(p.addr, uint16(port)))
	if err != nil {
		return pair{}, false
	}
	rtcp, err := udp.Listen(netip.AddrPortFrom(p.addr, uint16(port+1)))
	if err != nil {
		rtp.Close()
		return pair{}, false
	}
	return pair{rtp, rtcp}, true
}

// epochClock counts nanoseconds since it was made; it never goes back and
// does not follow corrections of the wall clock.
type epochClock struct{ start time.Time }

func (c epochClock) now() int64 { return int64(time.Since(c.start)) }

// zero is when now was 0, in nanoseconds since 1970 by today's wall clock: it
// moves when that is set.
func (c epochClock) zero() int64 {
	t := time.Now()
	return t.UnixNano() - int64(t.Sub(c.start))
}

func (c epochClock) wall(now int64) time.Time { return c.start.Add(time.Duration(now)) }
