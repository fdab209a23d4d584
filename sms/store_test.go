package sms_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"partyline/state"
)

// memory is a state.Store in memory that can be told to fail.
type memory struct {
	mu      sync.Mutex
	records map[string]state.Entry
	rev     uint64
	failing func(ops []state.Op) error // nil: no failure
}

func newMemory() *memory { return &memory{records: map[string]state.Entry{}} }

func (s *memory) Get(ctx context.Context, key string) (state.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return state.Entry{}, err
	}
	e, ok := s.records[key]
	if !ok {
		return state.Entry{}, state.ErrNotFound
	}
	return e, nil
}

func (s *memory) List(ctx context.Context, prefix, after string, limit int) ([]state.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var found []state.Entry
	for _, key := range slices.Sorted(maps.Keys(s.records)) {
		if strings.HasPrefix(key, prefix) && key > after && (limit == 0 || len(found) < limit) {
			found = append(found, s.records[key])
		}
	}
	return found, nil
}

func (s *memory) Apply(ctx context.Context, ops ...state.Op) ([]uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.failing != nil {
		if err := s.failing(ops); err != nil {
			return nil, err
		}
	}
	for _, op := range ops {
		if !op.Any && s.records[op.Key].Rev != op.Rev {
			return nil, state.ErrConflict
		}
	}
	revs := make([]uint64, len(ops))
	for i, op := range ops {
		if op.Value == nil {
			delete(s.records, op.Key)
			continue
		}
		s.rev++
		revs[i] = s.rev
		s.records[op.Key] = state.Entry{Key: op.Key, Value: op.Value, Rev: s.rev}
	}
	return revs, nil
}

func (s *memory) Snapshot(context.Context, io.Writer) error { return state.ErrUnavailable }
func (s *memory) Close() error                              { return nil }

func (s *memory) fail(f func([]state.Op) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = f
}

// crash is the store as a process finds it that starts after this one was
// killed now.
func (s *memory) crash() *memory {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &memory{records: maps.Clone(s.records), rev: s.rev}
}

// put stores a message as the bridge does.
func put(t testing.TB, s state.Store, messages ...state.Message) {
	t.Helper()
	for _, m := range messages {
		value, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Apply(context.Background(), state.Op{Key: state.MessageKey(m.ID), Value: value}); err != nil {
			t.Fatal(err)
		}
	}
}

// get reads a message back.
func get(t testing.TB, s state.Store, id string) state.Message {
	t.Helper()
	e, err := s.Get(context.Background(), state.MessageKey(id))
	if err != nil {
		t.Fatalf("message %s: %v", id, err)
	}
	var m state.Message
	if err := json.Unmarshal(e.Value, &m); err != nil {
		t.Fatal(err)
	}
	return m
}
