package sip

import (
	"errors"
	"net"
	"net/netip"
	"time"
)

// maxDatagram bytes of one SIP message over UDP; anything longer is dropped.
const maxDatagram = 16 << 10

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
		src := addrPortOf(from)
		if n > maxDatagram {
			c.agent.stats.malformed.Add(1)
			continue
		}
		reply, ok := c.agent.admit("UDP", src, b[:n])
		if reply != nil {
			_, _ = c.PacketConn.WriteTo(reply, from) // the sender of a broken request retransmits
		}
		if ok {
			return n, from, nil
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
