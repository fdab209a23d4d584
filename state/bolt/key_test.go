package bolt_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"partyline/state/bolt"
)

func TestLoadKeyMakesOneKey(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "partyline.db.key")
	if _, err := bolt.ReadKey(path); err == nil {
		t.Fatal("a key was read that is not there")
	}
	keys := make([][]byte, 16)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], err = bolt.LoadKey(path); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, key := range keys {
		if len(key) != bolt.KeySize || !bytes.Equal(key, keys[0]) || bytes.Count(key, []byte{0}) > 8 {
			t.Fatalf("keys of %d bytes that differ, or no key at all", len(key))
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if text, _ := os.ReadFile(path); strings.TrimSpace(string(text)) != hex.EncodeToString(keys[0]) {
		t.Error("the file does not hold the key in hex")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("%d files are left", len(left))
	}
}

func TestBadKeyFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k")
	for _, text := range []string{"", "hello", strings.Repeat("ab", 31), strings.Repeat("ab", 33), strings.Repeat("zz", 32)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, read := range map[string]func(string) ([]byte, error){"read": bolt.ReadKey, "load": bolt.LoadKey} {
			key, err := read(path)
			if err == nil || key != nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%s %q: %v", name, text, err)
			}
			if len(text) > 4 && err != nil && strings.Contains(err.Error(), text) {
				t.Errorf("the error shows the content of the key file: %v", err)
			}
		}
		if after, _ := os.ReadFile(path); string(after) != text {
			t.Errorf("%q: the bad key file was replaced", text)
		}
	}
	if _, err := bolt.LoadKey(filepath.Join(path, "below a file")); err == nil {
		t.Error("a key was made where no file can be")
	}
}

// A store whose key file is lost gets no new key: that would hide the loss.
func TestKeyForOldStore(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "partyline.db")
	s, err := bolt.Open(path, bolt.Options{}) // makes both files
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = bolt.Open(path, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	away := filepath.Join(dir, "away")
	if err := os.Rename(bolt.KeyPath(path), away); err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Open(path, bolt.Options{}); err == nil || !strings.Contains(err.Error(), bolt.KeyPath(path)) {
		t.Errorf("without its key: %v", err)
	}
	if _, err := os.Stat(bolt.KeyPath(path)); err == nil {
		t.Error("a fresh key was made for an old store")
	}
	if key, err := bolt.KeyFor(path, away); err != nil || len(key) != bolt.KeySize {
		t.Errorf("a key file elsewhere: %v", err)
	}
}

// Derived keys outlive releases: PINs already sent are checked with them.
func TestDeriveIsStable(t *testing.T) {
	pin := bolt.Derive(testKey, "pin")
	if got, want := hex.EncodeToString(pin), "f69c2a818c59309f149d53810aaf2dd734fe029baa7d67f4674459660b6f364e"; got != want {
		t.Errorf("the key for PINs changed: %s, want %s", got, want)
	}
	if bytes.Equal(pin, bolt.Derive(testKey, "pin2")) || bytes.Equal(pin, bolt.Derive(bytes.Repeat([]byte{8}, 32), "pin")) {
		t.Error("another purpose or another secret gives the same key")
	}
}
