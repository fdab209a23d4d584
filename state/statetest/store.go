// Package statetest is what every state.Store must pass.
package statetest

import (
	"context"
	"testing"

	"partyline/state"
)

// Opener opens the store that belongs to a test: the first call makes an empty
// one, a later call in the same test, after Close, opens it again.
type Opener func(t *testing.T) state.Store

// RunStore holds an implementation against the contract of state.Store.
func RunStore(t *testing.T, open func(t *testing.T) state.Store) {
	for name, test := range map[string]func(*testing.T, Opener){
		"get of what is not there":           getMissing,
		"list is in order of keys":           listOrder,
		"list by prefix, after and limit":    listPages,
		"compare and swap":                   compareAndSwap,
		"delete":                             deletes,
		"ops of a batch happen in order":     batchInOrder,
		"a conflict leaves nothing":          conflictLeavesNothing,
		"revisions grow and never return":    revisionsGrow,
		"values belong to their owner":       valuesAreCopies,
		"bad ops are refused":                badOps,
		"concurrent counters lose nothing":   concurrentCounters,
		"concurrent batches stand alone":     concurrentBatches,
		"readers see whole batches":          wholeBatches,
		"what was acknowledged is kept":      durable,
		"a snapshot is one moment":           snapshotIsOneMoment,
		"a slow snapshot stops nobody":       slowSnapshot,
		"a context that ended":               contextEnded,
		"a closed store":                     closedStore,
		"it behaves as a map with revisions": behavesAsModel,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

// opened opens a store that is closed with the test.
func opened(t *testing.T, open Opener) state.Store {
	t.Helper()
	s := open(t)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

// apply writes a batch that must succeed.
func apply(t *testing.T, s state.Store, ops ...state.Op) []uint64 {
	t.Helper()
	revs, err := s.Apply(context.Background(), ops...)
	if err != nil {
		t.Fatalf("apply: %v", err)
	}
	if len(revs) != len(ops) {
		t.Fatalf("%d ops got %d revisions", len(ops), len(revs))
	}
	return revs
}

// put writes a value whatever is there.
func put(t *testing.T, s state.Store, key, value string) uint64 {
	t.Helper()
	return apply(t, s, state.Op{Key: key, Value: []byte(value), Any: true})[0]
}

// dump reads the whole store as text.
func dump(t *testing.T, s state.Store) map[string]string {
	t.Helper()
	list, err := s.List(context.Background(), "", "", 0)
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	all := make(map[string]string, len(list))
	for _, e := range list {
		all[e.Key] = string(e.Value)
	}
	return all
}
