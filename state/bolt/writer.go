package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"partyline/state"
)

const (
	queueSize  = 1024    // batches waiting; more wait in Apply
	groupSize  = 256     // batches in one commit
	groupBytes = 4 << 20 // of values in one commit; the last batch may exceed it

	maxKey   = bbolt.MaxKeySize
	maxValue = 16 << 20 // no record is near it: it keeps a commit's size in bounds
)

// request is one Apply on its way.
type request struct {
	ops   []state.Op
	owner atomic.Uint32 // who may end it: free, taken by the writer, withdrawn
	done  chan struct{}
	revs  []uint64
	err   error
}

const (
	free = iota
	taken
	withdrawn
)

// Apply writes a batch and returns when it is on the disk. Ops happen in their
// order: one sees what those before it did. When ctx ends first the batch is
// withdrawn, unless its commit has begun: then Apply waits for the outcome,
// so that the answer is always the truth.
func (s *Store) Apply(ctx context.Context, ops ...state.Op) ([]uint64, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	if err := validate(ops); err != nil || len(ops) == 0 {
		return nil, err
	}
	if s.db.IsReadOnly() {
		return nil, fmt.Errorf("%w: the store %s is open for reading only", state.ErrUnavailable, s.path)
	}
	r := &request{ops: ops, done: make(chan struct{})}
	if err := s.enqueue(ctx, r); err != nil {
		return nil, err
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		if r.owner.CompareAndSwap(free, withdrawn) {
			return nil, ctx.Err()
		}
		<-r.done
	}
	return r.revs, r.err
}

func (s *Store) enqueue(ctx context.Context, r *request) error {
	s.mu.RLock() // Close waits until the writer has made room for us
	defer s.mu.RUnlock()
	if s.closed {
		return s.errClosed()
	}
	select {
	case s.queue <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func validate(ops []state.Op) error {
	for _, op := range ops {
		if op.Key == "" || len(op.Key) > maxKey {
			return fmt.Errorf("bolt: a key has %d bytes, it must have 1 to %d", len(op.Key), maxKey)
		}
		if len(op.Value) > maxValue {
			return fmt.Errorf("bolt: the record %s has %d bytes, the limit is %d", op.Key, len(op.Value), maxValue)
		}
	}
	return nil
}

// write is the writer: the only goroutine that changes the file. While one
// commit waits for the disk the next group gathers in the queue, so that a
// burst costs few fsyncs and a lone write waits for nobody.
func (s *Store) write() {
	defer close(s.done)
	for first := range s.queue {
		if group := s.gather(first); len(group) > 0 {
			s.writeGroup(group)
		}
	}
}

// gather takes what waits, up to the bounds of a commit.
func (s *Store) gather(r *request) (group []*request) {
	bytes, ok := 0, true
	for ok {
		if r.owner.CompareAndSwap(free, taken) {
			group = append(group, r)
			for _, op := range r.ops {
				bytes += len(op.Value)
			}
		}
		if len(group) == groupSize || bytes >= groupBytes {
			break
		}
		select {
		case r, ok = <-s.queue:
		default:
			ok = false
		}
	}
	return group
}

// writeGroup commits a group and answers it. When a commit of several fails
// each is tried alone: it may have been one that did not fit on the disk.
func (s *Store) writeGroup(group []*request) {
	err := s.tryGroup(group)
	for _, r := range group {
		if err != nil {
			if len(group) > 1 {
				r.err = s.tryGroup([]*request{r})
			} else {
				r.err = err
			}
			if r.err != nil {
				r.revs = nil
			}
		}
		s.stats.answered(r.err)
		close(r.done)
	}
}

// tryGroup writes a group in one transaction. Conflicts are the batch's own
// (r.err); an error returned means that nothing at all was written.
func (s *Store) tryGroup(group []*request) error {
	if err := s.broken.Load(); err != nil {
		return *err
	}
	err := guarded(func() error {
		tx, err := s.db.Begin(true)
		if err != nil {
			return err
		}
		rev, err := s.fill(tx, group)
		if err != nil {
			tx.Rollback()
			return err
		}
		if rev == s.rev { // conflicts only
			return tx.Rollback()
		}
		if err := s.commit(tx); err != nil {
			return s.afterFailure(rev, err)
		}
		s.rev = rev
		s.stats.commits.Add(1)
		return nil
	})
	if err = s.settle(err); err != nil && s.broken.Load() == nil {
		err = fmt.Errorf("%w: the store %s could not be written, nothing was changed: %w", state.ErrUnavailable, s.path, err)
		s.log.Error("the store could not be written; check the disk it is on", "path", s.path, "err", err)
	}
	return err
}

// fill puts a group's batches into a transaction and returns the last revision
// used.
func (s *Store) fill(tx *bbolt.Tx, group []*request) (rev uint64, err error) {
	b := tx.Bucket([]byte(recordsBucket))
	rev = s.rev
	for _, r := range group {
		if r.revs, r.err = check(b, r.ops, rev); r.err != nil {
			continue
		}
		for _, op := range r.ops {
			rev++
			if op.Value == nil {
				err = b.Delete([]byte(op.Key))
			} else {
				err = b.Put([]byte(op.Key), s.seal.seal(op.Key, rev, op.Value))
			}
			if err != nil {
				return 0, err
			}
		}
	}
	return rev, tx.Bucket([]byte(metaBucket)).Put([]byte(revName), binary.BigEndian.AppendUint64(nil, rev))
}

// check holds every op of a batch against what is stored and against the ops
// before it, and returns the revisions they will have. A deletion uses one up
// too, so that every commit can be told from the one before it.
func check(b *bbolt.Bucket, ops []state.Op, last uint64) ([]uint64, error) {
	revs := make([]uint64, len(ops))
	mine := make(map[string]uint64, len(ops))
	for i, op := range ops {
		found, ok := mine[op.Key]
		if !ok {
			found = revision(b.Get([]byte(op.Key)))
		}
		if !op.Any && found != op.Rev {
			return nil, fmt.Errorf("%w: %s has revision %d, not %d", state.ErrConflict, op.Key, found, op.Rev)
		}
		if last++; op.Value != nil {
			revs[i] = last
		}
		mine[op.Key] = revs[i]
	}
	return revs, nil
}

// afterFailure finds out what a failed commit left. Its data pages go to the
// disk before its header, so when the header in the file is the old one
// nothing happened. When the new one can be read and only its fsync failed, a
// second commit settles it; when that fails too nobody can tell what a power
// cut would leave, and the store ends its service.
func (s *Store) afterFailure(rev uint64, failed error) error {
	visible, err := s.storedRev()
	if err != nil {
		return err
	}
	if visible != rev {
		return failed
	}
	tx, err := s.db.Begin(true)
	if err == nil {
		err = s.commit(tx)
	}
	if err != nil {
		return s.giveUp(fmt.Errorf("%w: the disk failed in the middle of a commit to %s, so the last write may be there or not: repair the disk and restart partyline: %w",
			state.ErrUnavailable, s.path, errors.Join(failed, err)))
	}
	s.rev = rev
	s.stats.commits.Add(1)
	return nil
}

// storedRev reads the last revision used from the file.
func (s *Store) storedRev() (rev uint64, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		rev = revision(tx.Bucket([]byte(metaBucket)).Get([]byte(revName)))
		return nil
	})
	return rev, err
}
