package sip

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"partyline/sip/edge"
	"partyline/sip/resolve"
)

// gate makes the fence in front of the sockets: SIP comes from the trunks'
// own addresses, kept up to date as their names are resolved, and from those
// the configuration adds.
func gate(cfg Config) *edge.Gate {
	always := slices.Clone(cfg.Allow)
	for _, t := range cfg.Trunks {
		always = append(always, t.AllowFrom...)
	}
	return edge.NewGate(edge.NewFilter(edge.FilterOptions{Always: always}))
}

// known says whether SIP from this address is listened to.
func (a *Agent) known(ip netip.Addr) bool { return a.gate.Filter.Allowed(ip) }

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
	ips := make([]netip.Addr, len(found))
	for i, f := range found {
		out[i] = target{network: f.Transport, addr: f.Addr, host: f.ServerName}
		ips[i] = f.Addr.Addr()
	}
	a.gate.Filter.Set(t.Name, ips)
	return out, nil
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}
