package sip

import (
	"errors"
	"net"
	"net/netip"
	"time"
)

// filteredPacketConn hands on only datagrams the agent admits: from a trunk,
// and parsing. It is what stands before sipgo's reader, which must neither see
// strangers' bytes nor stop for a passing error.
type filteredPacketConn struct {
	net.PacketConn
	agent *Agent
}

func (c *filteredPacketConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(b)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return n, from, err
			}
			if !c.agent.pause(10 * time.Millisecond) {
				return n, from, net.ErrClosed
			}
			continue
		}
		if c.agent.deaf.Load() {
			continue
		}
		d := c.agent.gate.Admit("UDP", addrPortOf(from), b[:n])
		if d.Reply != nil && d.ReplyTo.IsValid() {
			_, _ = c.PacketConn.WriteTo(d.Reply, net.UDPAddrFromAddrPort(d.ReplyTo))
		}
		if len(d.Pass) > 0 && len(d.Pass) <= len(b) {
			return copy(b, d.Pass), from, nil
		}
	}
}

// addrPortOf a socket address, with IPv4-in-IPv6 undone; zero when unknown.
func addrPortOf(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.UDPAddr:
		return unmap(a.AddrPort())
	case *net.TCPAddr:
		return unmap(a.AddrPort())
	case nil:
		return netip.AddrPort{}
	}
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.AddrPort{}
	}
	return unmap(ap)
}

func unmap(ap netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
