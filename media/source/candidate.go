package source

import (
	"net/netip"
	"time"
)

const (
	// quiet is how long a learned address must have been silent for another
	// to follow it without being its rival.
	quiet = 200 * time.Millisecond
	// pace is the time of the shortest packets in use: who sends more has
	// something else in mind than telephony.
	pace = 10 * time.Millisecond
	// patience is how long a stranger is watched at least. Needed packets of
	// 20 ms take 60 ms, and the jitter of the line may shorten that. So one
	// that sends faster is hardly sooner believed than one that speaks, and
	// no more than four of its packets are before the other contests it.
	patience = 50 * time.Millisecond
)

// candidate is an unbelieved address and how far it has come.
type candidate struct {
	from  netip.AddrPort
	ssrc  uint32
	seq   uint16
	count uint16
	begin int64 // when it was first heard
}

// advance counts a packet and tells whether it was the last one needed. With
// paced they must come at the pace of a telephone too.
func (c *candidate) advance(from netip.AddrPort, ssrc uint32, seq uint16, now int64, paced bool) bool {
	if c.count == 0 || c.from != from || c.ssrc != ssrc || seq != c.seq+1 {
		*c = candidate{from: from, ssrc: ssrc, seq: seq, count: 1, begin: now}
		return false
	}
	c.seq = seq
	c.count++
	if !paced {
		return c.count >= Needed
	}
	spent := now - c.begin
	if int64(c.count) > 2+spent/int64(pace) {
		*c = candidate{from: from}
		return false
	}
	return c.count >= Needed && spent >= int64(patience)
}
