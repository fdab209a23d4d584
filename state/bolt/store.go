package bolt

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"partyline/state"
)

// Options of Open; the zero value works.
type Options struct {
	// Key seals the values, KeySize bytes. Empty: the key file beside the
	// store (KeyFor).
	Key []byte
	// Timeout is how long to wait for another process to let go of the file;
	// 2 s by default.
	Timeout time.Duration
	// ReadOnly opens an existing store, never to change it: Apply is
	// ErrUnavailable. Several processes can read at a time.
	ReadOnly bool
	// Log gets what an operator should know; nothing is logged by default.
	Log *slog.Logger
}

// initialMap is the address space taken at first. bbolt can move a larger file
// only when nobody reads, so a slow Snapshot would stop all writing whenever
// the file outgrew its map.
const initialMap = 1 << 30

var errLocked = errors.New("another process has it open")

// Store is a state.Store in a file.
type Store struct {
	db     *bbolt.DB
	path   string
	log    *slog.Logger
	seal   *sealer
	commit func(*bbolt.Tx) error // (*bbolt.Tx).Commit, in tests something that fails

	mu     sync.RWMutex // of closed against sending to queue
	closed bool
	queue  chan *request
	done   chan struct{} // closed when the writer has ended
	rev    uint64        // last revision used; the writer's own
	broken atomic.Pointer[error]
	stats  counters
}

var _ state.Store = (*Store)(nil)

// Open opens the store at path, making it if there is none, and verifies all
// of it first. A file that cannot be used is state.ErrCorrupt; a file that
// cannot be reached or is held by another process is state.ErrUnavailable.
func Open(path string, o Options) (*Store, error) { return open(path, o, migrations()) }

func open(path string, o Options, todo []migration) (*Store, error) {
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if len(o.Key) == 0 {
		key, err := KeyFor(path)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", state.ErrUnavailable, err)
		}
		o.Key = key
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !o.ReadOnly {
		if err := create(path, o.Key, schemaOf(todo)); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("%w: making the store %s: %w", state.ErrUnavailable, path, err)
		}
		o.Log.Info("made a new store", "path", path)
	}
	f, err := openLocked(path, !o.ReadOnly, o.Timeout)
	if err != nil {
		return nil, err
	}
	l, err := inspect(f, path, o, schemaOf(todo))
	if err != nil {
		f.Close()
		return nil, err
	}
	s := &Store{path: path, log: o.Log, commit: (*bbolt.Tx).Commit, queue: make(chan *request, queueSize), done: make(chan struct{})}
	err = guarded(func() error {
		s.db, err = bbolt.Open(path, 0o600, &bbolt.Options{
			ReadOnly:        o.ReadOnly,
			InitialMmapSize: initialMap,
			FreelistType:    bbolt.FreelistMapType,
			OpenFile:        func(string, int, os.FileMode) (*os.File, error) { return f, nil },
		})
		if err == nil {
			l, err = migrate(s.db, l, todo)
		}
		return err
	})
	if err != nil {
		if s.db != nil {
			err = errors.Join(err, s.db.Close())
		}
		f.Close() // closed already, unless bbolt panicked
		return nil, fmt.Errorf("%w: opening the store %s: %w", state.ErrUnavailable, path, err)
	}
	s.seal, s.rev = l.seal, l.rev
	go s.write()
	return s, nil
}

// openLocked opens an existing file and locks it as bbolt would.
func openLocked(path string, exclusive bool, timeout time.Duration) (*os.File, error) {
	flag := os.O_RDONLY
	if exclusive {
		flag = os.O_RDWR
	}
	f, err := os.OpenFile(path, flag, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: opening the store: %w", state.ErrUnavailable, err)
	}
	if err = lock(f, exclusive, timeout); err == nil {
		err = stillThere(f, path)
	}
	if err != nil {
		f.Close()
		if errors.Is(err, errLocked) {
			return nil, fmt.Errorf("%w: the store %s is in use: %w; stop that one first, or give this one another path", state.ErrUnavailable, path, err)
		}
		return nil, fmt.Errorf("%w: the store %s: %w", state.ErrUnavailable, path, err)
	}
	return f, nil
}

// stillThere: a restore may have put another file in this one's place while
// the lock was waited for.
func stillThere(f *os.File, path string) error {
	ours, err := f.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(ours, named) {
		return errors.New("it was replaced while being opened: try again")
	}
	return nil
}

// inspect verifies the whole file before bbolt maps it.
func inspect(f *os.File, path string, o Options, schema uint32) (layout, error) {
	l, doubt, err := verifyFile(f, path, o.Key, func(_ string, _ []byte, _ uint64, err error) error { return err })
	if err != nil {
		return l, err
	}
	if err := checkSchema(path, l.schema, schema, o.ReadOnly); err != nil {
		return l, err
	}
	if doubt != nil {
		o.Log.Warn("the store had a torn header and went on from the other one: the last write before the crash may be missing", "path", path, "err", doubt)
	}
	return l, nil
}

