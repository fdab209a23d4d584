package bridge

import (
	"time"

	"partyline/state"
)

// Stats is a snapshot for metrics.
type Stats struct {
	Loaded        int                  // conferences in memory
	Participants  map[state.Status]int // of loaded conferences
	Queued        int                  // participants waiting for a place on a trunk
	Subscribers   int                  // event readers
	Events        uint64               // written since the start
	Commits       uint64               // batches written since the start
	CommitErrors  uint64               // batches the store refused
	CommitLatency time.Duration        // of the last batch
	Panics        uint64               // faults caught in one participant's handling
	Draining      bool
}
