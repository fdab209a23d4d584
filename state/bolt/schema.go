package bolt

import (
	"encoding/binary"
	"fmt"
	"os"

	"go.etcd.io/bbolt"
)

// migration brings the records of a store from one schema to the next, within
// one transaction: all migrations of an opening happen, or none.
type migration func(*ledger) error

// migrations lead from schema 1 upwards: the i-th makes schema i+2. A released
// one is never changed or removed.
func migrations() []migration { return nil }

// schemaOf is the schema a program with these migrations writes.
func schemaOf(m []migration) uint32 { return uint32(len(m)) + 1 }

// each shows a migration every record whose key starts with prefix, opened.
// It may put and delete meanwhile; what it adds is not shown.
func (l *ledger) each(prefix string, fn func(key string, value []byte) error) error {
	var keys []string
	c := l.records.Cursor()
	for k, _ := seek(c, prefix, ""); inside(k, prefix); k, _ = c.Next() {
		keys = append(keys, string(k))
	}
	for _, key := range keys {
		value, _, err := l.seal.open(key, l.records.Get([]byte(key)))
		if err == nil {
			err = fn(key, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkSchema refuses what this program cannot use as it is.
func checkSchema(path string, found, known uint32, readOnly bool) error {
	switch {
	case found > known:
		return fmt.Errorf("the store %s was written by a newer partyline (schema %d, this program knows %d): start that version, or restore a backup from before the upgrade", path, found, known)
	case found == 0:
		return corrupt(path, errForeign)
	case found < known && readOnly:
		return fmt.Errorf("the store %s has the older schema %d (this program: %d): start partyline once to bring it up to date", path, found, known)
	}
	return nil
}

// migrate brings the file up to date in one transaction.
func migrate(db *bbolt.DB, l layout, todo []migration) (layout, error) {
	from := l.schema
	if from == schemaOf(todo) {
		return l, nil
	}
	err := db.Update(func(tx *bbolt.Tx) error {
		r := openLedger(tx, l.seal, l.balance)
		for i, m := range todo[from-1:] {
			if err := m(r); err != nil {
				return fmt.Errorf("bringing the store from schema %d to %d: %w", int(from)+i, int(from)+i+1, err)
			}
		}
		l.balance, l.schema = r.balance, schemaOf(todo)
		if err := r.meta.Put([]byte(schemaName), binary.BigEndian.AppendUint32(nil, l.schema)); err != nil {
			return err
		}
		return r.close()
	})
	return l, err
}

// create makes an empty store that is whole from the moment it has its name.
func create(path string, key []byte, schema uint32) error {
	parts, err := newLayout(key, schema)
	if err != nil {
		return err
	}
	return writeNew(path, func(f *os.File) error {
		db, err := bbolt.Open(f.Name(), 0o600, nil)
		if err != nil {
			return err
		}
		err = db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucket([]byte(metaBucket))
			if err != nil {
				return err
			}
			for name, value := range parts {
				if err := b.Put([]byte(name), value); err != nil {
					return err
				}
			}
			_, err = tx.CreateBucket([]byte(recordsBucket))
			return err
		})
		if cerr := db.Close(); err == nil {
			err = cerr
		}
		return err
	})
}
