package bolt_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"partyline/state"
	"partyline/state/bolt"
)

// childEnv tells a copy of this test binary to be a child: "mode path".
const childEnv = "PARTYLINE_BOLT_TEST_CHILD"

const (
	crashWriters = 4
	crashRounds  = 25
)

// child runs what a test asked this copy of the binary to do.
func child() bool {
	mode, path, _ := strings.Cut(os.Getenv(childEnv), " ")
	switch mode {
	case "apply":
		applyUntilKilled(path)
	case "full":
		fillDisk(path)
	default:
		return false
	}
	return true
}

func childCommand(t *testing.T, mode, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childEnv+"="+mode+" "+path)
	return cmd
}

// conferenceOf is the conference that one writer of the child owns.
func conferenceOf(writer int) string { return fmt.Sprintf("conf_of_writer_%d", writer) }

// applyUntilKilled writes numbered batches from several goroutines for ever:
// batch n of a writer is participant n, event n and the writer's counter. A
// line on standard output is the acknowledgement.
func applyUntilKilled(path string) {
	s, err := bolt.Open(path, bolt.Options{Key: testKey})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	var wg sync.WaitGroup
	for w := range crashWriters {
		wg.Go(func() {
			ctx, cid := context.Background(), conferenceOf(w)
			last, err := state.LoadAll[state.Event](ctx, s, state.EventPrefix(cid))
			for n := uint64(len(last)) + 1; err == nil; n++ {
				var b state.Batch
				pid := fmt.Sprintf("part_%d", n)
				b.Create(state.ParticipantKey(cid, pid), state.Participant{ID: pid, ConferenceID: cid, Status: state.Pending})
				b.Create(state.EventKey(cid, n), state.Event{Seq: n, ID: state.NewID(state.EventID), ConferenceID: cid, Data: json.RawMessage("{}")})
				b.Put("count/"+cid, n)
				if _, err = b.Apply(ctx, s); err == nil {
					_, err = fmt.Printf("ack %d %d\n", w, n) // one write call: never torn
				}
			}
			fmt.Println("error", err)
		})
	}
	wg.Wait()
}

// Killed at random moments, again and again on the same file: what was
// acknowledged is there, and nothing is there by half.
func TestKilledWriterLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "partyline.db")
	acked, kept := make([]uint64, crashWriters), make([]uint64, crashWriters)
	for round := range crashRounds {
		killAfter(t, path, 1+rand.IntN(120), acked)
		if report, err := bolt.Check(path, testKey); err != nil {
			t.Fatalf("round %d: %v\n%s", round, err, strings.Join(report.Problems, "\n"))
		}
		s := mustOpen(t, path)
		for w := range crashWriters {
			// What one run found must be there in the next, acknowledged or not.
			kept[w] = wholeUpTo(t, s, conferenceOf(w), max(acked[w], kept[w]))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for w, n := range acked {
		if n == 0 {
			t.Errorf("writer %d was never acknowledged: the test saw nothing", w)
		}
	}
}

// killAfter runs a child and kills it after so many acknowledgements; those
// that were on their way still count.
func killAfter(t *testing.T, path string, acks int, acked []uint64) {
	t.Helper()
	cmd := childCommand(t, "apply", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	guard := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer guard.Stop()
	lines := bufio.NewScanner(out)
	for seen := 0; lines.Scan(); {
		var w int
		var n uint64
		if _, err := fmt.Sscanf(lines.Text(), "ack %d %d", &w, &n); err != nil {
			t.Errorf("the child said %q", lines.Text())
			continue
		}
		acked[w] = max(acked[w], n)
		if seen++; seen == acks {
			cmd.Process.Kill()
		}
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Success() {
		t.Errorf("the child ended by itself")
	}
}

// wholeUpTo checks that a writer's batches 1…n are there, and at most one more
// that was not acknowledged any more, each of them whole, and returns how many.
func wholeUpTo(t *testing.T, s state.Store, cid string, n uint64) uint64 {
	t.Helper()
	ctx := context.Background()
	events, err := state.LoadAll[state.Event](ctx, s, state.EventPrefix(cid))
	if err != nil {
		t.Fatal(err)
	}
	people, err := state.LoadAll[state.Participant](ctx, s, state.ParticipantPrefix(cid))
	if err != nil {
		t.Fatal(err)
	}
	var count uint64
	if c, err := state.Load[uint64](ctx, s, "count/"+cid); err == nil {
		count = c.Value
	}
	there := uint64(len(events))
	if there < n || there > n+1 {
		t.Fatalf("%s: %d batches were acknowledged, %d are there", cid, n, there)
	}
	if uint64(len(people)) != there || count != there {
		t.Fatalf("%s: %d events, %d participants, the counter says %d: half a batch", cid, there, len(people), count)
	}
	for i, e := range events {
		if e.Value.Seq != uint64(i)+1 {
			t.Fatalf("%s: event %d has number %d", cid, i+1, e.Value.Seq)
		}
	}
	return there
}
