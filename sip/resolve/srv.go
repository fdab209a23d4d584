package resolve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// service is an SRV name and the transport it stands for.
type service struct{ name, proto, transport string }

// services to ask for, in our order of preference. A transport the URI names
// is the only one (RFC 3263 §4.2).
func (p place) services() []service {
	udp := service{"sip", "udp", "udp"}
	tcp := service{"sip", "tcp", "tcp"}
	tls := service{"sips", "tcp", "tls"}
	switch {
	case p.transport == "tls":
		return []service{tls}
	case p.transport == "udp":
		return []service{udp}
	case p.transport == "tcp":
		return []service{tcp}
	}
	return []service{udp, tcp}
}

// lookup asks DNS. A port in the URI rules SRV out (RFC 3263 §4.2); without
// any SRV record the host's own addresses are used. SRV records get srvTime of
// the time there is. When they cannot be asked for, the host's addresses are
// only a good guess for a domain that had none before (hadSRV).
func (f *Finder) lookup(ctx context.Context, p place, hadSRV bool, srvTime time.Duration) (answer, error) {
	if p.port == 0 {
		sctx, cancel := context.WithTimeout(ctx, srvTime)
		defer cancel()
		routes, err := f.lookupServices(sctx, p)
		if len(routes) > 0 {
			return answer{routes: routes, srv: true, at: time.Now()}, nil
		}
		if err != nil && (hadSRV || !errors.Is(err, errUnasked)) {
			return answer{}, err
		}
	}
	transport := cmp.Or(p.transport, "udp")
	addrs, err := f.lookupHost(ctx, p.host)
	if err != nil {
		return answer{}, err
	}
	r := route{transport: transport, port: cmp.Or(p.port, defaultPort(transport)), addrs: addrs}
	return answer{routes: []route{r}, at: time.Now()}, nil
}

// errUnasked means that it is not known whether there are SRV records.
var errUnasked = errors.New("SRV records could not be asked for")

// lookupServices collects the records of all services. No record at all is no
// error; records whose hosts have no address are one, and so is a domain that
// says "no such service".
func (f *Finder) lookupServices(ctx context.Context, p place) (routes []route, err error) {
	for rank, s := range p.services() {
		found, e := f.lookupSRV(ctx, s, rank, p.host)
		routes = append(routes, found...)
		if err == nil || errors.Is(err, errUnasked) {
			err = cmp.Or(e, err)
		}
	}
	return routes, err
}

// lookupSRV finds the records of one service and their addresses.
func (f *Finder) lookupSRV(ctx context.Context, s service, rank int, host string) (routes []route, err error) {
	_, records, err := f.resolver().LookupSRV(ctx, s.name, s.proto, host)
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnasked, err)
	}
	if len(records) == 1 && records[0].Target == "." {
		return nil, ErrNoService
	}
	for _, r := range records {
		addrs, e := f.lookupHost(ctx, r.Target)
		if e != nil {
			err = e
			continue
		}
		routes = append(routes, route{
			transport: s.transport, rank: rank, priority: r.Priority, weight: r.Weight, port: r.Port, addrs: addrs,
		})
	}
	return routes, err
}

func (f *Finder) lookupHost(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	found, err := f.resolver().LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	for _, a := range found {
		if a = a.Unmap(); a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && !slices.Contains(addrs, a) {
			addrs = append(addrs, a)
		}
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("%w: %s", ErrNoHost, host)
	}
	return addrs, nil
}

// order draws the order of this call: transport by transport, by priority, and
// among equals at random by weight (RFC 2782).
func (f *Finder) order(p place, routes []route, stale bool) []Target {
	left := slices.Clone(routes)
	slices.SortStableFunc(left, func(a, b route) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.priority, b.priority), cmp.Compare(min(a.weight, 1), min(b.weight, 1)))
	})
	var out []Target
	for len(left) > 0 {
		n := 1
		for n < len(left) && left[n].rank == left[0].rank && left[n].priority == left[0].priority {
			n++
		}
		i := f.pick(left[:n])
		for _, a := range left[i].addrs {
			out = append(out, Target{Transport: left[i].transport, Addr: netip.AddrPortFrom(a, left[i].port), ServerName: p.host, Stale: stale})
		}
		left = slices.Delete(left, i, i+1)
	}
	return out
}

// pick draws one of several records of the same priority, those of weight 0
// standing first: a number from 0 to the sum of weights, and the first record
// whose running sum reaches it.
func (f *Finder) pick(equals []route) int {
	var sum uint64
	for _, r := range equals {
		sum += uint64(r.weight)
	}
	if len(equals) == 1 || sum == 0 {
		return 0
	}
	at, run := f.intN(sum+1), uint64(0)
	for i, r := range equals {
		if run += uint64(r.weight); run >= at {
			return i
		}
	}
	return len(equals) - 1
}
