package bolt

import (
	"context"
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
	failed := s.tryGroup(group)
	for _, r := range group {
		err := failed
		if failed != nil && len(group) > 1 {
			err = s.tryGroup([]*request{r})
		}
		if err != nil {
			r.revs, r.err = nil, err
		}
		s.stats.answered(r.err)
		close(r.done)
	}
}