// Get reads one record.
func (s *Store) Get(ctx context.Context, key string) (state.Entry, error) {
	e := state.Entry{Key: key}
	err := s.view(ctx, func(b *bbolt.Bucket) (err error) {
		stored := b.Get([]byte(key))
		if stored == nil {
			return fmt.Errorf("%w: %s", state.ErrNotFound, key)
		}
		e.Value, e.Rev, err = s.unseal(key, stored)
		return err
	})
	if err != nil {
		return state.Entry{}, err
	}
	return e, nil
}

// List reads records in key order.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]state.Entry, error) {
	var list []state.Entry
	err := s.view(ctx, func(b *bbolt.Bucket) error {
		c := b.Cursor()
		for k, v := seek(c, prefix, after); inside(k, prefix); k, v = c.Next() {
			if err := ctx.Err(); err != nil {
				return err
			}
			value, rev, err := s.unseal(string(k), v)
			if err != nil {
				return err
			}
			list = append(list, state.Entry{Key: string(k), Value: value, Rev: rev})
			if len(list) == limit {
				break
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// seek finds the first key that starts with prefix and is greater than after.
func seek(c *bbolt.Cursor, prefix, after string) (key, value []byte) {
	if after < prefix {
		return c.Seek([]byte(prefix))
	}
	key, value = c.Seek([]byte(after))
	if key != nil && string(key) == after {
		return c.Next()
	}
	return key, value
}

func inside(key []byte, prefix string) bool {
	return key != nil && bytes.HasPrefix(key, []byte(prefix))
}

func (s *Store) unseal(key string, stored []byte) ([]byte, uint64, error) {
	value, rev, err := s.seal.open(key, stored)
	if err != nil {
		return nil, 0, corrupt(s.path, err)
	}
	return value, rev, nil
}

// view reads in one consistent state of the store.
func (s *Store) view(ctx context.Context, fn func(*bbolt.Bucket) error) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	return s.settle(guarded(func() error {
		return s.db.View(func(tx *bbolt.Tx) error { return fn(tx.Bucket([]byte(recordsBucket))) })
	}))
}

// Snapshot writes a copy of the file as it stands; the values in it stay
// sealed. A slow writer only costs disk space meanwhile.
func (s *Store) Snapshot(ctx context.Context, w io.Writer) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	var tx *bbolt.Tx
	err := s.settle(guarded(func() (err error) {
		tx, err = s.db.Begin(false)
		return err
	}))
	if err != nil {
		return err
	}
	out := &copyWriter{ctx: ctx, w: w}
	_, err = tx.WriteTo(out)
	tx.Rollback() // a read-only transaction: it cannot fail
	if err = cmp.Or(out.err, err); err != nil {
		return fmt.Errorf("copying the store %s: %w", s.path, err)
	}
	return nil
}

// copyWriter ends a copy when its context ends, and keeps the reason why a
// copy ended: bbolt only keeps its words.
type copyWriter struct {
	ctx context.Context
	w   io.Writer
	err error
}

func (c *copyWriter) Write(p []byte) (n int, err error) {
	if err = c.ctx.Err(); err == nil {
		n, err = c.w.Write(p)
	}
	c.err = cmp.Or(c.err, err)
	return n, err
}

// usable says whether the store can be asked at all.
func (s *Store) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if why := s.broken.Load(); why != nil {
		return *why
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return s.errClosed()
	}
	return nil
}

func (s *Store) errClosed() error {
	return fmt.Errorf("%w: the store %s is closed", state.ErrUnavailable, s.path)
}

// settle words errors of bbolt, and gives the store up after a fault.
func (s *Store) settle(err error) error {
	switch {
	case errors.Is(err, errFault):
		return s.giveUp(corrupt(s.path, err))
	case errors.Is(err, bbolt.ErrDatabaseNotOpen):
		return s.errClosed()
	}
	return err
}

// giveUp refuses everything from now on, with the first reason.
func (s *Store) giveUp(why error) error {
	if s.broken.CompareAndSwap(nil, &why) {
		s.log.Error("the store is out of service until partyline is restarted", "path", s.path, "err", why)
	}
	return *s.broken.Load()
}

// Close finishes the writes that wait, then lets go of the file. Calling it
// again does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.queue)
	}
	s.mu.Unlock()
	<-s.done
	if s.broken.Load() != nil {
		return nil // bbolt's locks may be held for ever: the end of the process closes the file
	}
	return s.db.Close()
}
