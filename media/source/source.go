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
// where that is allowed at all, and how long after it was learned an address
// may still be contested by one with a better claim.
const Window = 2 * time.Second

// Lock is the source rule of one leg. Packets from the address in SDP are
// believed at once. Another port of the same IP address is believed after
// Needed packets in order of one SSRC, another IP address likewise but only
// with AllowAnyIP, within Window, and at the pace of a telephone. The first
// address believed is locked until SDP names a new one; only an address that
// was learned yields for Window to one that is nearer to SDP's and shows
// Needed packets in order, and two learned IP addresses that speak at the
// same time lose each other the lock: nobody can tell which is the far end.
// The zero value believes nobody. Times are nanoseconds of any monotonic
// clock. A Lock is not safe for concurrent use.
type Lock struct {
	// AllowAnyIP lets an address be learned that SDP did not name: for
	// trunks whose media comes through a NAT.
	AllowAnyIP bool

	named     netip.AddrPort // from SDP
	dest      netip.AddrPort // where we send
	since     int64          // when named was set
	believed  int64          // when dest was locked
	heard     int64          // when dest sent last
	locked    bool
	contested bool // two unnamed addresses claimed to be the far end
	learning  [4]candidate
	rejected  uint64
}

// Expect takes the address of new SDP. An address that is the same as
// before changes nothing: a session refresh is no reason to learn again.
func (l *Lock) Expect(addr netip.AddrPort, now int64) {
	addr = unmap(addr)
	if addr == l.named {
		return
	}
	l.named, l.dest, l.since = addr, addr, now
	l.locked, l.contested, l.learning = false, false, [4]candidate{}
}

// Check tells whether a packet is believed. ssrc and seq are those of its
// RTP header.
func (l *Lock) Check(from netip.AddrPort, ssrc uint32, seq uint16, now int64) bool {
	from = unmap(from)
	if l.locked && from == l.dest {
		l.heard = now
		return true
	}
	if l.named.IsValid() && !l.Final(now) && l.persuade(from, ssrc, seq, now) {
		return true
	}
	l.rejected++
	return false
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

// Final tells whether Dest can change no more but by new SDP: the socket may
// be connected to it, and strangers never be read.
func (l *Lock) Final(now int64) bool {
	return l.locked && (l.dest == l.named || now-l.believed > int64(Window))
}

// Rejected is how many packets were not believed.
func (l *Lock) Rejected() uint64 { return l.rejected }

// claim is how near an address is to the one in SDP.
type claim uint8

const (
	stranger claim = iota
	sameHost
	namedItself
)

func (l *Lock) claim(addr netip.AddrPort) claim {
	switch {
	case addr == l.named:
		return namedItself
	case addr.Addr() == l.named.Addr():
		return sameHost
	}
	return stranger
}

// persuade takes a packet from an address that is not believed yet.
func (l *Lock) persuade(from netip.AddrPort, ssrc uint32, seq uint16, now int64) bool {
	claim := l.claim(from)
	if claim == namedItself && !l.locked {
		l.believe(from, now)
		return true
	}
	if !l.learnable(claim, now) || !l.candidate(claim, from).advance(from, ssrc, seq, now, claim == stranger) {
		return false
	}
	if claim == stranger && l.locked && now-l.heard < int64(quiet) {
		l.locked, l.contested, l.dest = false, true, l.named
		return false
	}
	l.believe(from, now)
	return true
}

func (l *Lock) believe(addr netip.AddrPort, now int64) {
	l.locked, l.dest, l.believed, l.heard = true, addr, now, now
}

// learnable tells whether an address with this claim has a chance.
func (l *Lock) learnable(c claim, now int64) bool {
	if l.locked && c != stranger {
		return c > l.claim(l.dest)
	}
	if l.locked { // and still open to contest
		return l.claim(l.dest) == stranger
	}
	return c != stranger || l.AllowAnyIP && !l.contested && now-l.since <= int64(Window)
}

// candidate is the place where an address is watched. Each claim has its own,
// and strangers two, so that a flood from elsewhere does not make us forget
// the far end.
func (l *Lock) candidate(c claim, from netip.AddrPort) *candidate {
	switch {
	case c != stranger:
		return &l.learning[c+1]
	case l.learning[0].from == from:
		return &l.learning[0]
	case l.learning[1].from == from || l.learning[0].count > l.learning[1].count:
		return &l.learning[1]
	}
	return &l.learning[0]
}

// unmap makes 192.0.2.1 and ::ffff:192.0.2.1 the same address: a dual-stack
// socket reports the second for what SDP calls the first.
func unmap(addr netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
}
