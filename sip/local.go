package sip

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// local says which of our addresses a request to t leaves from (zero: let the
// connection decide) and which one we call ourselves in Via and Contact.
func (a *Agent) local(t target) (from sip.Addr, host string, port int, err error) {
	var s socket
	for _, have := range a.sockets {
		if have.network == t.network && have.bound.Addr().Is4() == t.addr.Addr().Is4() {
			s = have
			break
		}
	}
	if !s.bound.IsValid() && t.network == "udp" {
		return sip.Addr{}, "", 0, fmt.Errorf("no udp listener can reach %s", t.addr)
	}
	port = int(s.bound.Port())
	if t.network == "udp" {
		from = sip.Addr{IP: net.IP(s.bound.Addr().AsSlice()), Port: port}
	}
	if a.cfg.Advertise != "" {
		h, p, err := net.SplitHostPort(a.cfg.Advertise)
		if err != nil {
			return from, strings.Trim(a.cfg.Advertise, "[]"), port, nil
		}
		n, err := strconv.Atoi(p)
		if err != nil {
			return from, h, port, fmt.Errorf("%w: advertise %q", ErrConfig, a.cfg.Advertise)
		}
		return from, h, n, nil
	}
	if s.bound.IsValid() && !s.bound.Addr().IsUnspecified() {
		return from, s.bound.Addr().String(), port, nil
	}
	return from, a.routeTo(t.addr), port, nil
}

// routeTo is the address this machine has towards dst. Nothing is sent.
func (a *Agent) routeTo(dst netip.AddrPort) string {
	c, err := net.Dial("udp", dst.String())
	if err != nil {
		return "127.0.0.1"
	}
	defer func() { _ = c.Close() }()
	return addrPortOf(c.LocalAddr()).Addr().String()
}
