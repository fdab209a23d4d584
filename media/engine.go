package media

import (
	"crypto/rand"
	"encoding/hex"
	mrand "math/rand/v2"
	"runtime"
	"sync"
	"time"

	"partyline/media/sdp"
)

// Engine carries the sound of all conferences of a process. Its methods, and
// those of its legs and rooms, may be called from any goroutine; none of them
// waits for the network.
type Engine struct {
	cfg      Config
	codecs   []sdp.Codec
	clock    epochClock
	now      func() int64 // nanoseconds of clock; a test's own in tests
	zero     func() int64 // clock's zero by the wall clock; nil in tests whose clock is their own
	ports    *ports
	workers  []*worker
	dispatch *dispatcher
	retired  chan *stream
	done     chan struct{}
	ending   sync.Once
	wait     sync.WaitGroup

	mu      sync.Mutex // places legs and rooms; never held by a tick
	legs    map[LegID]*Leg
	open    map[*stream]struct{} // whose sockets are open: legs, and closed ones not yet retired
	rooms   map[*Room]struct{}
	lastID  LegID
	streams slab[stream]
	closed  bool
}

// retiring bounds the closed legs whose sockets wait to be closed.
const retiring = 1024

// NewEngine starts an engine. The error says what is wrong with cfg.
//
// Each worker runs on a thread of its own. Where GOMAXPROCS is greater than
// the number of workers they keep their processor while they sleep, which
// saves 5–9 % of a core each: a program that serves many legs sets it to
// cores + 1.
func NewEngine(cfg Config) (*Engine, error) {
	e, err := newEngine(cfg)
	if err != nil {
		return nil, err
	}
	e.zero = e.clock.zero
	keep := runtime.GOMAXPROCS(0) > len(e.workers)
	for _, w := range e.workers {
		e.wait.Go(func() { w.run(keep) })
	}
	return e, nil
}

// newEngine makes an engine whose workers do not run: tests drive them.
func newEngine(cfg Config) (*Engine, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	offered, err := codecs(cfg.Codecs)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		cfg:      cfg,
		codecs:   offered,
		clock:    epochClock{time.Now()},
		dispatch: newDispatcher(),
		retired:  make(chan *stream, retiring),
		done:     make(chan struct{}),
		legs:     make(map[LegID]*Leg),
		open:     make(map[*stream]struct{}),
		rooms:    make(map[*Room]struct{}),
	}
	e.now = e.clock.now
	e.ports = newPorts(cfg, func() int64 { return e.now() })
	for id := range cfg.Workers {
		w := newWorker(e, id)
		w.equip(cfg.Plain)
		e.workers = append(e.workers, w)
	}
	e.wait.Go(func() { e.dispatch.run(e.done) })
	e.wait.Go(e.closePorts)
	return e, nil
}

// Close ends all legs and rooms at once and waits for every goroutine of the
// engine. Events that are still on their way are not delivered. It must not
// be called from an event handler.
func (e *Engine) Close() error {
	e.ending.Do(func() { close(e.done) }) // first: it frees who waits for a full mailbox
	e.wait.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for _, l := range e.legs {
		l.closed.Store(true)
	}
	// Nobody else runs any more: what the workers owned is ours.
	for s := range e.open {
		w := s.owner.Load()
		w.now = e.now()
		s.control.bye(w, s)
		s.publish()
		s.socket.close()
	}
	for _, w := range e.workers {
		w.strip()
	}
	clear(e.open)
	clear(e.legs)
	clear(e.rooms)
	return nil
}

// closePorts closes the sockets of closed legs, which takes longer than a
// tick has time for when a conference of a thousand ends.
func (e *Engine) closePorts() {
	for {
		select {
		case s := <-e.retired:
			e.ports.back(s.socket)
			e.mu.Lock()
			delete(e.open, s)
			*s = stream{}
			e.streams.back(s)
			e.mu.Unlock()
		case <-e.done:
			return
		}
	}
}

// NewLeg takes a pair of ports for a new call. It fails with ErrNoPorts when
// none is free. The handler gets the leg's events, from one goroutine of the
// engine; nil wants none.
func (e *Engine) NewLeg(handler func(Event)) (*Leg, error) {
	socket, err := e.ports.take()
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		socket.close()
		return nil, ErrClosed
	}
	s := e.streams.take()
	s.at, s.socket = -1, socket
	s.control.session.SSRC, s.control.cname = identity()
	// Below half of the numbers, so that no far end mistakes the first for one
	// of before a roll-over (RFC 3711 §3.3.1).
	s.out.seq, s.out.base = uint16(mrand.Uint32N(1<<15)), mrand.Uint32()
	l := &Leg{engine: e, handler: handler, stream: s}
	l.local = sdp.Local{
		Addr:        e.cfg.Advertise,
		Port:        socket.port(),
		RTCPPort:    socket.port() + 1,
		SessionID:   uint64(time.Now().Unix())<<16 | uint64(s.out.seq),
		Version:     1,
		Codecs:      e.codecs,
		Ptime:       20,
		VoIPMetrics: true,
	}
	s.leg = l

	e.lastID++
	l.id, s.id = e.lastID, e.lastID
	e.legs[l.id] = l
	e.open[s] = struct{}{}
	l.home = e.leastLoaded()
	l.home.load++
	s.owner.Store(l.home)
	l.home.post(command{legs: []*stream{s}, run: func(*worker) {}})
	return l, nil
}

// NewRoom makes an empty room in the worker that has the least to do.
func (e *Engine) NewRoom() *Room {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := &Room{engine: e, home: e.leastLoaded(), shares: make([]*mix, len(e.workers))}
	if e.closed {
		r.closed = true
		return r
	}
	r.home.load += roomWeight
	e.rooms[r] = struct{}{}
	r.open(r.home)
	return r
}

// roomWeight is how many legs a room without any counts for: a hundred rooms
// made at once go to all workers.
const roomWeight = 8

func (e *Engine) leastLoaded() *worker {
	least := e.workers[0]
	for _, w := range e.workers[1:] {
		if w.load < least.load {
			least = w
		}
	}
	return least
}

// identity is a leg's SSRC and canonical name, neither of which may be
// guessed (RFC 7022 §4.2).
func identity() (ssrc uint32, cname string) {
	var b [16]byte
	rand.Read(b[:]) // never fails
	ssrc = uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	return ssrc, hex.EncodeToString(b[4:])
}
