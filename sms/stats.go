package sms

import (
	"sync/atomic"
	"time"

	"partyline/state"
)

// Stats are counts since the start, for metrics.
type Stats struct {
	Waiting int // messages not settled, at the last search of the store
	Flying  int // of them with a worker now

	Tries     uint64 // texts handed to the provider
	Retries   uint64 // put back after a try that surely failed
	Unknown   uint64 // tries without a clear answer
	Lookups   uint64 // questions whether a text went out
	Sent      uint64 // messages the provider has
	Delivered uint64 // messages the phone has
	Failed    uint64 // messages given up, for whatever reason
	Limited   uint64 // of them by the limits per number and block

	ConfigurationFaults uint64 // refusals only the operator can mend
	Reports             uint64 // delivery reports that brought news
	ForgedReports       uint64 // refused for their signature

	PausedUntil time.Time // the provider is down or limits us; zero: no pause
}

type counters struct {
	waiting, flying                  atomic.Int64
	tries, retries, unknown, lookups atomic.Uint64
	sent, delivered, failed, limited atomic.Uint64
	configuration, reports, forged   atomic.Uint64
}

// moved counts a message's arrival at a status.
func (c *counters) moved(from, to state.MessageStatus) {
	if from == to {
		return
	}
	switch to {
	case state.MessageSent:
		c.sent.Add(1)
	case state.MessageDelivered:
		if rank(from) < rank(state.MessageSent) {
			c.sent.Add(1) // the report overtook the answer
		}
		c.delivered.Add(1)
	case state.MessageFailed:
		c.failed.Add(1)
	}
}

// Stats reads the counters.
func (o *Outbox) Stats() Stats {
	c := &o.count
	o.mu.Lock()
	paused := o.paused
	o.mu.Unlock()
	return Stats{
		Waiting: int(c.waiting.Load()), Flying: int(c.flying.Load()),
		Tries: c.tries.Load(), Retries: c.retries.Load(), Unknown: c.unknown.Load(), Lookups: c.lookups.Load(),
		Sent: c.sent.Load(), Delivered: c.delivered.Load(), Failed: c.failed.Load(), Limited: c.limited.Load(),
		ConfigurationFaults: c.configuration.Load(), Reports: c.reports.Load(), ForgedReports: c.forged.Load(),
		PausedUntil: paused,
	}
}

func (o *Outbox) setPaused(until time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.paused = until
}
