package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"partyline/state/bolt"
)

// Keys are made, listed and revoked by the daemon that holds the store, or in
// the store itself when no daemon runs; the commands look the same.
func TestKeys(t *testing.T) {
	for name, running := range map[string]bool{"with the daemon": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, "")
			if running {
				h.serve()
			}
			made := h.run("key", "create", "--tenant", "acme", "--name", "billing", "--scope", "read").want(t, 0, "shown this once", "tenant acme")
			text := strings.TrimSpace(made.out)
			if !strings.HasPrefix(text, "pl_") || strings.ContainsAny(text, " \n") {
				t.Fatalf("a script cannot take the key from %q", made.out)
			}
			second := strings.TrimSpace(h.run("key", "create").want(t, 0, "tenant default").out)
			list := h.run("key", "list").want(t, 0, "acme", "billing", "read,write")
			if strings.Contains(list.out, text) || strings.Count(list.out, "\n") != 3 {
				t.Errorf("the list:\n%s", list.out)
			}
			id := strings.Split(text, "_")[1]
			h.run("key", "revoke", id).want(t, 0, "Revoked.")
			h.run("key", "revoke", id).want(t, 0) // it stays revoked
			h.run("key", "revoke", "nobody").want(t, 1, `there is no key "nobody"`)
			h.run("key", "create", "--tenant", "a b").want(t, 1, "tenant")
			if after := h.run("key", "list").want(t, 0).out; strings.Count(after, " -\n") != 1 {
				t.Errorf("one of two keys is revoked:\n%s", after)
			}

			stored, err := os.ReadFile(h.store)
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{text, second} {
				secret := strings.Split(key, "_")[2]
				if bytes.Contains(stored, []byte(secret)) || bytes.Contains(stored, []byte(key)) {
					t.Error("the store's file shows a key")
				}
			}
		})
	}
}

// A key works while the daemon runs as soon as it is made, and no more as soon
// as it is revoked.
func TestRevokedKeyStopsAtOnce(t *testing.T) {
	s := newHouse(t, "").serve()
	key := strings.TrimSpace(s.run("key", "create").want(t, 0).out)
	if status, _ := call(t, key, "GET", s.url+"/v2/conferences", ""); status != 200 {
		t.Fatalf("a new key: %d", status)
	}
	s.run("key", "revoke", strings.Split(key, "_")[1]).want(t, 0)
	if status, answer := call(t, key, "GET", s.url+"/v2/conferences", ""); status != 401 || answer["code"] != "invalid_key" {
		t.Errorf("a revoked key: %d %v", status, answer)
	}
	if log := s.log.String(); strings.Contains(log, key) || strings.Contains(log, adminKey) {
		t.Errorf("the log shows a key:\n%s", log)
	}
}

// The key file of a store is never made anew: that would hide its loss.
func TestLostKeyFile(t *testing.T) {
	for name, elsewhere := range map[string]bool{"beside the store": false, "elsewhere": true} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, "")
			keyFile := bolt.KeyPath(h.store)
			if elsewhere {
				keyFile = h.dir + "/a.key"
				h.more.state = ", key_file: " + keyFile
				h.configure()
			}
			h.run("key", "list").want(t, 1, "there is no store at "+h.store)
			h.run("key", "create").want(t, 0)
			if elsewhere {
				if _, err := os.Stat(bolt.KeyPath(h.store)); err == nil {
					t.Error("a key was made beside the store as well")
				}
			}
			if err := os.Rename(keyFile, keyFile+".away"); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"key", "create"}, {"key", "list"}, {"serve"}, {"store", "check"}, {"store", "backup", h.dir + "/b"}, {"doctor"}} {
				h.run(args...).want(t, 1, h.store, keyFile, "put the key file back")
			}
			if _, err := os.Stat(keyFile); err == nil {
				t.Error("a fresh key was made for an old store")
			}
			if err := os.Rename(keyFile+".away", keyFile); err != nil {
				t.Fatal(err)
			}
			h.run("key", "list").want(t, 0)
		})
	}
}
