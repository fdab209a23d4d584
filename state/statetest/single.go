package statetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"partyline/state"
)

func getMissing(t *testing.T, open Opener) {
	s := opened(t, open)
	put(t, s, "conf/a", "1")
	for _, key := range []string{"conf/", "conf/aa", "conf", "zzz", ""} {
		if e, err := s.Get(context.Background(), key); !errors.Is(err, state.ErrNotFound) || e.Rev != 0 || e.Value != nil {
			t.Errorf("get %q: %+v, %v; want ErrNotFound", key, e, err)
		}
	}
	list, err := s.List(context.Background(), "nothing/", "", 0)
	if err != nil || len(list) != 0 {
		t.Errorf("list of an unused prefix: %v, %v", list, err)
	}
}

func listOrder(t *testing.T, open Opener) {
	s := opened(t, open)
	keys := []string{"event/c/0000000000000010", "event/c/0000000000000009", "event/c/0000000000000100",
		"a", "b/", "b/ä", "b/z", "b/\xff", "conf/x", "conf"}
	for _, key := range keys {
		put(t, s, key, "of "+key)
	}
	list, err := s.List(context.Background(), "", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys) // by bytes
	for i, e := range list {
		if i >= len(keys) || e.Key != keys[i] || string(e.Value) != "of "+e.Key || e.Rev == 0 {
			t.Fatalf("entry %d is %q rev %d %q; want the keys %q", i, e.Key, e.Rev, e.Value, keys)
		}
	}
	if len(list) != len(keys) {
		t.Fatalf("%d entries, want %d", len(list), len(keys))
	}
}

func listPages(t *testing.T, open Opener) {
	s := opened(t, open)
	for _, key := range []string{"a/9", "b/1", "b/2", "b/3", "b/4", "b0", "c/1"} {
		put(t, s, key, key)
	}
	for _, test := range []struct {
		prefix, after string
		limit         int
		want          string
	}{
		{"b/", "", 0, "b/1 b/2 b/3 b/4"},
		{"b/", "", 2, "b/1 b/2"},
		{"b/", "b/2", 2, "b/3 b/4"},
		{"b/", "b/25", 0, "b/3 b/4"},
		{"b/", "b/4", 2, ""},
		{"b/", "a/9", 1, "b/1"}, // before the prefix: from its start
		{"b/", "b/", 1, "b/1"},  //
		{"b/", "c/1", 0, ""},    // behind it: nothing
		{"b", "b/4", 0, "b0"},   //
		{"", "b/4", 0, "b0 c/1"},
		{"b/2", "", 0, "b/2"},
		{"b/2", "b/2", 0, ""},
		{"", "", 100, "a/9 b/1 b/2 b/3 b/4 b0 c/1"},
	} {
		list, err := s.List(context.Background(), test.prefix, test.after, test.limit)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range list {
			got = append(got, e.Key)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("list %q after %q limit %d: %q, want %q", test.prefix, test.after, test.limit, got, test.want)
		}
	}
}

func compareAndSwap(t *testing.T, open Opener) {
	s := opened(t, open)
	ctx := context.Background()
	conflict := func(what string, op state.Op) {
		t.Helper()
		if revs, err := s.Apply(ctx, op); !errors.Is(err, state.ErrConflict) || revs != nil {
			t.Errorf("%s: %v, %v; want ErrConflict", what, revs, err)
		}
	}
	conflict("update of what is not there", state.Op{Key: "k", Value: []byte("x"), Rev: 1})
	one := apply(t, s, state.Op{Key: "k", Value: []byte("one")})[0]
	conflict("create of what is there", state.Op{Key: "k", Value: []byte("x")})
	two := apply(t, s, state.Op{Key: "k", Value: []byte("two"), Rev: one})[0]
	conflict("update from an old revision", state.Op{Key: "k", Value: []byte("x"), Rev: one})
	conflict("update from a future revision", state.Op{Key: "k", Value: []byte("x"), Rev: two + 1})

	e, err := s.Get(ctx, "k")
	if err != nil || string(e.Value) != "two" || e.Rev != two {
		t.Errorf("got %q rev %d (%v), want the second write with rev %d", e.Value, e.Rev, err, two)
	}
	apply(t, s, state.Op{Key: "k", Value: []byte{}, Rev: two})
	if e, err := s.Get(ctx, "k"); err != nil || len(e.Value) != 0 || e.Rev <= two {
		t.Errorf("an empty value reads as %q rev %d (%v)", e.Value, e.Rev, err)
	}
}

