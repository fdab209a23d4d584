package state_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"partyline/state"
)

// shelf is the least of a store that the helpers need.
type shelf struct {
	entries []state.Entry
	applied []state.Op
}

func (s *shelf) Get(_ context.Context, key string) (state.Entry, error) {
	for _, e := range s.entries {
		if e.Key == key {
			return e, nil
		}
	}
	return state.Entry{}, state.ErrNotFound
}

func (s *shelf) List(context.Context, string, string, int) ([]state.Entry, error) {
	return s.entries, nil
}

func (s *shelf) Apply(_ context.Context, ops ...state.Op) ([]uint64, error) {
	s.applied = append(s.applied, ops...)
	return make([]uint64, len(ops)), nil
}

func (s *shelf) Snapshot(context.Context, io.Writer) error { return nil }
func (s *shelf) Close() error                              { return nil }

func TestLoad(t *testing.T) {
	ctx := context.Background()
	s := &shelf{entries: []state.Entry{
		{Key: "tenant/a", Value: []byte(`{"id":"a"}`), Rev: 3},
		{Key: "tenant/b", Value: []byte(`{"id":"b"}`), Rev: 4},
	}}
	r, err := state.Load[state.Tenant](ctx, s, "tenant/a")
	if err != nil || r.Value.ID != "a" || r.Rev != 3 || r.Key != "tenant/a" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := state.Load[state.Tenant](ctx, s, "tenant/c"); !errors.Is(err, state.ErrNotFound) {
		t.Error(err)
	}
	all, err := state.LoadAll[state.Tenant](ctx, s, state.TenantPrefix)
	if err != nil || len(all) != 2 || all[1].Value.ID != "b" || all[1].Rev != 4 {
		t.Errorf("%+v, %v", all, err)
	}
	s.entries[1].Value = []byte(`{"id":`)
	if _, err := state.LoadAll[state.Tenant](ctx, s, state.TenantPrefix); !errors.Is(err, state.ErrCorrupt) {
		t.Errorf("a value that does not decode: %v", err)
	}
}

func TestBatch(t *testing.T) {
	s := &shelf{}
	var b state.Batch
	b.Put("put", 1)
	b.Create("create", 2)
	b.Update("update", 3, 7)
	b.Delete("delete", 8)
	b.Remove("remove")
	if _, err := b.Apply(context.Background(), s); err != nil || b.Len() != 5 {
		t.Fatal(err)
	}
	for i, want := range []state.Op{
		{Key: "put", Value: []byte("1"), Any: true},
		{Key: "create", Value: []byte("2")},
		{Key: "update", Value: []byte("3"), Rev: 7},
		{Key: "delete", Rev: 8},
		{Key: "remove", Any: true},
	} {
		got := s.applied[i]
		if got.Key != want.Key || string(got.Value) != string(want.Value) || (got.Value == nil) != (want.Value == nil) || got.Rev != want.Rev || got.Any != want.Any {
			t.Errorf("op %d is %+v, want %+v", i, got, want)
		}
	}

	s = &shelf{}
	b = state.Batch{}
	b.Put("good", 1)
	b.Put("bad", state.Event{Data: json.RawMessage("not json")})
	if _, err := b.Apply(context.Background(), s); err == nil || len(s.applied) != 0 {
		t.Errorf("a value that cannot be encoded: %v, %d ops were written", err, len(s.applied))
	}
}
