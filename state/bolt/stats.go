package bolt

import (
	"errors"
	"os"
	"sync/atomic"

	"partyline/state"
)

// counters of a store, for Stats.
type counters struct {
	commits, batches, conflicts, failures atomic.Uint64
}

func (c *counters) answered(err error) {
	switch {
	case err == nil:
		c.batches.Add(1)
	case errors.Is(err, state.ErrConflict):
		c.conflicts.Add(1)
	default:
		c.failures.Add(1)
	}
}

// Stats counts since Open.
type Stats struct {
	Commits   uint64 // fsynced commits
	Batches   uint64 // acknowledged batches: many share one commit in a burst
	Conflicts uint64
	Failures  uint64 // batches that found no room or no disk
	Waiting   int    // batches in the queue now
	Bytes     int64  // size of the file
}

// Stats returns the counters and the present load.
func (s *Store) Stats() Stats {
	st := Stats{
		Commits:   s.stats.commits.Load(),
		Batches:   s.stats.batches.Load(),
		Conflicts: s.stats.conflicts.Load(),
		Failures:  s.stats.failures.Load(),
		Waiting:   len(s.queue),
	}
	if info, err := os.Stat(s.path); err == nil {
		st.Bytes = info.Size()
	}
	return st
}
