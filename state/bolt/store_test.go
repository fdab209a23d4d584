package bolt_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"partyline/state"
	"partyline/state/bolt"
	"partyline/state/statetest"
)

func TestMain(m *testing.M) {
	if child() {
		return
	}
	goleak.VerifyTestMain(m)
}

var testKey = bytes.Repeat([]byte{7}, bolt.KeySize)

func TestStoreContract(t *testing.T) {
	paths := map[string]string{}
	statetest.RunStore(t, func(t *testing.T) state.Store {
		if paths[t.Name()] == "" {
			paths[t.Name()] = filepath.Join(t.TempDir(), "partyline.db")
		}
		return mustOpen(t, paths[t.Name()])
	})
}

func mustOpen(t testing.TB, path string) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(path, bolt.Options{Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
