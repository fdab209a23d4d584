package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"partyline/state"
)

var innerKey = bytes.Repeat([]byte{9}, KeySize)

func openInner(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path, Options{Key: innerKey})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func create1(key string) []state.Op { return []state.Op{{Key: key, Value: []byte("v")}} }

func has(t *testing.T, s *Store, key string) bool {
	t.Helper()
	_, err := s.Get(context.Background(), key)
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// queued waits until n batches wait for the writer.
func queued(t *testing.T, s *Store, n int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); len(s.queue) < n; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d batches came", len(s.queue), n)
		}
	}
}

// No test can cut the power; that nobody turned fsync off can be seen.
func TestFsyncIsOn(t *testing.T) {
	s := openInner(t, filepath.Join(t.TempDir(), "a.db"))
	defer s.Close()
	if s.db.NoSync || s.db.NoGrowSync || s.db.NoFreelistSync {
		t.Error("commits are acknowledged before they are on the disk")
	}
}

// What arrives while a commit waits for the disk shares the next one.
func TestBurstSharesOneCommit(t *testing.T) {
	s := openInner(t, filepath.Join(t.TempDir(), "a.db"))
	defer s.Close()
	const burst = 100
	started, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.commit = func(tx *bbolt.Tx) error {
		once.Do(func() { close(started); <-release })
		return tx.Commit()
	}
	var wg sync.WaitGroup
	write := func(key string) {
		wg.Go(func() {
			if _, err := s.Apply(context.Background(), create1(key)...); err != nil {
				t.Error(err)
			}
		})
	}
	write("first")
	<-started
	for i := range burst {
		write(fmt.Sprint("burst/", i))
	}
	queued(t, s, burst)
	close(release)
	wg.Wait()
	if st := s.Stats(); st.Commits != 2 || st.Batches != burst+1 {
		t.Errorf("%d batches took %d commits, want 2", st.Batches, st.Commits)
	}
}

// One batch of a group that does not fit on the disk fails alone.
func TestFailedGroupIsTriedOneByOne(t *testing.T) {
	s := openInner(t, filepath.Join(t.TempDir(), "a.db"))
	defer s.Close()
	s.commit = func(tx *bbolt.Tx) error {
		if tx.Bucket([]byte(recordsBucket)).Get([]byte("too big")) != nil {
			return errors.Join(syscall.ENOSPC, tx.Rollback())
		}
		return tx.Commit()
	}
	var group []*request
	for _, key := range []string{"a", "too big", "b", "a"} {
		group = append(group, &request{ops: create1(key), done: make(chan struct{})})
	}
	s.writeGroup(group)
	for i, want := range []error{nil, state.ErrUnavailable, nil, state.ErrConflict} {
		<-group[i].done
		if err := group[i].err; !errors.Is(err, want) || (err == nil) != (group[i].revs != nil) {
			t.Errorf("batch %d: %v, %v; want %v", i, group[i].revs, err, want)
		}
	}
	if !has(t, s, "a") || !has(t, s, "b") || has(t, s, "too big") {
		t.Errorf("a: %v, b: %v, too big: %v", has(t, s, "a"), has(t, s, "b"), has(t, s, "too big"))
	}
	if st := s.Stats(); st.Batches != 2 || st.Failures != 1 || st.Conflicts != 1 {
		t.Errorf("%+v", st)
	}
}

// The commit is in the file and its fsync failed: a second commit settles it.
func TestCommitInDoubtIsSettled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	s := openInner(t, path)
	commits := 0
	s.commit = func(tx *bbolt.Tx) error {
		commits++
		if err := tx.Commit(); err != nil || commits > 1 {
			return err
		}
		return syscall.EIO
	}
	revs, err := s.Apply(context.Background(), create1("k")...)
	if err != nil || len(revs) != 1 || commits != 2 {
		t.Fatalf("%v, %v after %d commits", revs, err, commits)
	}
	more, err := s.Apply(context.Background(), create1("l")...)
	if err != nil || more[0] <= revs[0] {
		t.Fatalf("revision %v after %v, %v", more, revs, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(path, innerKey); err != nil {
		t.Fatal(err)
	}
}

// Nobody can tell what the disk has: the store ends its service rather than
// guess.
func TestCommitInDoubtForGood(t *testing.T) {
	for _, kind := range []string{"put", "delete"} {
		s := openInner(t, filepath.Join(t.TempDir(), "a.db"))
		if _, err := s.Apply(context.Background(), create1("k")...); err != nil {
			t.Fatal(err)
		}
		s.commit = func(tx *bbolt.Tx) error { return errors.Join(syscall.EIO, tx.Commit()) }
		op := state.Op{Key: "k", Value: []byte("w"), Any: true}
		if kind == "delete" {
			op.Value = nil
		}
		for range 2 {
			_, err := s.Apply(context.Background(), op)
			if !errors.Is(err, state.ErrUnavailable) || !strings.Contains(err.Error(), "may be there or not") {
				t.Errorf("%s: %v", kind, err)
			}
		}
		if _, err := s.Get(context.Background(), "k"); !errors.Is(err, state.ErrUnavailable) {
			t.Errorf("%s: reading afterwards: %v", kind, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		s.db.Close() // Close leaves it to the end of the process
	}
}

// A deletion that failed before it reached the file is no doubt at all.
func TestFailedDeletionChangesNothing(t *testing.T) {
	s := openInner(t, filepath.Join(t.TempDir(), "a.db"))
	defer s.Close()
	if _, err := s.Apply(context.Background(), create1("k")...); err != nil {
		t.Fatal(err)
	}
	s.commit = func(tx *bbolt.Tx) error { return errors.Join(syscall.EIO, tx.Rollback()) }
	if _, err := s.Apply(context.Background(), state.RemoveOp("k")); !errors.Is(err, state.ErrUnavailable) {
		t.Error(err)
	}
	if !has(t, s, "k") {
		t.Error("the record is gone, the deletion had failed")
	}
	s.commit = (*bbolt.Tx).Commit
	if _, err := s.Apply(context.Background(), state.RemoveOp("k")); err != nil || has(t, s, "k") {
		t.Errorf("afterwards: %v", err)
	}
}

// A batch withdrawn before its turn is not written.
func TestWithdrawnBatch(t *testing.T) {
	s := openInner(t, filepath.Join(t.TempDir(), "a.db"))
	defer s.Close()
	started, release := make(chan struct{}), make(chan struct{})
	s.commit = func(tx *bbolt.Tx) error {
		started <- struct{}{}
		<-release
		return tx.Commit()
	}
	answers := make(chan error, 2)
	go func() { _, err := s.Apply(context.Background(), create1("first")...); answers <- err }()
	<-started
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { _, err := s.Apply(ctx, create1("second")...); answers <- err }()
	queued(t, s, 1)
	cancel()
	if err := <-answers; !errors.Is(err, context.Canceled) {
		t.Errorf("withdrawn: %v", err)
	}
	close(release)
	if err := <-answers; err != nil {
		t.Errorf("the one before it: %v", err)
	}
	s.Close()
	s = openInner(t, s.path)
	defer s.Close()
	if !has(t, s, "first") || has(t, s, "second") {
		t.Errorf("first: %v, second: %v", has(t, s, "first"), has(t, s, "second"))
	}
}
