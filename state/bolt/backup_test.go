package bolt_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"partyline/state"
	"partyline/state/bolt"
)

func TestBackupAndRestore(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "partyline.db"), filepath.Join(dir, "copy.db")
	_, holds := sample(t, path)
	ctx := context.Background()
	s := mustOpen(t, path)
	if err := bolt.Backup(ctx, s, copied); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup has mode %v, %v", info.Mode(), err)
	}
	if err := bolt.Backup(ctx, s, copied); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a backup over a backup: %v", err)
	}
	if _, err := s.Apply(ctx, state.Op{Key: "later", Value: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	later := contents(t, s)
	if err := bolt.Restore(copied, path, testKey, true); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("a restore over a store in use: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	if err := bolt.Restore(copied, path, testKey, false); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "--force") {
		t.Errorf("a restore over a store: %v", err)
	}
	holdsAt(t, path, later)
	if err := bolt.Restore(copied, path, testKey, true); err != nil {
		t.Fatal(err)
	}
	holdsAt(t, path, holds)
	holdsAt(t, path+".replaced", later)
	fresh := filepath.Join(dir, "fresh.db")
	if err := bolt.Restore(copied, fresh, testKey, false); err != nil {
		t.Fatal(err)
	}
	holdsAt(t, fresh, holds)
	if err := bolt.BackupFile(ctx, fresh, testKey, filepath.Join(dir, "second.db")); err != nil {
		t.Fatal(err)
	}
	holdsAt(t, filepath.Join(dir, "second.db"), holds)
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func holdsAt(t *testing.T, path string, want map[string]string) {
	t.Helper()
	if report, err := bolt.Check(path, testKey); err != nil {
		t.Errorf("%s: %v", path, report.Problems)
	}
	s := mustOpen(t, path)
	defer s.Close()
	if got := contents(t, s); !maps.Equal(got, want) {
		t.Errorf("%s holds %d records, want %d", path, len(got), len(want))
	}
}

// A bad backup replaces nothing.
func TestRestoreOfBadBackup(t *testing.T) {
	dir := t.TempDir()
	path, bad := filepath.Join(dir, "partyline.db"), filepath.Join(dir, "bad.db")
	file, holds := sample(t, path)
	file[len(file)-1-len(file)/3] ^= 1
	if err := os.WriteFile(bad, file[:len(file)-os.Getpagesize()], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := bolt.Restore(bad, path, testKey, true); !errors.Is(err, state.ErrCorrupt) {
		t.Errorf("%v", err)
	}
	if err := bolt.Restore(filepath.Join(dir, "none.db"), path, testKey, true); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	holdsAt(t, path, holds)
	if _, err := os.Stat(path + ".replaced"); err == nil {
		t.Error("a refused restore touched the store")
	}
}

// A copy made while others write is whole, and one moment of the store.
func TestBackupDuringWrites(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, filepath.Join(dir, "partyline.db"))
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := uint64(1); ctx.Err() == nil; n++ {
				var b state.Batch
				cid := fmt.Sprint("conf_", w)
				b.Create(state.EventKey(cid, n), state.Event{Seq: n, ID: state.NewID(state.EventID), ConferenceID: cid, Data: json.RawMessage(`{}`)})
				b.Put("count/"+cid, n)
				if _, err := b.Apply(ctx, s); err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 10 {
		seen := s.Stats().Batches
		for deadline := time.Now().Add(20 * time.Second); s.Stats().Batches < seen+8; runtime.Gosched() {
			if time.Now().After(deadline) {
				t.Fatal("nobody writes")
			}
		}
		copied := filepath.Join(dir, fmt.Sprint("copy", i))
		if err := bolt.Backup(context.Background(), s, copied); err != nil {
			t.Fatal(err)
		}
		if report, err := bolt.Check(copied, testKey); err != nil {
			t.Fatal(report.Problems)
		}
		c := mustOpen(t, copied)
		for w := range 4 {
			cid := fmt.Sprint("conf_", w)
			events, err := state.LoadAll[state.Event](context.Background(), c, state.EventPrefix(cid))
			if err != nil {
				t.Fatal(err)
			}
			count, err := state.Load[int](context.Background(), c, "count/"+cid)
			if count.Value != len(events) {
				t.Fatalf("copy %d: the counter says %d (%v), there are %d events", i, count.Value, err, len(events))
			}
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCheckReports(t *testing.T) {
	event := func(seq uint64, id string) state.Event {
		return state.Event{Seq: seq, ID: id, ConferenceID: "c", Data: json.RawMessage(`{}`)}
	}
	part := state.Participant{ID: "p", ConferenceID: "c", Status: state.Pending}
	lost := part
	lost.Status = "lost"
	for name, test := range map[string]struct {
		records map[string]any
		problem string // "" is none
	}{
		"nothing":            {nil, ""},
		"events from 1":      {map[string]any{state.EventKey("c", 1): event(1, "a"), state.EventKey("c", 2): event(2, "b")}, ""},
		"old events cleared": {map[string]any{state.EventKey("c", 7): event(7, "a"), state.EventKey("c", 8): event(8, "b")}, ""},
		"a kind of others":   {map[string]any{"spend/today": 17}, ""},
		"a gap":              {map[string]any{state.EventKey("c", 1): event(1, "a"), state.EventKey("c", 3): event(3, "b")}, "event 1 is followed by 3"},
		"an id twice":        {map[string]any{state.EventKey("c", 1): event(1, "a"), state.EventKey("c", 2): event(2, "a")}, "there twice"},
		"wrong number":       {map[string]any{state.EventKey("c", 1): event(2, "a")}, "sequence number is 2"},
		"foreign event":      {map[string]any{state.EventKey("d", 1): event(1, "a")}, `conference is "c"`},
		"a seventh word":     {map[string]any{state.ParticipantKey("c", "p"): lost}, `status is "lost"`},
		"foreign record":     {map[string]any{state.ParticipantKey("c", "q"): part}, `id is "p"`},
		"not a record":       {map[string]any{state.TenantKey("t"): "text"}, "does not decode"},
		"a bad name":         {map[string]any{"part/c": part}, "names no record"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "partyline.db")
			s := mustOpen(t, path)
			for key, v := range test.records {
				op, err := state.PutOp(key, v)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.Apply(context.Background(), op); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			report, err := bolt.Check(path, testKey)
			all := strings.Join(report.Problems, "\n")
			if (err != nil) != (test.problem != "") || err != nil && !errors.Is(err, state.ErrCorrupt) || !strings.Contains(all, test.problem) {
				t.Errorf("%v\n%s\nwant %q", err, all, test.problem)
			}
			count := 0
			for _, n := range report.Records {
				count += n
			}
			if count != len(test.records) || report.Bytes == 0 || report.Schema != 1 || report.Revision != uint64(count) {
				t.Errorf("%+v", report)
			}
		})
	}
}

func TestOnlyOneWriterAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "partyline.db")
	s := mustOpen(t, path)
	if _, err := s.Apply(context.Background(), state.Op{Key: "k", Value: []byte("v")}); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"write": second(path, bolt.Options{Key: testKey, Timeout: 1}),
		"read":  second(path, bolt.Options{Key: testKey, Timeout: 1, ReadOnly: true}),
	} {
		if !errors.Is(err, state.ErrUnavailable) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "another process") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	read := bolt.Options{Key: testKey, ReadOnly: true}
	a, err := bolt.Open(path, read)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := bolt.Open(path, read)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if e, err := b.Get(context.Background(), "k"); err != nil || string(e.Value) != "v" {
		t.Errorf("%q, %v", e.Value, err)
	}
	if _, err := b.Apply(context.Background(), state.Op{Key: "k", Any: true}); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("a write to a store open for reading: %v", err)
	}
	none := filepath.Join(t.TempDir(), "none.db")
	if err := second(none, read); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("reading what is not there: %v", err)
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("opening for reading made a file")
	}
}

