package bolt

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"partyline/state"
)

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
		next, err := s.fill(tx, group)
		if err != nil {
			tx.Rollback()
			return err
		}
		if next == s.now { // conflicts only
			return tx.Rollback()
		}
		if err := s.commit(tx); err != nil {
			return s.afterFailure(next, err)
		}
		s.now = next
		s.stats.commits.Add(1)
		return nil
	})
	if err = s.settle(err); err != nil && s.broken.Load() == nil {
		err = fmt.Errorf("%w: the store %s could not be written, nothing was changed: %w", state.ErrUnavailable, s.path, err)
		s.log.Error("the store could not be written; check the disk it is on", "path", s.path, "err", err)
	}
	return err
}

// fill puts a group's batches into a transaction.
func (s *Store) fill(tx *bbolt.Tx, group []*request) (balance, error) {
	l := openLedger(tx, s.seal, s.now)
	for _, r := range group {
		if r.revs, r.err = check(l.records, r.ops, l.rev); r.err != nil {
			continue
		}
		for _, op := range r.ops {
			var err error
			if op.Value == nil {
				err = l.delete(op.Key)
			} else {
				err = l.put(op.Key, op.Value)
			}
			if err != nil {
				return balance{}, err
			}
		}
	}
	return l.balance, l.close()
}

// check holds every op of a batch against what is stored and against the ops
// before it, and returns the revisions they will have.
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
func (s *Store) afterFailure(next balance, failed error) error {
	var visible balance
	err := s.db.View(func(tx *bbolt.Tx) error {
		visible = storedBalance(tx)
		return nil
	})
	if err != nil {
		return err
	}
	if visible != next {
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
	s.now = next
	s.stats.commits.Add(1)
	return nil
}
