package bridge

import (
	"sync/atomic"
	"time"

	"partyline/state"
)

// Stats is a snapshot for metrics.
type Stats struct {
	Loaded         int                  // conferences in memory
	Participants   map[state.Status]int // of loaded conferences
	Queued         int                  // participants waiting for a place on a trunk
	Subscribers    int                  // event readers
	Events         uint64               // written since the start
	Commits        uint64               // batches written since the start
	CommitErrors   uint64               // batches the store refused
	CommitLatency  time.Duration        // of the last batch
	SoundsLost     uint64               // media events dropped because a conference was too busy
	Panics         uint64               // faults caught in one participant's handling
	Receptions     int                  // callers who have not typed a PIN yet
	RefusedGuesses uint64               // PINs of callers that were not compared: too many wrong ones before
	Draining       bool
}

type counters struct {
	events, commits, commitErrors, soundsLost, panics atomic.Uint64
	latency                                           atomic.Int64
}

// counts is what a conference tells Stats after each batch.
type counts struct {
	status      map[state.Status]int
	queued      int
	subscribers int
}

func (o *owner) publishCounts() {
	c := &counts{status: map[state.Status]int{}, queued: len(o.queue), subscribers: len(o.subs)}
	for _, m := range o.roll {
		c.status[m.rec.Status]++
	}
	o.counts.Store(c)
}

// Stats counts. It waits for nobody.
func (b *Bridge) Stats() Stats {
	s := Stats{
		Participants: map[state.Status]int{},
		Events:       b.stats.events.Load(), Commits: b.stats.commits.Load(), CommitErrors: b.stats.commitErrors.Load(),
		CommitLatency: time.Duration(b.stats.latency.Load()),
		SoundsLost:    b.stats.soundsLost.Load(), Panics: b.stats.panics.Load(), Draining: b.draining.Load(),
	}
	s.Receptions, s.RefusedGuesses = b.lobby.count(), b.guesses.refused.Load()
	for _, o := range b.owners() {
		c := o.counts.Load()
		s.Loaded++
		s.Queued += c.queued
		s.Subscribers += c.subscribers
		for status, n := range c.status {
			s.Participants[status] += n
		}
	}
	return s
}