func second(path string, o bolt.Options) error {
	s, err := bolt.Open(path, o)
	if err == nil {
		s.Close()
	}
	return err
}

// Whoever gets hold of the file or a backup learns no number, PIN or key.
func TestFileShowsNoSecrets(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "partyline.db")
	s := mustOpen(t, path)
	secrets := []string{"+12025550123", "12025550123", "482915", "Ada Lovelace", "pl_live_7Zp3"}
	ctx := context.Background()
	var b state.Batch
	b.Put(state.ParticipantKey("c", "p"), state.Participant{ID: "p", ConferenceID: "c", PhoneNumber: secrets[0], Name: secrets[3], Status: state.Pending})
	b.Put(state.MessageKey("m"), state.Message{ID: "m", To: secrets[0], Body: "Your PIN is " + secrets[2]})
	b.Put(state.APIKeyKey("k"), state.Key{ID: "k", Name: secrets[4]})
	if _, err := b.Apply(ctx, s); err != nil {
		t.Fatal(err)
	}
	b = state.Batch{}
	b.Remove(state.MessageKey("m")) // what is gone stays on free pages for a while
	if _, err := b.Apply(ctx, s); err != nil {
		t.Fatal(err)
	}
	if err := bolt.Backup(ctx, s, path+".backup"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + ".backup"} {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if bytes.Contains(file, []byte(secret)) {
				t.Errorf("%s shows %q", filepath.Base(name), secret)
			}
		}
		if !bytes.Contains(file, []byte(state.ParticipantKey("c", "p"))) {
			t.Errorf("%s does not even show the names of records: the test looks at nothing", filepath.Base(name))
		}
	}
}
