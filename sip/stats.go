package sip

import "sync/atomic"

// Stats counts what an agent has seen since it started.
type Stats struct {
	Calls       uint64 // placed or recovered
	Active      int    // whose goroutine still works, be it only to clean up the wire
	Refused     uint64 // datagrams and connections of strangers, dropped unread
	Malformed   uint64 // messages of trunks that were no SIP, or too long
	Strays      uint64 // answers nobody waited for, taken with ACK and BYE
	Retransmits uint64 // answers that came again and were acknowledged again
	Dropped     uint64 // messages for a call that could not keep up
	Panics      uint64 // faults in our own code, each of which ended one call
}

type counters struct {
	calls, refused, malformed, strays, retransmits, dropped, panics atomic.Uint64
	active                                                          atomic.Int64
}

// Stats of the agent so far.
func (a *Agent) Stats() Stats {
	s := &a.stats
	return Stats{
		Calls:       s.calls.Load(),
		Active:      int(s.active.Load()),
		Refused:     s.refused.Load(),
		Malformed:   s.malformed.Load(),
		Strays:      s.strays.Load(),
		Retransmits: s.retransmits.Load(),
		Dropped:     s.dropped.Load(),
		Panics:      s.panics.Load(),
	}
}
