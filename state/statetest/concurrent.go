package statetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"partyline/state"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// concurrentCounters: read, add one, write back if it is still the one read.
// Every success must be in the sum.
func concurrentCounters(t *testing.T, open Opener) {
	s := opened(t, open)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	const keys, workers, rounds = 3, 8, 25
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				if err := increment(ctx, s, fmt.Sprintf("counter/%d", (w+i)%keys)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, v := range dump(t, s) {
		n, _ := strconv.Atoi(v)
		sum += n
	}
	if sum != workers*rounds {
		t.Errorf("%d increments were acknowledged, the counters hold %d", workers*rounds, sum)
	}
}

func increment(ctx context.Context, s state.Store, key string) error {
	for {
		e, err := s.Get(ctx, key)
		if err != nil && !errors.Is(err, state.ErrNotFound) {
			return err
		}
		n, _ := strconv.Atoi(string(e.Value))
		_, err = s.Apply(ctx, state.Op{Key: key, Value: strconv.AppendInt(nil, int64(n+1), 10), Rev: e.Rev})
		if !errors.Is(err, state.ErrConflict) {
			return err
		}
	}
}

// concurrentBatches: batches that arrive together, half of them in conflict.
func concurrentBatches(t *testing.T, open Opener) {
	s := opened(t, open)
	put(t, s, "taken", "by me")
	const batches = 200
	errs := make([]error, batches)
	var wg sync.WaitGroup
	for i := range batches {
		wg.Go(func() {
			ops := []state.Op{
				{Key: fmt.Sprintf("a/%03d", i), Value: []byte("x")},
				{Key: fmt.Sprintf("b/%03d", i), Value: []byte("x")},
			}
			if i%2 == 1 {
				ops = append(ops, state.Op{Key: "taken", Value: []byte("by you")})
			}
			_, errs[i] = s.Apply(context.Background(), ops...)
		})
	}
	wg.Wait()
	want := map[string]string{"taken": "by me"}
	for i, err := range errs {
		switch {
		case i%2 == 1 && !errors.Is(err, state.ErrConflict):
			t.Errorf("batch %d: %v, want ErrConflict", i, err)
		case i%2 == 0 && err != nil:
			t.Errorf("batch %d: %v", i, err)
		case i%2 == 0:
			want[fmt.Sprintf("a/%03d", i)], want[fmt.Sprintf("b/%03d", i)] = "x", "x"
		}
	}
	if got := dump(t, s); !maps.Equal(got, want) {
		t.Errorf("the store holds %d records, want %d", len(got), len(want))
	}
}

// wholeBatches: two records always written together never read apart.
func wholeBatches(t *testing.T, open Opener) {
	s := opened(t, open)
	pair := func(v string) { // called by one goroutine at a time
		apply(t, s, state.Op{Key: "p/1", Value: []byte(v), Any: true}, state.Op{Key: "p/2", Value: []byte(v), Any: true})
	}
	pair("0")
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for !stop.Load() {
				list, err := s.List(context.Background(), "p/", "", 0)
				if err != nil || len(list) != 2 || !bytes.Equal(list[0].Value, list[1].Value) {
					t.Errorf("read half of a batch: %v, %v", list, err)
					return
				}
			}
		})
	}
	for i := range 100 {
		pair(strconv.Itoa(i))
	}
	stop.Store(true)
	wg.Wait()
}

