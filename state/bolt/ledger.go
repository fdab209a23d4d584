package bolt

import (
	"encoding/binary"

	"go.etcd.io/bbolt"
)

// balance is what the meta bucket keeps about all records together.
type balance struct {
	rev uint64 // the last revision used
	sum tally
}

// tally adds up the tags of all records. The pages of bbolt carry no checksum:
// a page that lost its last entries, or went back to what it was before, still
// looks sound, and every value in it opens. The tally does not come out then.
type tally struct{ lo, hi uint64 }

func (t *tally) add(stored []byte) {
	tag := stored[len(stored)-tagSize:]
	t.lo += binary.BigEndian.Uint64(tag)
	t.hi += binary.BigEndian.Uint64(tag[8:])
}

func (t *tally) remove(stored []byte) {
	tag := stored[len(stored)-tagSize:]
	t.lo -= binary.BigEndian.Uint64(tag)
	t.hi -= binary.BigEndian.Uint64(tag[8:])
}

const balanceSize = 24

func (b balance) bytes() []byte {
	out := binary.BigEndian.AppendUint64(nil, b.rev)
	out = binary.BigEndian.AppendUint64(out, b.sum.lo)
	return binary.BigEndian.AppendUint64(out, b.sum.hi)
}

// parseBalance reads what bytes made; p must be balanceSize long.
func parseBalance(p []byte) balance {
	return balance{
		rev: binary.BigEndian.Uint64(p),
		sum: tally{lo: binary.BigEndian.Uint64(p[8:]), hi: binary.BigEndian.Uint64(p[16:])},
	}
}

// ledger writes records within one transaction and keeps the balance.
type ledger struct {
	balance
	seal          *sealer
	records, meta *bbolt.Bucket
}

func openLedger(tx *bbolt.Tx, seal *sealer, now balance) *ledger {
	return &ledger{balance: now, seal: seal, records: tx.Bucket([]byte(recordsBucket)), meta: tx.Bucket([]byte(metaBucket))}
}

// put writes a record at the next revision.
func (l *ledger) put(key string, value []byte) error {
	if err := l.forget(key); err != nil {
		return err
	}
	stored := l.seal.seal(key, l.rev, value)
	l.sum.add(stored)
	return l.records.Put([]byte(key), stored)
}

// delete removes a record if there is one; it uses up a revision too, so that
// every commit can be told from the one before it.
func (l *ledger) delete(key string) error {
	if err := l.forget(key); err != nil {
		return err
	}
	return l.records.Delete([]byte(key))
}

// forget takes the next revision, and what is stored out of the sum.
func (l *ledger) forget(key string) error {
	l.rev++
	old := l.records.Get([]byte(key))
	if old == nil {
		return nil
	}
	if len(old) < overhead {
		return errShort(key, old)
	}
	l.sum.remove(old)
	return nil
}

// close writes the balance; nothing may be written after it.
func (l *ledger) close() error { return l.meta.Put([]byte(balanceName), l.bytes()) }

// storedBalance reads the balance as the file has it.
func storedBalance(tx *bbolt.Tx) balance {
	return parseBalance(tx.Bucket([]byte(metaBucket)).Get([]byte(balanceName)))
}
