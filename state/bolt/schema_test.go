package bolt

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"partyline/state"
)

func upper(r *ledger) error {
	return r.each("a/", func(key string, value []byte) error {
		return r.put(key, bytes.ToUpper(value))
	})
}

func dropB(r *ledger) error {
	return r.each("b/", func(key string, _ []byte) error { return r.delete(key) })
}

func TestMigrations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	ctx := context.Background()
	s := openInner(t, path)
	revs, err := s.Apply(ctx,
		state.Op{Key: "a/1", Value: []byte("one")}, state.Op{Key: "a/2", Value: []byte("two")},
		state.Op{Key: "b/1", Value: []byte("three")}, state.Op{Key: "c/1", Value: []byte("four")})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	opts := Options{Key: innerKey}
	broken := errors.New("this record I do not understand")
	_, err = open(path, opts, []migration{upper, func(*ledger) error { return broken }})
	if !errors.Is(err, broken) {
		t.Errorf("a migration that fails: %v", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("a migration that failed left something behind")
	}
	opts.ReadOnly = true
	if _, err = open(path, opts, []migration{upper}); err == nil || !strings.Contains(err.Error(), "older schema") {
		t.Errorf("an old file opened for reading only: %v", err)
	}

	opts.ReadOnly = false
	s, err = open(path, opts, []migration{upper, dropB})
	if err != nil {
		t.Fatal(err)
	}
	if e, err := s.Get(ctx, "a/2"); err != nil || string(e.Value) != "TWO" || e.Rev <= revs[3] {
		t.Errorf("a/2 is %q rev %d, %v", e.Value, e.Rev, err)
	}
	if e, err := s.Get(ctx, "c/1"); err != nil || string(e.Value) != "four" || e.Rev != revs[3] {
		t.Errorf("c/1 is %q rev %d, %v", e.Value, e.Rev, err)
	}
	if _, err := s.Get(ctx, "b/1"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("b/1: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	if _, err = open(path, opts, []migration{upper}); err == nil || !strings.Contains(err.Error(), "newer partyline") || !strings.Contains(err.Error(), path) {
		t.Errorf("an older program opened a newer file: %v", err)
	}
	s, err = open(path, opts, []migration{upper, dropB})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if e, err := s.Get(ctx, "a/2"); err != nil || string(e.Value) != "TWO" {
		t.Errorf("a migration happened twice: %q, %v", e.Value, err)
	}
}

// Two programs that start at once on the same path make one store.
func TestCreateIsExclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	if err := create(path, innerKey, 1); err != nil {
		t.Fatal(err)
	}
	if err := create(path, innerKey, 1); !errors.Is(err, os.ErrExist) {
		t.Errorf("made a second time: %v", err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}

// A restore put another file in the place of the one that was opened.
func TestReplacedWhileOpening(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "a.db"), filepath.Join(dir, "b.db")
	for _, p := range []string{path, other} {
		if err := create(p, innerKey, 1); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := stillThere(f, path); err != nil {
		t.Error(err)
	}
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	if err := stillThere(f, path); err == nil {
		t.Error("the store that was opened is not the one at its path, and nobody minds")
	}
}
