package sip

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// routes is the Route headers of a request and the address it goes to first;
// a strict router takes the place of the Request-URI (RFC 3261 §12.2.1.1).
func (d *dialog) routes(uri *sip.Uri) (hop sip.Uri, routes []sip.Uri, err error) {
	for _, r := range d.Routes {
		u, err := parseURI(r)
		if err != nil {
			return hop, nil, err
		}
		routes = append(routes, u)
	}
	if len(routes) == 0 {
		return *uri, nil, nil
	}
	hop = routes[0]
	if _, loose := hop.UriParams.Get("lr"); !loose {
		routes = append(routes[1:], *uri)
		*uri = hop
	}
	return hop, routes, nil
}

// nextHop is where a request in the dialog goes: to hop, if that is an address
// the trunk is known by; else to where the INVITE went. So a Contact behind a
// NAT or made up by a stranger moves nothing off the trunk.
func (a *Agent) nextHop(d *dialog, hop sip.Uri) target {
	t := target{network: d.Network, addr: d.Hop, host: d.Host}
	if d.Remote.Tag == "" {
		return t // the INVITE itself
	}
	ip, err := netip.ParseAddr(strings.Trim(hop.Host, "[]"))
	if err != nil || !a.known(ip.Unmap()) {
		return t
	}
	if p, ok := hop.UriParams.Get("transport"); ok {
		switch p = strings.ToLower(p); p {
		case "udp", "tcp", "tls":
			t.network = p
		}
	}
	port := hop.Port
	if port == 0 {
		port = sip.DefaultPort(t.network)
	}
	t.addr = netip.AddrPortFrom(ip.Unmap(), uint16(port))
	return t
}

// destination is the target a composed request was made for.
func destination(req *sip.Request, host string) (target, error) {
	addr, err := netip.ParseAddrPort(req.Destination())
	if err != nil {
		return target{}, err
	}
	return target{network: strings.ToLower(req.Transport()), addr: addr, host: host}, nil
}

// uriHost writes a host and port as a URI has them.
func uriHost(host string, port int) string {
	if port == 0 {
		if strings.Contains(host, ":") {
			return "[" + strings.Trim(host, "[]") + "]"
		}
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(port))
}
