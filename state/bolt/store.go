package bolt

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"partyline/state"
)

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
	now    balance       // of what is committed; the writer's own
	broken atomic.Pointer[error]
	stats  counters
}

var _ state.Store = (*Store)(nil)

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
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
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
