package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"partyline/state/bolt"
)

func TestStoreCheck(t *testing.T) {
	h := newHouse(t, "")
	h.run("store", "check").want(t, 1, "no such file")
	h.run("key", "create").want(t, 0)
	h.run("store", "check").want(t, 0, "is sound", "schema", "1 key")

	good, err := os.ReadFile(h.store)
	if err != nil {
		t.Fatal(err)
	}
	bad := append([]byte(nil), good...)
	for i := len(bad) / 4; i < len(bad); i++ {
		bad[i] ^= 0x5a
	}
	if err := os.WriteFile(h.store, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"store", "check"}, {"serve"}, {"key", "list"}, {"store", "backup", filepath.Join(h.dir, "b")}} {
		h.run(args...).want(t, 1, h.store, "restore")
	}
	if _, err := os.Stat(filepath.Join(h.dir, "b")); err == nil {
		t.Error("a backup was made of a damaged store")
	}
}

// Backup and restore without a daemon, and everything that must be refused.
func TestStoreBackupAndRestore(t *testing.T) {
	h := newHouse(t, "")
	backup := filepath.Join(h.dir, "backup.db")
	h.run("store", "backup", backup).want(t, 1, "no such file")
	h.run("key", "create", "--name", "kept").want(t, 0)
	h.run("store", "backup", backup).want(t, 0, backup, "keep a copy of that file as well")
	h.run("store", "backup", backup).want(t, 1, "exists")
	h.run("key", "create", "--name", "later").want(t, 0)

	h.run("store", "restore", backup).want(t, 1, "exists already", "--force")
	h.run("key", "list").want(t, 0, "later")
	h.run("store", "restore", backup, "--force").want(t, 0, "now holds what")
	if s := h.run("key", "list").want(t, 0, "kept"); strings.Contains(s.out, "later") {
		t.Errorf("after the restore:\n%s", s.out)
	}

	half := filepath.Join(h.dir, "half.db")
	whole, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(half, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	h.run("store", "restore", half, "--force").want(t, 1, "the backup is not good")

	other := newHouse(t, "")
	other.run("key", "create").want(t, 0) // makes a key of its own
	other.run("store", "restore", backup, "--force").want(t, 1, "the backup is not good", "key")
	h.run("key", "list").want(t, 0, "kept")
}

// A backup of a running daemon, restored, shows the same conferences,
// participants and keys.
func TestBackupOfARunningDaemon(t *testing.T) {
	h := newHouse(t, "")
	s := h.serve()
	h.run("key", "create", "--name", "kept").want(t, 0)
	conf := s.do("POST", "/v2/conferences", `{"name":"Kept"}`)["id"].(string)
	s.do("POST", "/v2/conferences/"+conf+"/participants", `{"phone_number":"+12025550200"}`)
	path := "/v2/conferences/" + conf + "/participants"
	until(t, "busy", func() bool { return strings.Contains(fmt.Sprint(s.do("GET", path, "")), "rejected") })
	before, keys := s.do("GET", path, ""), h.run("key", "list").out

	backup := filepath.Join(h.dir, "backup.db")
	h.run("store", "backup", backup).want(t, 0)
	s.do("POST", "/v2/conferences", `{"name":"Too late"}`)
	h.run("store", "restore", backup, "--force").want(t, 1, h.store) // somebody holds it
	if code := s.stop(); code != 0 {
		t.Errorf("serve ended with %d:\n%s", code, s.log)
	}
	h.run("store", "restore", backup, "--force").want(t, 0)
	h.run("store", "check").want(t, 0, "1 conf", "1 part")

	s = h.serve()
	if d := cmp.Diff(before, s.do("GET", path, "")); d != "" {
		t.Errorf("participants changed (-before +after):\n%s", d)
	}
	if got := h.run("key", "list").out; got != keys {
		t.Errorf("keys:\n%s\nbefore:\n%s", got, keys)
	}
	if all := s.do("GET", "/v2/conferences", ""); len(all["conferences"].([]any)) != 1 {
		t.Errorf("conferences: %v", all)
	}
}

func TestKeyFileMode(t *testing.T) {
	h := newHouse(t, "")
	h.run("key", "create").want(t, 0)
	for _, path := range []string{h.store, bolt.KeyPath(h.store)} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
}
