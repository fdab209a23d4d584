package srtp

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"unique"
)

// ErrKey is a key or the text of a key that cannot be used. Its message
// never repeats any of the text.
var ErrKey = errors.New("unusable SRTP key")

// Key is the master key and master salt of one direction with its suite, and
// the key identifier that its packets carry, if any. Two Keys are == when
// all of that is the same. The zero Key is none.
//
// Neither a Key nor what contains one shows its material by any verb of fmt,
// in JSON or in a log. It stands behind two handles, because fmt follows one
// pointer of an unexported field when it is given a verb that does not fit.
type Key struct {
	h unique.Handle[box]
}

type box struct {
	h unique.Handle[material]
}

func keyOf(m material) Key       { return Key{unique.Make(box{unique.Make(m)})} }
func (k Key) material() material { return k.h.Value().h.Value() }

// maxKey is the longest master key and salt, that of AEAD_AES_256_GCM.
const maxKey = 32 + 12

// MaxMKI is the longest key identifier we take, in bytes. RFC 4568 allows
// 128, of which only leading zeros could be used.
const MaxMKI = 8

type material struct {
	suite   Suite
	secret  [maxKey]byte // master key, then master salt
	mki     [MaxMKI]byte
	mkiSize uint8 // bytes; 0: packets carry none
}

// NewKey draws a key from random; nil is crypto/rand.
func NewKey(s Suite, random io.Reader) (Key, error) {
	if !s.valid() {
		return Key{}, fmt.Errorf("%w: no such suite", ErrKey)
	}
	if random == nil {
		random = rand.Reader
	}
	m := material{suite: s}
	if _, err := io.ReadFull(random, m.secret[:m.size()]); err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return keyOf(m), nil
}

func (m *material) size() int    { return suites[m.suite].key + suites[m.suite].salt }
func (m *material) key() []byte  { return m.secret[:suites[m.suite].key] }
func (m *material) salt() []byte { return m.secret[suites[m.suite].key:m.size()] }

// IsZero tells whether there is no key.
func (k Key) IsZero() bool { return k == Key{} }

// Suite is what the key is for; the zero Suite of the zero Key.
func (k Key) Suite() Suite {
	if k.IsZero() {
		return 0
	}
	return k.material().suite
}

// String names the suite and nothing of the key.
func (k Key) String() string {
	if k.IsZero() {
		return "no SRTP key"
	}
	return k.Suite().String() + " key"
}

// Format is String whatever the verb and its flags.
func (k Key) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

// LogValue is String.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }
