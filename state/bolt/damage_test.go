package bolt_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"partyline/state"
	"partyline/state/bolt"
)

// sample makes a store with trees of several levels, long values, free pages
// and two commits in its headers, and returns the file and what it holds.
func sample(t *testing.T, path string) (file []byte, holds map[string]string) {
	t.Helper()
	s := mustOpen(t, path)
	ctx := context.Background()
	for c := range 3 {
		cid := fmt.Sprintf("conf_%d", c)
		var b state.Batch
		b.Put(state.ConferenceKey(cid), state.Conference{ID: cid, Name: strings.Repeat("n", 3000*c)})
		for n := range uint64(40) {
			pid := fmt.Sprintf("part_%03d", n)
			b.Put(state.ParticipantKey(cid, pid), state.Participant{ID: pid, ConferenceID: cid, Status: state.Pending})
			b.Put(state.EventKey(cid, n+1), state.Event{Seq: n + 1, ID: fmt.Sprint("evt_", n), ConferenceID: cid, Data: json.RawMessage(`{}`)})
		}
		if _, err := b.Apply(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 25 {
		if _, err := s.Apply(ctx, state.RemoveOp(state.ParticipantKey("conf_1", fmt.Sprintf("part_%03d", n)))); err != nil {
			t.Fatal(err)
		}
	}
	holds = contents(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	used := len(bytes.TrimRight(file, "\x00")) // the rest was taken for later growth
	return file[:min(len(file), (used/os.Getpagesize()+1)*os.Getpagesize())], holds
}

func contents(t *testing.T, s state.Store) map[string]string {
	t.Helper()
	list, err := s.List(context.Background(), "", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range list {
		all[e.Key] = string(e.Value)
	}
	return all
}

// refused checks the sentence of a refusal: what, which file, what to do.
func refused(t *testing.T, what, path string, err error) {
	t.Helper()
	if !errors.Is(err, state.ErrCorrupt) {
		t.Errorf("%s: %v, want ErrCorrupt", what, err)
		return
	}
	for _, part := range []string{path, "partyline store"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s: the refusal does not mention %q: %v", what, part, err)
		}
	}
}

// Every kind of damage is either refused, or did not matter: a store that
// opens holds what it held, and works.
func TestFlippedBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "partyline.db")
	file, holds := sample(t, path)
	pages := len(file) / os.Getpagesize()
	rng := rand.New(rand.NewPCG(1, 2))
	damages, refusals := 0, 0
	for page := range pages {
		offsets := []int{0, 8, 10, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 72, 79} // headers and first entries
		if page > 12 {
			offsets = offsets[1:5] // the rest are more of the same
		}
		for range 2 {
			offsets = append(offsets, rng.IntN(os.Getpagesize()))
		}
		for _, off := range offsets {
			at := page*os.Getpagesize() + off
			damaged := bytes.Clone(file)
			damaged[at] ^= byte(1 << rng.IntN(8))
			if off%2 == 0 {
				damaged[at] ^= byte(1 + rng.IntN(255))
			}
			damages++
			if !openDamaged(t, path, damaged, file[at] != damaged[at], fmt.Sprintf("byte %d of page %d", off, page), holds) {
				refusals++
			}
		}
	}
	if refusals < damages/4 || refusals == damages {
		t.Errorf("%d of %d damages were refused: the test hits nothing, or only what matters", refusals, damages)
	}
	t.Logf("%d pages, %d damages, %d refused", pages, damages, refusals)
}

// openDamaged reports whether a damaged file opened.
func openDamaged(t *testing.T, path string, damaged []byte, changed bool, what string, holds map[string]string) bool {
	t.Helper()
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	_, checkErr := bolt.Check(path, testKey)
	s, err := bolt.Open(path, bolt.Options{Key: testKey})
	if err != nil {
		refused(t, what, path, err)
		refused(t, what+", by check", path, checkErr)
		return false
	}
	defer s.Close()
	if !changed {
		return true
	}
	if got := contents(t, s); !maps.Equal(got, holds) && checkErr == nil {
		t.Errorf("%s: it opens, checks well and holds %d records, not %d", what, len(got), len(holds))
	}
	if _, err := s.Apply(context.Background(), state.Op{Key: "after", Value: []byte("1"), Any: true}); err != nil {
		t.Errorf("%s: it opens and cannot be written: %v", what, err)
	}
	return true
}

func TestTruncatedFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "partyline.db")
	file, holds := sample(t, path)
	used := len(bytes.TrimRight(file, "\x00"))
	for size := 0; size < used; size += 1 + size/7 {
		openDamaged(t, path, file[:size], true, fmt.Sprintf("%d of %d bytes", size, len(file)), holds)
		if s, err := bolt.Open(path, bolt.Options{Key: testKey}); err == nil {
			s.Close()
			t.Errorf("a file of %d bytes, %d of them needed, opened", size, used)
		}
	}
}