func deletes(t *testing.T, open Opener) {
	s := opened(t, open)
	ctx := context.Background()
	rev := put(t, s, "k", "v")
	if _, err := s.Apply(ctx, state.Op{Key: "k", Rev: rev + 1}); !errors.Is(err, state.ErrConflict) {
		t.Errorf("delete at another revision: %v", err)
	}
	if _, err := s.Apply(ctx, state.Op{Key: "k"}); !errors.Is(err, state.ErrConflict) {
		t.Errorf("delete of a record said not to be there: %v", err)
	}
	if revs := apply(t, s, state.Op{Key: "k", Rev: rev}); revs[0] != 0 {
		t.Errorf("a deletion has revision %d, want 0", revs[0])
	}
	if _, err := s.Get(ctx, "k"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("after the deletion: %v", err)
	}
	if _, err := s.Apply(ctx, state.Op{Key: "k", Rev: rev}); !errors.Is(err, state.ErrConflict) {
		t.Errorf("second delete at the old revision: %v", err)
	}
	apply(t, s, state.Op{Key: "k", Any: true}) // whether it is there or not
	apply(t, s, state.Op{Key: "k"})            // rightly said not to be there
}

func batchInOrder(t *testing.T, open Opener) {
	s := opened(t, open)
	revs := apply(t, s,
		state.Op{Key: "k", Value: []byte("one")},
		state.Op{Key: "other", Value: []byte("o")},
		state.Op{Key: "k", Value: []byte("two"), Any: true},
		state.Op{Key: "gone", Value: []byte("g")},
		state.Op{Key: "gone", Any: true},
	)
	e, err := s.Get(context.Background(), "k")
	if err != nil || string(e.Value) != "two" || e.Rev != revs[2] {
		t.Errorf("%q rev %d (%v), want the last op of the batch, rev %d", e.Value, e.Rev, err, revs[2])
	}
	if want := map[string]string{"k": "two", "other": "o"}; !maps.Equal(dump(t, s), want) {
		t.Errorf("the store holds %v", dump(t, s))
	}
	if _, err := s.Apply(context.Background(), state.Op{Key: "new", Value: []byte("1")}, state.Op{Key: "new", Value: []byte("2")}); !errors.Is(err, state.ErrConflict) {
		t.Errorf("creating twice in one batch: %v", err)
	}
	if revs, err := s.Apply(context.Background()); err != nil || len(revs) != 0 {
		t.Errorf("an empty batch: %v, %v", revs, err)
	}
}

func conflictLeavesNothing(t *testing.T, open Opener) {
	s := opened(t, open)
	rev := put(t, s, "b", "old")
	put(t, s, "c", "old")
	before := dump(t, s)
	for at := range 3 {
		ops := []state.Op{
			{Key: "a", Value: []byte("new")},
			{Key: "b", Value: []byte("new"), Rev: rev},
			{Key: "c", Any: true},
		}
		ops = slices.Insert(ops, at, state.Op{Key: "z", Value: []byte("new"), Rev: 7777})
		if _, err := s.Apply(context.Background(), ops...); !errors.Is(err, state.ErrConflict) {
			t.Fatalf("conflict at op %d: %v", at, err)
		}
		if after := dump(t, s); !maps.Equal(before, after) {
			t.Fatalf("a conflict at op %d left %v", at, after)
		}
	}
	if e, _ := s.Get(context.Background(), "b"); e.Rev != rev {
		t.Errorf("a refused batch changed a revision: %d to %d", rev, e.Rev)
	}
}

func revisionsGrow(t *testing.T, open Opener) {
	s := open(t)
	var last uint64
	next := func(what string, revs ...uint64) {
		t.Helper()
		for _, rev := range revs {
			if rev <= last {
				t.Fatalf("%s has revision %d after %d", what, rev, last)
			}
			last = rev
		}
	}
	next("a first write", put(t, s, "k", "1"))
	next("another key", put(t, s, "j", "1"))
	next("the same value again", put(t, s, "j", "1"))
	apply(t, s, state.Op{Key: "k", Any: true})
	next("a record made again", put(t, s, "k", "1"))
	next("a batch", apply(t, s, state.Op{Key: "l", Value: []byte("l")}, state.Op{Key: "m", Value: []byte("m")})...)
	for i := range 5 { // the newest record goes, then the store is opened again
		apply(t, s, state.Op{Key: "m", Any: true})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t)
		next(fmt.Sprintf("a write after reopening %d", i), put(t, s, "m", "1"))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func valuesAreCopies(t *testing.T, open Opener) {
	s := opened(t, open)
	value := []byte("mine")
	apply(t, s, state.Op{Key: "k", Value: value, Any: true})
	copy(value, "YOUR")
	for range 2 {
		e, err := s.Get(context.Background(), "k")
		if err != nil || string(e.Value) != "mine" {
			t.Fatalf("%q, %v", e.Value, err)
		}
		copy(e.Value, "HERS")
		list, err := s.List(context.Background(), "k", "", 0)
		if err != nil || string(list[0].Value) != "mine" {
			t.Fatalf("%q, %v", list[0].Value, err)
		}
		copy(list[0].Value, "THEY")
	}
}

func badOps(t *testing.T, open Opener) {
	s := opened(t, open)
	for name, op := range map[string]state.Op{
		"no key":              {Value: []byte("v"), Any: true},
		"a key beyond reason": {Key: strings.Repeat("k", 1<<17), Value: []byte("v"), Any: true},
	} {
		if _, err := s.Apply(context.Background(), state.Op{Key: "good", Value: []byte("v"), Any: true}, op); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if left := dump(t, s); len(left) != 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}
