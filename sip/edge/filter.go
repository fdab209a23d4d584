package edge

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// FilterOptions tune a Filter; the zero value works.
type FilterOptions struct {
	Always   []netip.Prefix // configured: the trunks' AllowFrom and sip.allow
	Keep     time.Duration  // how long an address stays allowed after its name stopped resolving to it; 0: 24 h, longer than any call
	Messages float64        // a second and source; more is dropped; 0: 10000
	Calls    float64        // requests outside of dialogs a second and source; more is refused; 0: 100
}

// Filter decides which source addresses are listened to, and how much of each.
// It may be asked by many goroutines and changed at any time.
type Filter struct {
	always   []netip.Prefix
	keep     time.Duration
	messages rate.Limit
	calls    rate.Limit

	known atomic.Pointer[map[netip.Addr]struct{}] // what learned comes to, for reading without a lock

	mu      sync.Mutex
	learned map[string]map[netip.Addr]time.Time // by trunk, with when it was last resolved
	sources map[netip.Addr]*source
	swept   time.Time
}

// source is what one allowed address may send.
type source struct {
	messages, calls *rate.Limiter
	last            time.Time
}

// maxSources bounds the memory spent on sources of wide prefixes.
const maxSources = 4096

// NewFilter makes a Filter that allows only what opt.Always says, until
// addresses are Set.
func NewFilter(opt FilterOptions) *Filter {
	f := &Filter{keep: opt.Keep, messages: rate.Limit(opt.Messages), calls: rate.Limit(opt.Calls),
		learned: map[string]map[netip.Addr]time.Time{}, sources: map[netip.Addr]*source{}}
	for _, p := range opt.Always {
		if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		f.always = append(f.always, p.Masked())
	}
	if f.keep <= 0 {
		f.keep = 24 * time.Hour
	}
	if f.messages <= 0 {
		f.messages = 10_000
	}
	if f.calls <= 0 {
		f.calls = 100
	}
	f.known.Store(&map[netip.Addr]struct{}{})
	return f
}

// Set tells the addresses a trunk resolves to now. Earlier ones stay allowed
// for the Keep time, since calls set up with them go on.
func (f *Filter) Set(trunk string, addrs []netip.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	have := f.learned[trunk]
	if have == nil {
		have = map[netip.Addr]time.Time{}
		f.learned[trunk] = have
	}
	for _, a := range addrs {
		have[a.Unmap().WithZone("")] = now
	}
	f.publish(now)
}

// Owners are the trunks that resolve to an address, in order of their names.
func (f *Filter) Owners(a netip.Addr) (owners []string) {
	a = a.Unmap().WithZone("")
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, have := range f.learned {
		if _, ok := have[a]; ok {
			owners = append(owners, name)
		}
	}
	slices.Sort(owners)
	return owners
}

// Forget drops a trunk that is no longer configured.
func (f *Filter) Forget(trunk string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.learned, trunk)
	f.publish(time.Now())
}

func (f *Filter) publish(now time.Time) {
	known := map[netip.Addr]struct{}{}
	for _, have := range f.learned {
		for a, seen := range have {
			if now.Sub(seen) > f.keep {
				delete(have, a)
				continue
			}
			known[a] = struct{}{}
		}
	}
	f.known.Store(&known)
}

// Allowed says whether an address is listened to at all.
func (f *Filter) Allowed(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if _, ok := (*f.known.Load())[a]; ok {
		return true
	}
	for _, p := range f.always {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// message takes one message's token of an allowed source.
func (f *Filter) message(a netip.Addr) bool {
	s := f.source(a)
	return s != nil && s.messages.Allow()
}

// call takes one token for a request that would begin something.
func (f *Filter) call(a netip.Addr) bool {
	s := f.source(a)
	return s != nil && s.calls.Allow()
}

// source finds or makes an address's buckets; nil when far too many addresses
// are sending.
func (f *Filter) source(a netip.Addr) *source {
	a = a.Unmap().WithZone("")
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	s := f.sources[a]
	if s == nil {
		if len(f.sources) >= maxSources && !f.sweep(now) {
			return nil
		}
		s = &source{
			messages: rate.NewLimiter(f.messages, int(2*f.messages)+1),
			calls:    rate.NewLimiter(f.calls, int(2*f.calls)+1),
		}
		f.sources[a] = s
	}
	s.last = now
	return s
}

// sweep drops sources whose buckets are full again, once a second at most.
func (f *Filter) sweep(now time.Time) (room bool) {
	if now.Sub(f.swept) < time.Second {
		return false
	}
	f.swept = now
	for a, s := range f.sources {
		if now.Sub(s.last) > 3*time.Second {
			delete(f.sources, a)
		}
	}
	return len(f.sources) < maxSources
}
