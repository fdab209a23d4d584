package sip

import "sync/atomic"

// Stats counts what an agent has seen since it started.
type Stats struct {
	Calls       uint64 // placed or recovered
	Active      int    // whose goroutine still works, be it only to clean up the wire
	Refused     uint64 // messages and connections of strangers, dropped unread
	Flooded     uint64 // messages above a source's rate
	Malformed   uint64 // messages of trunks that were no SIP, too long, or of no use
	Strays      uint64 // answers nobody waited for, taken with ACK and BYE
	Retransmits uint64 // answers that came again and were acknowledged again
	Dropped     uint64 // messages for a call that could not keep up
	Panics      uint64 // faults in code, each of which cost one message or ended one call
}

type counters struct {
	calls, strangers, malformed, strays, retransmits, dropped, panics atomic.Uint64
	active                                                            atomic.Int64
}

// Stats of the agent so far.
func (a *Agent) Stats() Stats {
	s, g := &a.stats, a.gate.Stats()
	return Stats{
		Calls:       s.calls.Load(),
		Active:      int(s.active.Load()),
		Refused:     s.strangers.Load() + g.Refused,
		Flooded:     g.Flooded,
		Malformed:   s.malformed.Load() + g.Malformed,
		Strays:      s.strays.Load(),
		Retransmits: s.retransmits.Load(),
		Dropped:     s.dropped.Load(),
		Panics:      s.panics.Load() + g.Panics,
	}
}
