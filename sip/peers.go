package sip

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"

	"partyline/sip/resolve"
)

// peers are the addresses SIP may come from: the trunks' own and those that
// the configuration adds.
type peers struct {
	mu     sync.RWMutex
	always []netip.Prefix
	trunks map[string][]netip.Addr // as last resolved
}

func (p *peers) init(cfg Config) error {
	p.trunks = map[string][]netip.Addr{}
	p.always = append(p.always, cfg.Allow...)
	for _, t := range cfg.Trunks {
		p.always = append(p.always, t.AllowFrom...)
		u, err := parseURI(t.URI)
		if err != nil {
			return fmt.Errorf("%w: trunk %s: uri: %w", ErrConfig, t.Name, err)
		}
		if ip, err := netip.ParseAddr(strings.Trim(u.Host, "[]")); err == nil {
			p.trunks[t.Name] = []netip.Addr{ip.Unmap()}
		}
	}
	return nil
}

func (p *peers) learn(trunk string, ts []target) {
	var ips []netip.Addr
	for _, t := range ts {
		ips = append(ips, t.addr.Addr())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trunks[trunk] = ips
}

// known says whether SIP from this address is listened to.
func (a *Agent) known(ip netip.Addr) bool {
	p := &a.peers
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, pre := range p.always {
		if pre.Contains(ip) {
			return true
		}
	}
	for _, ips := range p.trunks {
		for _, have := range ips {
			if have == ip {
				return true
			}
		}
	}
	return false
}

// Resolver looks the hosts of trunks up; *net.Resolver is one.
type Resolver = resolve.Resolver

// WithResolver replaces the system's name resolution.
func WithResolver(r Resolver) Option { return func(a *Agent) { a.finder.Resolver = r } }

// targets are the addresses of a trunk, in the order to try them.
func (a *Agent) targets(ctx context.Context, t Trunk) ([]target, error) {
	found, err := a.finder.Resolve(ctx, t.URI)
	if err != nil {
		return nil, err
	}
	out := make([]target, len(found))
	for i, f := range found {
		out[i] = target{network: f.Transport, addr: f.Addr, host: f.ServerName}
	}
	a.peers.learn(t.Name, out)
	return out, nil
}
