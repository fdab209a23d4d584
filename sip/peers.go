package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"
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

// Resolver looks a trunk's host up.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

func defaultResolver() Resolver { return net.DefaultResolver }

// WithResolver replaces the system's name resolution.
func WithResolver(r Resolver) Option { return func(a *Agent) { a.resolver = r } }

// targets are the addresses of a trunk, in the order to try them.
func (a *Agent) targets(ctx context.Context, t Trunk) ([]target, error) {
	u, err := parseURI(t.URI)
	if err != nil {
		return nil, err
	}
	network := "udp"
	if p, ok := u.UriParams.Get("transport"); ok {
		network = strings.ToLower(p)
	}
	if u.Scheme == "sips" {
		network = "tls"
	}
	port := u.Port
	if port == 0 {
		port = sip.DefaultPort(network)
	}
	host := strings.Trim(u.Host, "[]")
	var ips []netip.Addr
	if ip, err := netip.ParseAddr(host); err == nil {
		ips = []netip.Addr{ip}
	} else if ips, err = a.resolver.LookupNetIP(ctx, "ip", host); err != nil {
		return nil, err
	}
	if len(ips) == 0 {
		return nil, errors.New("no address for " + host)
	}
	var out []target
	for _, ip := range ips {
		out = append(out, target{network: network, addr: netip.AddrPortFrom(ip.Unmap(), uint16(port)), host: host})
	}
	a.peers.learn(t.Name, out)
	return out, nil
}
