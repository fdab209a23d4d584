// Package carrier is a telephone network in one process, for demonstrations
// and tests: it answers real SIP over UDP with phones that talk in tones, stay
// busy, never answer, type PINs, put the call on hold or vanish, and it keeps
// a record of what each phone did and heard. The last four digits of the
// number choose the phone (see Scripts).
//
// It is written against the wire, not against package sip, so that the bridge
// is tried against somebody else's reading of the standards. Each call is one
// goroutine that runs its script; each phone's audio is one goroutine that
// listens, and one goroutine for all phones speaks every 20 ms.
package carrier

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Options of a Carrier. The zero value works.
type Options struct {
	// Listen is the UDP address for SIP; "127.0.0.1:0" when empty. Phones
	// take their RTP ports on the same address.
	Listen string
	// Frequencies, in Hz, whose level each phone measures in what it hears.
	Frequencies []float64
	// Continuous, in Hz, is a tone that should never stop once it began;
	// every interruption of it is counted. 0: none.
	Continuous float64
	// KeepAudio makes each phone keep the last stretch of what it heard.
	KeepAudio time.Duration
	// Texts tells the phone that types its PIN what came by SMS; nil: nothing ever comes.
	Texts Texts
	// AnswerWithin makes the talking phones answer after a random time up to
	// this; 0: after a second.
	AnswerWithin time.Duration
	// Patience bounds how long a phone without a shorter script stays on the line; 0: 10 minutes.
	Patience time.Duration
	Log      *slog.Logger
}

// Texts is where phones read their messages.
type Texts interface {
	// TextsTo returns the bodies received by a number so far, oldest first.
	TextsTo(number string) []string
}

// Carrier answers calls until it is closed.
type Carrier struct {
	opts Options
	conn *net.UDPConn
	addr netip.AddrPort

	mu     sync.Mutex
	calls  map[string]*call // by Call-ID
	ended  []*call
	closed bool

	choir   choir
	wg      sync.WaitGroup
	stop    chan struct{}
	garbage atomic.Uint64
}

// Listen binds the SIP socket and starts to answer.
func Listen(opts Options) (*Carrier, error) {
	if opts.Listen == "" {
		opts.Listen = "127.0.0.1:0"
	}
	if opts.Patience == 0 {
		opts.Patience = 10 * time.Minute
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	ua, err := net.ResolveUDPAddr("udp", opts.Listen)
	if err != nil {
		return nil, fmt.Errorf("carrier: address %q: %w", opts.Listen, err)
	}
	conn, err := net.ListenUDP("udp", ua)
	if err != nil {
		return nil, fmt.Errorf("carrier: %w", err)
	}
	// A thousand calls start in one burst; the kernel holds them while we work.
	_ = conn.SetReadBuffer(4 << 20)
	c := &Carrier{
		opts:  opts,
		conn:  conn,
		addr:  conn.LocalAddr().(*net.UDPAddr).AddrPort(),
		calls: make(map[string]*call),
		stop:  make(chan struct{}),
	}
	c.addr = netip.AddrPortFrom(c.addr.Addr().Unmap(), c.addr.Port())
	c.wg.Add(2)
	go func() { defer c.wg.Done(); c.receive() }()
	go func() { defer c.wg.Done(); c.choir.sing(c.stop) }()
	return c, nil
}

// Addr is where SIP is answered.
func (c *Carrier) Addr() netip.AddrPort { return c.addr }

// Close hangs nothing up: every phone falls silent at once, as in a power cut.
// It waits for all goroutines.
func (c *Carrier) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	c.mu.Unlock()
	close(c.stop)
	err := c.conn.Close()
	c.wg.Wait()
	return err
}

// receive hands each datagram to the call it belongs to.
func (c *Carrier) receive() {
	buf := make([]byte, 65535)
	for {
		n, from, err := c.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		msg, err := sip.ParseMessage(append([]byte(nil), buf[:n]...))
		if err != nil {
			c.garbage.Add(1)
			continue
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		c.dispatch(msg, from)
	}
}

func (c *Carrier) dispatch(msg sip.Message, from netip.AddrPort) {
	id := msg.CallID()
	if id == nil {
		c.garbage.Add(1)
		return
	}
	c.mu.Lock()
	k := c.calls[id.Value()]
	if req, ok := msg.(*sip.Request); ok && k == nil && !c.closed {
		switch {
		case req.Method == sip.INVITE && !tagged(req):
			k = newCall(c, req, from)
			c.calls[id.Value()] = k
			c.wg.Add(1)
			go func() { defer c.wg.Done(); k.run() }()
			c.mu.Unlock()
			return
		case req.Method == sip.OPTIONS:
			c.mu.Unlock()
			c.send(respond(req, from, 200, "OK", "").text(), from)
			return
		case req.Method != sip.ACK:
			c.mu.Unlock()
			c.send(respond(req, from, 481, "Call/Transaction Does Not Exist", "").text(), from)
			return
		}
	}
	c.mu.Unlock()
	if k == nil {
		return
	}
	select {
	case k.in <- packet{msg, from}:
	default: // a phone that is this far behind has vanished for the network
	}
}

func tagged(req *sip.Request) bool {
	to := req.To()
	return to != nil && to.Params.Has("tag")
}

func (c *Carrier) send(b []byte, to netip.AddrPort) {
	_, _ = c.conn.WriteToUDPAddrPort(b, to)
}

func (c *Carrier) finish(k *call) {
	c.mu.Lock()
	delete(c.calls, k.id)
	c.ended = append(c.ended, k)
	c.mu.Unlock()
}

// jitter is a random duration below d, so that phones do not act in step.
func jitter(d time.Duration) time.Duration { return rand.N(d) }

// Up counts the calls that are answered and not yet hung up.
func (c *Carrier) Up() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, k := range c.calls {
		if k.record().Up() {
			n++
		}
	}
	return n
}

// WorstLateness is how late a frame of the phones was sent at worst since the
// last time this was asked: a witness of how busy the machine is.
func (c *Carrier) WorstLateness() time.Duration { return time.Duration(c.choir.worst.Swap(0)) }

// Calls returns the record of every call, ended ones first, each part in the
// order of beginning or ending.
func (c *Carrier) Calls() []Record {
	c.mu.Lock()
	calls := append([]*call(nil), c.ended...)
	for _, k := range c.calls {
		calls = append(calls, k)
	}
	c.mu.Unlock()
	out := make([]Record, len(calls))
	for i, k := range calls {
		out[i] = k.record()
	}
	return out
}
