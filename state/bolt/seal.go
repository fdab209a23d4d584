package bolt

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	revSize   = 8
	nonceSize = 12
	tagSize   = 16
	overhead  = revSize + nonceSize + tagSize
)

var errUnseal = errors.New("does not open with this key")

// sealer seals and opens values. The key is the file's own, from the store's
// key and the file's salt. Nonces are random: after 2^32 values the chance
// that two were ever equal is 2^-33 (NIST SP 800-38D §8.3), and that is 50 days
// of a thousand writes a second.
type sealer struct{ aead cipher.AEAD }

func newSealer(key, salt []byte) (*sealer, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("bolt: the key has %d bytes, not %d", len(key), KeySize)
	}
	block, err := aes.NewCipher(derive(key, salt, "store values"))
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &sealer{aead}, nil
}

// seal makes what is stored under name: nobody can put it under another name,
// or under another revision, without its being noticed.
func (s *sealer) seal(name string, rev uint64, value []byte) []byte {
	out := make([]byte, revSize+nonceSize, overhead+len(value))
	binary.BigEndian.PutUint64(out, rev)
	rand.Read(out[revSize:])
	return s.aead.Seal(out, out[revSize:], value, aad(out[:revSize], name))
}

// open returns the value and its revision; the result shares nothing with stored.
func (s *sealer) open(name string, stored []byte) ([]byte, uint64, error) {
	if len(stored) < overhead {
		return nil, 0, errShort(name, stored)
	}
	rev, nonce, sealed := stored[:revSize], stored[revSize:revSize+nonceSize], stored[revSize+nonceSize:]
	value, err := s.aead.Open(make([]byte, 0, len(sealed)-tagSize), nonce, sealed, aad(rev, name))
	if err != nil {
		return nil, 0, fmt.Errorf("record %s %w", name, errUnseal)
	}
	return value, binary.BigEndian.Uint64(rev), nil
}

func errShort(name string, stored []byte) error {
	return fmt.Errorf("record %s is %d bytes long, too short to be one", name, len(stored))
}

func aad(rev []byte, name string) []byte {
	return append(append(make([]byte, 0, revSize+len(name)), rev...), name...)
}

// revision reads the revision of a stored value without opening it; 0 for none.
func revision(stored []byte) uint64 {
	if len(stored) < revSize {
		return 0
	}
	return binary.BigEndian.Uint64(stored)
}
