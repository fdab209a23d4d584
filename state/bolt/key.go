package bolt

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// KeySize is the length of a store's key in bytes (AES-256).
const KeySize = 32

// KeyPath is where the key of a store lies unless it is said otherwise.
func KeyPath(store string) string { return store + ".key" }

// LoadKey reads a key file, or makes one with a fresh key (readable by its
// owner only, and on the disk before LoadKey returns).
func LoadKey(path string) ([]byte, error) {
	key, err := ReadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	fresh := make([]byte, KeySize)
	rand.Read(fresh) // never fails since Go 1.24
	err = writeNew(path, func(f *os.File) error {
		_, err := fmt.Fprintln(f, hex.EncodeToString(fresh))
		return err
	})
	if errors.Is(err, fs.ErrExist) { // another process was faster: its key is the key
		return ReadKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("making the key file %s: %w", path, err)
	}
	return fresh, nil
}

// ReadKey reads a key file and never makes one.
func ReadKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the key file: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != KeySize {
		return nil, fmt.Errorf("the key file %s does not hold %d hex digits: put the right file back from your copy", path, 2*KeySize)
	}
	return key, nil
}

// KeyFor reads the key file of a store; keyFile is KeyPath(store) when empty.
// It makes one only for a store that does not exist yet: a fresh key would be
// of no use to an old store.
func KeyFor(store, keyFile string) ([]byte, error) {
	if keyFile == "" {
		keyFile = KeyPath(store)
	}
	if _, err := os.Stat(store); errors.Is(err, fs.ErrNotExist) {
		return LoadKey(keyFile)
	}
	key, err := ReadKey(keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the store %s is there but its key file %s is not: put the key file back", store, keyFile)
	}
	return key, err
}

// Derive makes a key of its own for one purpose (HKDF-SHA256, RFC 5869), so
// that one secret file serves several needs and none learns another's key.
func Derive(key []byte, purpose string) []byte { return derive(key, nil, purpose) }

func derive(key, salt []byte, purpose string) []byte {
	// Key fails only for lengths beyond 255 hashes, or a secret too short in
	// FIPS mode: neither can come from here.
	out, err := hkdf.Key(sha256.New, key, salt, "partyline "+purpose, KeySize)
	if err != nil {
		panic("bolt: deriving a key: " + err.Error())
	}
	return out
}
