package sip

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
	"golang.org/x/sync/singleflight"

	"partyline/sip/edge"
	"partyline/sip/resolve"
	"partyline/sip/trunk"
)

// closeTimeout bounds how long Close waits for the agent's goroutines.
const closeTimeout = 5 * time.Second

// inFlight is how long Close lets sipgo finish with messages already read.
const inFlight = 20 * time.Millisecond

// Agent owns the sockets, the trunks and the calls.
type Agent struct {
	cfg          Config
	log          *slog.Logger
	rand         func() float64 // [0,1)
	listenPacket func(address string) (net.PacketConn, error)
	finder       resolve.Finder

	tpl       *sip.TransportLayer
	txl       *sip.TransactionLayer
	sockets   []socket
	dials     singleflight.Group
	dialedTCP *dialed
	dialedTLS *dialed
	roots     *x509.CertPool

	trunks  *trunk.Set
	gate    *edge.Gate
	strays  strays
	parting partings
	stats   counters
	started time.Time

	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup // goroutines that work: calls, exchanges, health checks
	readers sync.WaitGroup // goroutines that read sockets
	deaf    atomic.Bool    // nothing more is taken from the wire

	incoming func(Incoming) // who takes calls to us
	ringing  atomic.Int64   // of them, not answered yet

	mu    sync.Mutex
	calls map[string]*Call // by Call-ID; a call has one for each of its attempts
}

// Option changes how an Agent works.
type Option func(*Agent)

// WithLogger sets where the agent tells what went wrong; without it nowhere.
func WithLogger(l *slog.Logger) Option { return func(a *Agent) { a.log = l } }

// WithRand sets the source of random waiting times: numbers in [0,1).
func WithRand(f func() float64) Option { return func(a *Agent) { a.rand = f } }

// WithPacketListener replaces net.ListenPacket for "udp:" entries, for a
// network of one's own (siptest.Network).
func WithPacketListener(f func(address string) (net.PacketConn, error)) Option {
	return func(a *Agent) { a.listenPacket = f }
}

// Listen binds the configured addresses and starts to work. What is wrong with
// cfg is reported as an ErrConfig; nothing is left open then.
func Listen(cfg Config, opts ...Option) (*Agent, error) {
	a := &Agent{
		cfg:     cfg,
		log:     slog.New(slog.DiscardHandler),
		rand:    rand.Float64,
		calls:   map[string]*Call{},
		parting: newPartings(),
		started: time.Now(),
	}
	for _, o := range opts {
		o(a)
	}
	if a.cfg.UserAgent == "" {
		a.cfg.UserAgent = "partyline"
	}
	for _, text := range []string{a.cfg.UserAgent, a.cfg.Advertise} {
		if err := edge.ValidHeaderValue(text); err != nil {
			return nil, fmt.Errorf("%w: user agent or advertised address: %w", ErrConfig, err)
		}
	}
	var err error
	if a.trunks, err = trunk.NewSet(cfg.Trunks); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if a.roots, err = loadRoots(cfg.TLSRoots); err != nil {
		return nil, err
	}
	for _, t := range cfg.Trunks {
		if _, err := parseURI(t.URI); err != nil {
			return nil, fmt.Errorf("%w: trunk %s: uri: %w", ErrConfig, t.Name, err)
		}
	}
	a.gate = gate(cfg)
	a.ctx, a.cancel = context.WithCancel(context.Background())
	a.startStack()
	for _, entry := range cfg.Listen {
		if err := a.listen(entry); err != nil {
			_ = a.Close()
			return nil, err
		}
	}
	for _, t := range cfg.Trunks {
		if u, _ := parseURI(t.URI); isAddress(u.Host) {
			a.lookup(t) // at once, so that its requests are let in from the start
		}
		a.wg.Go(func() { a.keepAlive(t.Name) })
	}
	return a, nil
}

// startStack puts sipgo's layers together. Our own look at each message comes
// first, in the order of arrival: sipgo then starts a goroutine for each.
func (a *Agent) startStack() {
	a.tpl = sip.NewTransportLayer(net.DefaultResolver, sip.NewParser(), nil,
		sip.WithTransportLayerLogger(quiet()))
	a.tpl.OnMessage(a.arrived)
	a.txl = sip.NewTransactionLayer(a.tpl,
		sip.WithTransactionLayerLogger(quiet()),
		sip.WithTransactionLayerUnhandledResponseHandler(func(*sip.Response) {}))
	a.txl.OnRequest(a.request)
	a.dialedTCP = &dialed{conns: make(chan net.Conn), done: a.ctx.Done()}
	a.dialedTLS = &dialed{conns: make(chan net.Conn), done: a.ctx.Done()}
	a.serve(func() error { return a.tpl.ServeTCP(a.dialedTCP) })
	a.serve(func() error { return a.tpl.ServeTLS(a.dialedTLS) })
}

// Close stops the agent. It hangs nothing up: calls in progress stay up at the
// far end and may be taken over by Recover. Calls that have been hung up
// before get two seconds for their BYE or CANCEL to be answered. Then it waits
// for the agent's goroutines: work and readers, five seconds each at most.
func (a *Agent) Close() error {
	a.parting.wait(farewell)
	// sipgo opens a socket of its own for a message whose connection is gone,
	// and then nobody reads or closes it. So nothing is taken in any more, all
	// work ends, and the sockets close last.
	a.deaf.Store(true)
	a.cancel()
	work := ends(&a.wg, closeTimeout)
	// What was read just before is in goroutines of sipgo's that nobody can
	// wait for; they need microseconds.
	time.Sleep(inFlight)
	a.txl.Close()
	for _, s := range a.sockets {
		_ = s.closer.Close()
	}
	_ = a.tpl.Close()
	if !ends(&a.readers, closeTimeout) || !work {
		return fmt.Errorf("sip: still working %v after Close; a call's sink may be blocking", closeTimeout)
	}
	return nil
}

// ends waits for a group's goroutines, but not longer than that.
func ends(wg *sync.WaitGroup, most time.Duration) bool {
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		return false
	}
}

// Addrs are the bound addresses, in the order of Config.Listen:
// "udp:127.0.0.1:40123".
func (a *Agent) Addrs() []string {
	out := make([]string, len(a.sockets))
	for i, s := range a.sockets {
		out[i] = s.network + ":" + s.bound.String()
	}
	return out
}

// pause waits for d; false when the agent is being closed.
func (a *Agent) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-a.ctx.Done():
		return false
	}
}

func (a *Agent) enter(callID string, c *Call) {
	a.mu.Lock()
	a.calls[callID] = c
	a.mu.Unlock()
}

func (a *Agent) leave(callIDs ...string) {
	a.mu.Lock()
	for _, id := range callIDs {
		delete(a.calls, id)
	}
	a.mu.Unlock()
}

func (a *Agent) call(callID string) *Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls[callID]
}

// masked is a number as logs may show it: +1202•••1234.
func masked(number string) string {
	if len(number) < 9 {
		return strings.Repeat("•", len(number))
	}
	return number[:5] + "•••" + number[len(number)-4:]
}
