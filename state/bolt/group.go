package bolt

import (
	"encoding/binary"
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
