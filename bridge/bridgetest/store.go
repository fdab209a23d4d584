package bridgetest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"partyline/state"
)

// Store is a state.Store in memory. It outlives the bridges that use it, so a
// test of a restart gives the same Store to the next one.
type Store struct {
	mu      sync.Mutex
	keys    []string // sorted
	entries map[string]state.Entry
	rev     uint64
	applied int
	fail    error
	latency time.Duration
}

// NewStore makes an empty store.
func NewStore() *Store { return &Store{entries: map[string]state.Entry{}} }

// Fail makes every Apply return err and write nothing, until Fail(nil).
func (s *Store) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

// Slow makes every Apply take this long, as a disk does.
func (s *Store) Slow(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency = d
}

// Applied counts the batches written.
func (s *Store) Applied() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.applied
}

// Get implements state.Store.
func (s *Store) Get(_ context.Context, key string) (state.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.entries[key]
	if !ok {
		return state.Entry{}, fmt.Errorf("%w: %s", state.ErrNotFound, key)
	}
	return e, nil
}

// List implements state.Store.
func (s *Store) List(_ context.Context, prefix, after string, limit int) ([]state.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, found := slices.BinarySearch(s.keys, max(prefix, after))
	if found && after >= prefix {
		i++
	}
	var out []state.Entry
	for ; i < len(s.keys) && strings.HasPrefix(s.keys[i], prefix); i++ {
		if limit > 0 && len(out) == limit {
			break
		}
		out = append(out, s.entries[s.keys[i]])
	}
	return out, nil
}

// Apply implements state.Store.
func (s *Store) Apply(_ context.Context, ops ...state.Op) ([]uint64, error) {
	s.mu.Lock()
	latency := s.latency
	s.mu.Unlock()
	if latency > 0 {
		time.Sleep(latency)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return nil, fmt.Errorf("%w: %w", state.ErrUnavailable, s.fail)
	}
	for _, op := range ops {
		if !op.Any && s.entries[op.Key].Rev != op.Rev {
			return nil, fmt.Errorf("%w: %s has revision %d, not %d", state.ErrConflict, op.Key, s.entries[op.Key].Rev, op.Rev)
		}
	}
	s.applied++
	revs := make([]uint64, len(ops))
	for i, op := range ops {
		at, found := slices.BinarySearch(s.keys, op.Key)
		if op.Value == nil {
			if found {
				s.keys = slices.Delete(s.keys, at, at+1)
				delete(s.entries, op.Key)
			}
			continue
		}
		if !found {
			s.keys = slices.Insert(s.keys, at, op.Key)
		}
		s.rev++
		revs[i] = s.rev
		s.entries[op.Key] = state.Entry{Key: op.Key, Value: slices.Clone(op.Value), Rev: s.rev}
	}
	return revs, nil
}

// Snapshot implements state.Store.
func (s *Store) Snapshot(_ context.Context, w io.Writer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return json.NewEncoder(w).Encode(s.entries)
}

// Close implements state.Store; the store goes on.
func (s *Store) Close() error { return nil }

// All decodes every record under a prefix, in key order. It panics when one
// is not what it should be: the test is wrong, or the record is.
func All[T any](s state.Store, prefix string) []T {
	entries, err := s.List(context.Background(), prefix, "", 0)
	if err != nil {
		panic(err)
	}
	out := make([]T, len(entries))
	for i, e := range entries {
		if err := json.Unmarshal(e.Value, &out[i]); err != nil {
			panic(fmt.Sprintf("%s: %v", e.Key, err))
		}
	}
	return out
}