func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"empty":  {},
		"text":   bytes.Repeat([]byte("not a store\n"), 3000),
		"zeros":  make([]byte, 1<<16),
		"sqlite": append([]byte("SQLite format 3\x00"), make([]byte, 8192)...),
		"short":  []byte("x"),
		"noise":  noise(1 << 16),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := bolt.Open(path, bolt.Options{Key: testKey})
		refused(t, name, path, err)
		_, err = bolt.Check(path, testKey)
		refused(t, name+", by check", path, err)
		if after, _ := os.ReadFile(path); !bytes.Equal(after, content) {
			t.Errorf("%s: a refused file was changed", name)
		}
	}

	path := filepath.Join(dir, "other.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("meta"))
		if err == nil {
			_, err = b.CreateBucket([]byte("records"))
		}
		return err
	})
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = bolt.Open(path, bolt.Options{Key: testKey})
	refused(t, "another program's bbolt file", path, err)

	if _, err := bolt.Open(dir, bolt.Options{Key: testKey}); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("a folder: %v, want ErrUnavailable", err)
	}
	if _, err := bolt.Open(filepath.Join(dir, "no", "such", "folder.db"), bolt.Options{Key: testKey}); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("a path that leads nowhere: %v, want ErrUnavailable", err)
	}
}

func noise(n int) []byte {
	b := make([]byte, n)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func TestWrongKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "partyline.db")
	sample(t, path)
	other := bytes.Repeat([]byte{8}, bolt.KeySize)
	_, err := bolt.Open(path, bolt.Options{Key: other})
	refused(t, "open", path, err)
	if err != nil && !strings.Contains(err.Error(), "another key") {
		t.Errorf("the refusal does not speak of the key: %v", err)
	}
	_, err = bolt.Check(path, other)
	refused(t, "check", path, err)
	if _, err := bolt.Open(path, bolt.Options{Key: []byte("short")}); err == nil {
		t.Error("a key of five bytes was accepted")
	}
}

// Whoever changes records behind the store's back is found out, also when
// bbolt itself wrote the file.
func TestChangedBehindItsBack(t *testing.T) {
	name := func(c int) []byte { return []byte(state.ConferenceKey(fmt.Sprint("conf_", c))) }
	for what, change := range map[string]func(b *bbolt.Bucket) error{
		"two values changed places": func(b *bbolt.Bucket) error {
			first, second := bytes.Clone(b.Get(name(0))), bytes.Clone(b.Get(name(1)))
			return errors.Join(b.Put(name(0), second), b.Put(name(1), first))
		},
		"a record is gone":            func(b *bbolt.Bucket) error { return b.Delete(name(1)) },
		"a record is there once more": func(b *bbolt.Bucket) error { return b.Put([]byte("conf/x"), bytes.Clone(b.Get(name(1)))) },
		"a value is cut short":        func(b *bbolt.Bucket) error { return b.Put(name(1), []byte("short")) },
		"a revision is another": func(b *bbolt.Bucket) error {
			value := bytes.Clone(b.Get(name(1)))
			value[7] ^= 1
			return b.Put(name(1), value)
		},
	} {
		path := filepath.Join(t.TempDir(), "partyline.db")
		sample(t, path)
		changeRecords(t, path, change)
		_, err := bolt.Open(path, bolt.Options{Key: testKey})
		refused(t, what, path, err)
		_, err = bolt.Check(path, testKey)
		refused(t, what+", by check", path, err)
	}
}

// A record put back to what it was before opens with the key, and is old.
func TestOldRecordPutBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "partyline.db")
	write := func(value string) {
		s := mustOpen(t, path)
		if _, err := s.Apply(context.Background(), state.Op{Key: "k", Value: []byte(value), Any: true}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var old []byte
	write("old")
	changeRecords(t, path, func(b *bbolt.Bucket) error { old = bytes.Clone(b.Get([]byte("k"))); return nil })
	write("new")
	changeRecords(t, path, func(b *bbolt.Bucket) error { return b.Put([]byte("k"), old) })
	_, err := bolt.Open(path, bolt.Options{Key: testKey})
	refused(t, "an old record", path, err)
}

func changeRecords(t *testing.T, path string, change func(*bbolt.Bucket) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { return change(tx.Bucket([]byte("records"))) })
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// The file is damaged while the store is in use: an error, not a crash, and
// nothing goes on after it.
func TestDamageWhileOpen(t *testing.T) {
	ctx := context.Background()
	for name, harm := range map[string]func(path string) error{
		"truncated to nothing":  func(path string) error { return os.Truncate(path, 0) },
		"truncated to a header": func(path string) error { return os.Truncate(path, int64(2*os.Getpagesize())) },
		"overwritten": func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteAt(noise(64*os.Getpagesize()), int64(2*os.Getpagesize()))
				err = errors.Join(err, f.Close())
			}
			return err
		},
	} {
		for _, first := range []string{"get", "list", "apply", "snapshot"} {
			t.Run(name+", then "+first, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "partyline.db")
				sample(t, path)
				s := mustOpen(t, path)
				if err := harm(path); err != nil {
					t.Fatal(err)
				}
				use := map[string]func() error{
					"get":      func() error { _, err := s.Get(ctx, state.ConferenceKey("conf_2")); return err },
					"list":     func() error { _, err := s.List(ctx, "", "", 0); return err },
					"apply":    func() error { _, err := s.Apply(ctx, state.Op{Key: "k", Value: []byte("v"), Any: true}); return err },
					"snapshot": func() error { return bolt.Backup(ctx, s, path+".backup") },
				}
				if err := use[first](); err == nil {
					t.Errorf("%s of a damaged file succeeded", first)
				}
				if first == "snapshot" {
					if _, err := os.Stat(path + ".backup"); err == nil {
						t.Error("a damaged file was backed up as if it were good")
					}
				}
				if err := use["list"](); err == nil {
					t.Error("a list of a damaged file succeeded")
				}
				if err := s.Close(); err != nil {
					t.Logf("closing: %v", err) // it must only come back
				}
			})
		}
	}
}
