package record

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"
)

// Studio makes recordings under one directory. Its methods may be called from
// any goroutine.
type Studio struct {
	root    *os.Root
	create  create
	space   func(*os.Root) (int64, error) // free bytes
	reserve int64
	makers  map[string]maker // by format; wav needs none
	turn    chan struct{}    // to convert: one recording at a time
	ctx     context.Context  // ends with the studio
	end     context.CancelFunc
	wait    sync.WaitGroup

	mu     sync.Mutex
	busy   map[string]struct{} // ids that somebody works on
	takes  map[*Take]struct{}
	closed bool
}

const (
	syncEvery = 5 * time.Second // between fsyncs of one file
	// keepFree is left of a disk: a recording that fills it must not take the
	// place of the records of calls.
	keepFree = 64 << 20
)

// Option of a Studio.
type Option func(*Studio) error

// KeepFree has recordings fail with ErrFull that leave less than so many
// bytes of the disk free; 64 MiB if nothing is said.
func KeepFree(bytes int64) Option {
	return func(s *Studio) error { s.reserve = bytes; return nil }
}

// Open prepares a directory. It makes it if need be, for this user alone.
func Open(dir string, options ...Option) (*Studio, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	s := &Studio{
		root:    root,
		create:  createFile,
		space:   freeSpace,
		reserve: keepFree,
		makers:  map[string]maker{"opus": newOpusMaker()},
		turn:    make(chan struct{}, 1),
		busy:    make(map[string]struct{}),
		takes:   make(map[*Take]struct{}),
	}
	for _, option := range options {
		if err := option(s); err != nil {
			root.Close()
			s.drop()
			return nil, err
		}
	}
	s.ctx, s.end = context.WithCancel(context.Background())
	s.wait.Go(s.syncAll)
	return s, nil
}

// Formats lists what can be recorded on this machine.
func (s *Studio) Formats() []string {
	formats := []string{"wav"}
	for format := range s.makers {
		formats = append(formats, format)
	}
	slices.Sort(formats[1:])
	return formats
}

// claim has one goroutine at a time work on a recording, and Close wait for
// it; unclaim ends that.
func (s *Studio) claim(id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("record: %w", os.ErrClosed)
	}
	if _, busy := s.busy[id]; busy {
		return fmt.Errorf("record: %w: it is being worked on", fs.ErrExist)
	}
	s.busy[id] = struct{}{}
	s.wait.Add(1)
	return nil
}

func (s *Studio) unclaim(id string) {
	s.free(id)
	s.wait.Done()
}

func (s *Studio) free(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, id)
}

// spare tells when a disk has no more than is to be left free.
func (s *Studio) spare(folder *os.Root) error {
	free, err := s.space(folder)
	if err != nil {
		return err
	}
	if free < s.reserve {
		return ErrFull
	}
	return nil
}

// syncAll writes through to the disk what is recorded, now and then: it may
// take long, and no recording waits for it.
func (s *Studio) syncAll() {
	every := time.NewTicker(syncEvery)
	defer every.Stop()
	for {
		select {
		case <-every.C:
		case <-s.ctx.Done():
			return
		}
		s.mu.Lock()
		takes := make([]*Take, 0, len(s.takes))
		for t := range s.takes {
			takes = append(takes, t)
		}
		s.mu.Unlock()
		for _, t := range takes {
			t.sync()
		}
	}
}

// Close ends all recordings that run and waits for them. Those whose files
// are not in their format yet end with ErrInterrupted.
func (s *Studio) Close() error {
	s.end() // first: nothing is converted any more
	s.mu.Lock()
	again := s.closed
	s.closed = true
	for t := range s.takes {
		t.Stop()
	}
	s.mu.Unlock()
	s.wait.Wait()
	if again {
		return nil
	}
	s.drop()
	return s.root.Close()
}

// drop gives back what the formats hold.
func (s *Studio) drop() {
	for _, m := range s.makers {
		m.close()
	}
}
