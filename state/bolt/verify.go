package bolt

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"partyline/state"
)

// Names within a file.
const (
	metaBucket    = "meta"
	recordsBucket = "records"

	schemaName  = "schema"  // version of the records, 4 bytes
	saltName    = "salt"    // of the file's own key
	balanceName = "balance" // of all records, balanceSize bytes
	testName    = "test"    // testWord, sealed: tells a wrong key from a damaged record

	saltSize = 16
	testWord = "partyline"
)

// layout is what the meta bucket says.
type layout struct {
	balance
	schema uint32
	seal   *sealer
}

// reader verifies a file while walkFile shows its records one by one. Records
// come after the meta bucket, because "meta" sorts first.
type reader struct {
	key    []byte
	layout layout
	sum    tally             // of the records seen
	parts  map[string][]byte // of the meta bucket
	record func(name string, value []byte, rev uint64, err error) error
}

// errForeign: a sound bbolt file, but none of ours.
var errForeign = errors.New("it is a bbolt file, but not a partyline store")

// verify walks through the file: every page, and every value opened with key.
// Each record is handed to record, with the error if its value does not open.
func verify(r io.ReaderAt, size int64, key []byte, record func(name string, value []byte, rev uint64, err error) error) (layout, error, error) {
	v := &reader{key: key, parts: map[string][]byte{}, record: record}
	_, doubt, err := walkFile(r, size, v.visit)
	if err == nil && v.layout.seal == nil {
		err = v.ready() // no records yet
	}
	if err == nil && v.sum != v.layout.sum {
		err = errBalance
	}
	return v.layout, doubt, err
}

func (v *reader) visit(bucket string, name, stored []byte) error {
	switch bucket {
	case "/" + metaBucket:
		v.parts[string(name)] = append([]byte(nil), stored...)
		return nil
	case "/" + recordsBucket:
		if v.layout.seal == nil {
			if err := v.ready(); err != nil {
				return err
			}
		}
		value, rev, err := v.layout.seal.open(string(name), stored)
		if len(stored) >= overhead {
			v.sum.add(stored)
		}
		if err == nil && rev > v.layout.rev {
			err = fmt.Errorf("record %s has revision %d, the store only used %d so far", name, rev, v.layout.rev)
		}
		return v.record(string(name), value, rev, err)
	}
	return errForeign
}

// ready reads the meta bucket, which is complete now.
func (v *reader) ready() error {
	var err error
	v.layout, err = readLayout(v.parts, v.key)
	return err
}

func readLayout(parts map[string][]byte, key []byte) (layout, error) {
	if len(parts[schemaName]) != 4 || len(parts[saltName]) != saltSize || len(parts[balanceName]) != balanceSize {
		return layout{}, errForeign
	}
	seal, err := newSealer(key, parts[saltName])
	if err != nil {
		return layout{}, err
	}
	if _, _, err := seal.open(testName, parts[testName]); err != nil {
		return layout{}, errWrongKey
	}
	return layout{
		balance: parseBalance(parts[balanceName]),
		schema:  binary.BigEndian.Uint32(parts[schemaName]),
		seal:    seal,
	}, nil
}

var (
	errWrongKey = errors.New("it was sealed with another key")
	errBalance  = errors.New("some records are missing, or older than they should be")
)

// newLayout is the meta bucket of a new file.
func newLayout(key []byte, schema uint32) (map[string][]byte, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	seal, err := newSealer(key, salt)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		schemaName:  binary.BigEndian.AppendUint32(nil, schema),
		saltName:    salt,
		balanceName: balance{}.bytes(),
		testName:    seal.seal(testName, 0, []byte(testWord)),
	}, nil
}

// verifyFile verifies an open file and says in a sentence what is wrong.
func verifyFile(f *os.File, path string, key []byte, record func(string, []byte, uint64, error) error) (layout, error, error) {
	info, err := f.Stat()
	if err != nil {
		return layout{}, nil, fmt.Errorf("the store %s: %w", path, err)
	}
	if info.Size() == 0 {
		return layout{}, nil, corrupt(path, errors.New("it is empty: something truncated it"))
	}
	l, doubt, err := verify(f, info.Size(), key, record)
	if err != nil {
		return l, doubt, corrupt(path, err)
	}
	return l, doubt, nil
}

// corrupt words a refusal: the file, what is wrong with it, what to do.
func corrupt(path string, why error) error {
	remedy := "run `partyline store check` to see what is wrong, and `partyline store restore` to put back a backup"
	switch {
	case errors.Is(why, errWrongKey):
		remedy = "put the key file back that belongs to it, or `partyline store restore` a backup with its key"
	case errors.Is(why, errForeign):
		remedy = "check the path in the configuration; `partyline store restore` puts back a backup"
	}
	return fmt.Errorf("%w: the store %s cannot be used: %w; %s", state.ErrCorrupt, path, why, remedy)
}