func durable(t *testing.T, open Opener) {
	want := map[string]string{}
	revs := map[string]uint64{}
	for round := range 4 {
		s := open(t)
		if got := dump(t, s); !maps.Equal(got, want) {
			t.Fatalf("round %d: the store holds %v, want %v", round, got, want)
		}
		for key, rev := range revs {
			if e, err := s.Get(context.Background(), key); err != nil || e.Rev != rev {
				t.Fatalf("round %d: %s has revision %d (%v), want %d", round, key, e.Rev, err, rev)
			}
		}
		for i := range 20 {
			key := fmt.Sprintf("k/%d/%d", round, i)
			want[key] = fmt.Sprint("value ", round, i)
			revs[key] = put(t, s, key, want[key])
		}
		gone := fmt.Sprintf("k/%d/0", round)
		apply(t, s, state.Op{Key: gone, Rev: revs[gone]})
		delete(want, gone)
		delete(revs, gone)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// snapshotIsOneMoment: what is written while a snapshot runs changes nothing
// in it, byte by byte as long as the copy.
func snapshotIsOneMoment(t *testing.T, open Opener) {
	s := opened(t, open)
	for i := range 200 {
		put(t, s, fmt.Sprintf("k/%03d", i), "before")
	}
	var copied bytes.Buffer
	wrote := false
	err := s.Snapshot(context.Background(), writerFunc(func(p []byte) (int, error) {
		if !wrote {
			wrote = true
			for i := range 200 {
				apply(t, s, state.Op{Key: fmt.Sprintf("k/%03d", i), Value: []byte("after"), Any: true})
			}
		}
		return copied.Write(p)
	}))
	if err != nil || copied.Len() == 0 {
		t.Fatalf("%d bytes, %v", copied.Len(), err)
	}
	broken := errors.New("the disk of the backup is full")
	err = s.Snapshot(context.Background(), writerFunc(func([]byte) (int, error) { return 0, broken }))
	if !errors.Is(err, broken) {
		t.Errorf("a snapshot whose writer failed: %v", err)
	}
	put(t, s, "k/000", "still works")
}

// slowSnapshot: readers and writers go on while a copy is stuck, also when the
// store grows by much.
func slowSnapshot(t *testing.T, open Opener) {
	s := opened(t, open)
	put(t, s, "k", "before")
	started, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	snapshot := make(chan error, 1)
	go func() {
		snapshot <- s.Snapshot(context.Background(), writerFunc(func(p []byte) (int, error) {
			once.Do(func() { close(started) })
			<-release
			return len(p), nil
		}))
	}()
	<-started
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	big := bytes.Repeat([]byte("x"), 1<<20)
	for i := range 8 {
		if _, err := s.Apply(ctx, state.Op{Key: fmt.Sprintf("big/%d", i), Value: big, Any: true}); err != nil {
			t.Errorf("a write during a snapshot: %v", err)
		}
		if _, err := s.Get(ctx, "k"); err != nil {
			t.Errorf("a read during a snapshot: %v", err)
		}
	}
	close(release)
	if err := <-snapshot; err != nil {
		t.Error(err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func contextEnded(t *testing.T, open Opener) {
	s := opened(t, open)
	put(t, s, "k", "v")
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_, getErr := s.Get(ended, "k")
	_, listErr := s.List(ended, "", "", 0)
	_, applyErr := s.Apply(ended, state.Op{Key: "k", Value: []byte("x"), Any: true})
	snapErr := s.Snapshot(ended, io.Discard)
	for name, err := range map[string]error{"get": getErr, "list": listErr, "apply": applyErr, "snapshot": snapErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
	}
	if got := dump(t, s); got["k"] != "v" {
		t.Errorf("a cancelled write happened: %q", got["k"])
	}

	// Cancelled at any moment, the answer is the truth.
	for i := range 200 {
		ctx, cancel := context.WithCancel(context.Background())
		answer := make(chan error, 1)
		key := fmt.Sprintf("c/%d", i)
		go func() {
			_, err := s.Apply(ctx, state.Op{Key: key, Value: []byte("x")})
			answer <- err
		}()
		for range i {
			_, _ = s.Get(context.Background(), "k") // a little time passes
		}
		cancel()
		err := <-answer
		_, missing := s.Get(context.Background(), key)
		if (err == nil) != (missing == nil) || err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("answered %v, reading it says %v", err, missing)
		}
	}
}

func closedStore(t *testing.T, open Opener) {
	s := open(t)
	put(t, s, "k", "v")
	var wg sync.WaitGroup
	errs := make([]error, 50)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = s.Apply(context.Background(), state.Op{Key: fmt.Sprintf("late/%02d", i), Value: []byte("x")})
		})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	ctx := context.Background()
	_, getErr := s.Get(ctx, "k")
	_, listErr := s.List(ctx, "", "", 0)
	_, applyErr := s.Apply(ctx, state.Op{Key: "k", Value: []byte("x"), Any: true})
	snapErr := s.Snapshot(ctx, io.Discard)
	for name, err := range map[string]error{"get": getErr, "list": listErr, "apply": applyErr, "snapshot": snapErr} {
		if !errors.Is(err, state.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
	}
	// What raced with Close was either written or refused, and says which.
	got := dump(t, opened(t, open))
	for i, err := range errs {
		_, there := got[fmt.Sprintf("late/%02d", i)]
		if there != (err == nil) || err != nil && !errors.Is(err, state.ErrUnavailable) {
			t.Errorf("late write %d: answered %v, there: %v", i, err, there)
		}
	}
}

// behavesAsModel drives a store and a plain map with the same random batches.
func behavesAsModel(t *testing.T, open Opener) {
	s := opened(t, open)
	type record struct {
		value string
		rev   uint64
	}
	model := map[string]record{}
	var last uint64
	rapid.Check(t, func(t *rapid.T) {
		var ops []state.Op
		for range rapid.IntRange(1, 4).Draw(t, "ops") {
			key := rapid.StringMatching("[ab]/[0-9]").Draw(t, "key")
			op := state.Op{Key: key, Any: rapid.Bool().Draw(t, "any")}
			if rapid.IntRange(0, 3).Draw(t, "kind") > 0 {
				op.Value = []byte(rapid.StringN(0, 20, -1).Draw(t, "value"))
			}
			op.Rev = rapid.SampledFrom([]uint64{model[key].rev, model[key].rev, 0, last}).Draw(t, "rev")
			ops = append(ops, op)
		}
		after, conflict := maps.Clone(model), false
		for i, op := range ops {
			if !op.Any && after[op.Key].rev != op.Rev {
				conflict = true
				break
			}
			delete(after, op.Key)
			if op.Value != nil {
				after[op.Key] = record{string(op.Value), ^uint64(i)} // no revision anybody expects
			}
		}
		revs, err := s.Apply(context.Background(), ops...)
		if conflict != errors.Is(err, state.ErrConflict) || !conflict && err != nil {
			t.Fatalf("%+v: %v, a conflict is due: %v", ops, err, conflict)
		}
		if err == nil {
			for i, op := range ops {
				if op.Value == nil {
					continue
				}
				if revs[i] <= last {
					t.Fatalf("revision %d after %d", revs[i], last)
				}
				last = revs[i]
				if r, ok := after[op.Key]; ok {
					after[op.Key] = record{r.value, last}
				}
			}
			model = after
		}
		list, err := s.List(context.Background(), "", "", 0)
		if err != nil || len(list) != len(model) {
			t.Fatalf("%d records (%v), want %d", len(list), err, len(model))
		}
		for _, e := range list {
			if want := model[e.Key]; string(e.Value) != want.value || e.Rev != want.rev {
				t.Fatalf("%s is %q rev %d, want %q rev %d", e.Key, e.Value, e.Rev, want.value, want.rev)
			}
		}
	})
}
