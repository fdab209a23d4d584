package resolve

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// place is what a URI says about where it leads.
type place struct {
	host      string     // name, or address without brackets
	addr      netip.Addr // when the host is an address
	port      uint16     // 0: not said
	transport string     // "": not said
	secure    bool       // sips:
}

func (p place) key() string {
	return fmt.Sprintf("%s %d %s %v", p.host, p.port, p.transport, p.secure)
}

// parse reads a URI and settles what needs no name lookup (RFC 3263 §4.1):
// an address or an explicit port goes over UDP, or TLS for sips:.
func parse(uri string) (place, error) {
	var u sip.Uri
	printable := !strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' })
	if err := sip.ParseUri(uri, &u); err != nil || !printable {
		return place{}, fmt.Errorf("%w: %q", ErrURI, uri)
	}
	scheme := strings.ToLower(u.Scheme)
	if scheme != "sip" && scheme != "sips" || u.Host == "" || u.Port < 0 || u.Port > 65535 {
		return place{}, fmt.Errorf("%w: %q", ErrURI, uri)
	}
	p := place{host: strings.ToLower(strings.Trim(u.Host, "[]")), port: uint16(u.Port), secure: scheme == "sips"}
	p.host = strings.TrimSuffix(p.host, ".")
	if t, ok := u.UriParams.Get("transport"); ok {
		p.transport = strings.ToLower(t)
		switch p.transport {
		case "udp", "tcp", "tls":
		default:
			return place{}, fmt.Errorf("%w: transport %q is not one of udp, tcp, tls", ErrURI, t)
		}
	}
	if p.secure {
		if p.transport == "udp" {
			return place{}, fmt.Errorf("%w: sips: does not go over UDP: %q", ErrURI, uri)
		}
		p.transport = "tls"
	}
	if a, err := netip.ParseAddr(p.host); err == nil {
		p.addr = a.Unmap()
	} else if !isName(p.host) {
		return place{}, fmt.Errorf("%w: host %q", ErrURI, p.host)
	}
	if p.transport == "" && (p.addr.IsValid() || p.port != 0) {
		p.transport = "udp"
	}
	if p.addr.IsValid() && p.port == 0 {
		p.port = defaultPort(p.transport)
	}
	return p, nil
}

func defaultPort(transport string) uint16 {
	if transport == "tls" {
		return 5061
	}
	return 5060
}

// isName accepts host names as DNS and /etc/hosts know them, underscores
// included.
func isName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}
