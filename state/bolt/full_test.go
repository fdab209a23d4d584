//go:build unix

package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"partyline/state"
	"partyline/state/bolt"
)

// The disk is full, then it is not. A limit on the size of files stands for
// the disk: it needs no rights and fails the same calls with another number.
// It holds for a whole process, so a child does the writing.
func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "partyline.db")
	out, err := childCommand(t, "full", path).CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "survived\n") {
		t.Fatalf("%v\n%s", err, out)
	}
	if report, err := bolt.Check(path, testKey); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(report.Problems, "\n"))
	}
}

func fillDisk(path string) {
	signal.Ignore(syscall.SIGXFSZ) // it would end the process before the write can fail
	if err := survivesFullDisk(path); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("survived")
}

func survivesFullDisk(path string) error {
	ctx := context.Background()
	s, err := bolt.Open(path, bolt.Options{Key: testKey})
	if err != nil {
		return err
	}
	kept := 0
	write := func() error {
		value := bytes.Repeat([]byte{byte(kept)}, 200<<10)
		_, err := s.Apply(ctx, state.Op{Key: fmt.Sprintf("big/%04d", kept), Value: value})
		if err == nil {
			kept++
		}
		return err
	}
	for range 5 {
		if err := write(); err != nil {
			return fmt.Errorf("with room: %w", err)
		}
	}
	for round := range 3 {
		free, err := limitFileSize(path)
		if err != nil {
			return err
		}
		for err = nil; err == nil; err = write() {
			if kept > 1000 {
				return fmt.Errorf("round %d: the limit does not bite", round)
			}
		}
		for range 20 { // it stays full, and it stays honest
			if err = write(); !errors.Is(err, state.ErrUnavailable) || !strings.Contains(err.Error(), path) {
				return fmt.Errorf("round %d: on a full disk: %w", round, err)
			}
		}
		if err := holds(s, kept); err != nil {
			return fmt.Errorf("round %d: while full: %w", round, err)
		}
		if err := free(); err != nil {
			return err
		}
		if err := write(); err != nil {
			return fmt.Errorf("round %d: with room again: %w", round, err)
		}
		if err := holds(s, kept); err != nil {
			return fmt.Errorf("round %d: with room again: %w", round, err)
		}
	}
	if st := s.Stats(); st.Failures < 60 || st.Batches != uint64(kept) {
		return fmt.Errorf("stats tell of %d failures and %d batches", st.Failures, st.Batches)
	}
	if err := s.Close(); err != nil {
		return err
	}
	if s, err = bolt.Open(path, bolt.Options{Key: testKey}); err != nil {
		return err
	}
	return errors.Join(holds(s, kept), s.Close())
}

// holds checks that exactly the acknowledged records are there.
func holds(s *bolt.Store, kept int) error {
	list, err := s.List(context.Background(), "big/", "", 0)
	if err != nil {
		return err
	}
	if len(list) != kept {
		return fmt.Errorf("%d records are there, %d were acknowledged", len(list), kept)
	}
	for i, e := range list {
		if want := bytes.Repeat([]byte{byte(i)}, 200<<10); !bytes.Equal(e.Value, want) {
			return fmt.Errorf("record %d is not what was written", i)
		}
	}
	return nil
}

// limitFileSize lets no file of this process grow beyond the size that path
// has now; free lifts the limit again.
func limitFileSize(path string) (free func() error, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		return nil, err
	}
	now := before
	now.Cur = uint64(info.Size())
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &now); err != nil {
		return nil, err
	}
	return func() error { return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before) }, nil
}
