// Package source decides whose packets a leg believes and where its own go:
// the rule that keeps strangers from hearing a call or speaking into it by
// sending to its port ("RTP bleed" and "RTP inject").
package source

import (
	"net/netip"
	"time"
)

// Needed is how many packets in order, of one SSRC, an address other than
// the one in SDP must show before it is believed.
const Needed = 4

// Window is how long after new SDP another IP address may still be learned,
// where that is allowed at all.
const Window = 2 * time.Second

// Lock is the source rule of one leg. Packets from the address in SDP are
// believed at once. Another port of the same IP address is believed after
// Needed packets in order of one SSRC, another IP address likewise but only
// with AllowAnyIP and within Window. The first address believed is locked
// until SDP names a new one. The zero value believes nobody. Times are
// nanoseconds of any monotonic clock. A Lock is not safe for concurrent use.
type Lock struct {
	// AllowAnyIP lets an address be learned that SDP did not name: for
	// trunks whose media comes through a NAT.
	AllowAnyIP bool

	named    netip.AddrPort // from SDP
	dest     netip.AddrPort // where we send
	since    int64          // when named was set
	locked   bool
	learning candidate
	rejected uint64
}

// candidate is an unbelieved address and how far it has come.
type candidate struct {
	from  netip.AddrPort
	ssrc  uint32
	seq   uint16
	count uint8
}

// Expect takes the address of new SDP. An address that is the same as
// before changes nothing: a session refresh is no reason to learn again.
func (l *Lock) Expect(addr netip.AddrPort, now int64) {
	addr = unmap(addr)
	if addr == l.named {
		return
	}
	l.named, l.dest, l.since = addr, addr, now
	l.locked, l.learning = false, candidate{}
}

// Check tells whether a packet is believed. ssrc and seq are those of its
// RTP header.
func (l *Lock) Check(from netip.AddrPort, ssrc uint32, seq uint16, now int64) bool {
	from = unmap(from)
	if l.locked {
		if from == l.dest {
			return true
		}
		l.rejected++
		return false
	}
	if !l.named.IsValid() {
		l.rejected++
		return false
	}
	if from == l.named {
		l.locked, l.dest = true, from
		return true
	}
	if !l.learnable(from, now) || !l.learning.advance(from, ssrc, seq) {
		l.rejected++
		return false
	}
	l.locked, l.dest = true, from
	return true
}

// CheckRTCP tells whether a control packet comes from the believed IP
// address: RTCP often has a port of its own. It never teaches anything.
func (l *Lock) CheckRTCP(from netip.AddrPort) bool {
	if l.dest.IsValid() && unmap(from).Addr() == l.dest.Addr() {
		return true
	}
	l.rejected++
	return false
}

// Dest is where our packets go: the address in SDP until another has been
// believed. It is invalid before the first Expect.
func (l *Lock) Dest() netip.AddrPort { return l.dest }

// Locked tells whether an address has been believed since the last new SDP.
func (l *Lock) Locked() bool { return l.locked }

// Rejected is how many packets were not believed.
func (l *Lock) Rejected() uint64 { return l.rejected }

func (l *Lock) learnable(from netip.AddrPort, now int64) bool {
	if from.Addr() == l.named.Addr() {
		return true
	}
	return l.AllowAnyIP && now-l.since <= int64(Window)
}

// advance counts a packet and tells whether it was the last one needed.
func (c *candidate) advance(from netip.AddrPort, ssrc uint32, seq uint16) bool {
	if c.count == 0 || c.from != from || c.ssrc != ssrc || seq != c.seq+1 {
		*c = candidate{from: from, ssrc: ssrc, seq: seq, count: 1}
		return false
	}
	c.seq = seq
	c.count++
	return c.count >= Needed
}

// unmap makes 192.0.2.1 and ::ffff:192.0.2.1 the same address: a dual-stack
// socket reports the second for what SDP calls the first.
func unmap(addr netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
}
