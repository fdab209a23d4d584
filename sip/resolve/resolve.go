// Package resolve finds where a SIP URI leads: RFC 3263 for sip: and sips:
// URIs, with every SRV record and address in the order to try them.
//
// NAPTR is not asked, since Go's resolver cannot: without one the transport is
// the URI's own, or SRV records for the transports we speak decide (RFC 3263
// §4.1). A carrier that publishes only NAPTR records needs ;transport= in the
// trunk's URI.
package resolve

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Resolver looks names up; *net.Resolver is one.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, addrs []*net.SRV, err error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Target is one address to send a request to.
type Target struct {
	Transport  string // "udp", "tcp" or "tls"
	Addr       netip.AddrPort
	ServerName string // the URI's domain: the name a TLS certificate must carry (RFC 5922 §4)
	Stale      bool   // from the last good answer, because the name could not be looked up now
}

// String is the target as "udp:192.0.2.1:5060".
func (t Target) String() string { return t.Transport + ":" + t.Addr.String() }

// Errors of Resolve.
var (
	ErrURI       = errors.New("not a SIP URI that can be called")
	ErrNoHost    = errors.New("the host has no address")
	ErrNoService = errors.New("the domain says that it offers no such service") // SRV target "." (RFC 2782)
)

// Finder resolves URIs and remembers the last good answer of each for the time
// when DNS does not work. Its zero value is ready; set the fields before first
// use.
type Finder struct {
	Resolver Resolver              // nil: the system's
	Timeout  time.Duration         // of one Resolve; 0: 4 s
	Fresh    time.Duration         // an answer younger than this is used without asking; 0: 10 s, negative: always ask
	LastGood time.Duration         // how long an old answer serves when DNS fails; 0: 24 h
	IntN     func(n uint64) uint64 // random number in [0,n) for SRV weights; nil: math/rand

	mu    sync.Mutex
	known map[string]answer
}

// answer is what a URI's name resolved to.
type answer struct {
	routes []route
	srv    bool // from SRV records
	at     time.Time
}

// route is one SRV record, or the plain host, with its addresses.
type route struct {
	transport        string
	rank             int // of the transport, in our order of preference
	priority, weight uint16
	port             uint16
	addrs            []netip.Addr
}

const maxKnown = 256 // names remembered: many more than anybody's trunks

// Resolve lists the targets of a sip: or sips: URI in the order to try them.
// It ends with ctx or Timeout, whichever comes first. When a name cannot be
// looked up the last good answer is given, marked Stale.
func (f *Finder) Resolve(ctx context.Context, uri string) ([]Target, error) {
	p, err := parse(uri)
	if err != nil {
		return nil, err
	}
	if p.addr.IsValid() {
		return []Target{{Transport: p.transport, Addr: netip.AddrPortFrom(p.addr, p.port), ServerName: p.host}}, nil
	}
	old, ok := f.remembered(p.key())
	if ok && time.Since(old.at) < f.fresh() {
		return f.order(p, old.routes, false), nil
	}
	timeout := f.Timeout
	if timeout <= 0 {
		timeout = 4 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	got, err := f.lookup(ctx, p, ok && old.srv, timeout/2)
	if err != nil {
		if ok && time.Since(old.at) < f.lastGood() {
			return f.order(p, old.routes, true), nil
		}
		return nil, fmt.Errorf("resolve %s: %w", p.host, err)
	}
	f.remember(p.key(), got)
	return f.order(p, got.routes, false), nil
}

func (f *Finder) fresh() time.Duration {
	if f.Fresh == 0 {
		return 10 * time.Second
	}
	return f.Fresh
}

func (f *Finder) lastGood() time.Duration {
	if f.LastGood <= 0 {
		return 24 * time.Hour
	}
	return f.LastGood
}

func (f *Finder) resolver() Resolver {
	if f.Resolver == nil {
		return net.DefaultResolver
	}
	return f.Resolver
}

func (f *Finder) intN(n uint64) uint64 {
	if f.IntN == nil {
		return rand.Uint64N(n)
	}
	return f.IntN(n)
}

func (f *Finder) remembered(key string) (answer, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a, ok := f.known[key]
	return a, ok
}

// remember keeps an answer; the oldest makes room when there are too many.
func (f *Finder) remember(key string, a answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known == nil {
		f.known = map[string]answer{}
	}
	if _, ok := f.known[key]; !ok && len(f.known) >= maxKnown {
		oldest := ""
		for k, v := range f.known {
			if oldest == "" || v.at.Before(f.known[oldest].at) {
				oldest = k
			}
		}
		delete(f.known, oldest)
	}
	f.known[key] = a
}
