package sms_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"partyline/sms"
	"partyline/sms/smstest"
	"partyline/state"
	"partyline/state/bolt"
)

// The same over a real store and real HTTP: what the disk holds while a text
// is on its way is enough for the next process not to send it again.
func TestCrashOnDisk(t *testing.T) {
	c := newCarrier(t, smstest.Config{Reports: []string{}})
	p := c.twilio(t, nil)
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "a.db"), filepath.Join(dir, "b.db")
	key := make([]byte, bolt.KeySize)
	store := openStore(t, path, key)
	m := message(1)
	put(t, store, m)

	c.Script(smstest.Slow(time.Minute)) // taken; the answer does not come
	stop := start(t, sms.NewOutbox(store, p, sms.OutboxConfig{Grace: time.Nanosecond}))
	if _, err := c.Wait(t.Context(), m.To, 1); err != nil {
		t.Fatal(err)
	}
	disk, err := os.ReadFile(path) // nothing is being written: the claim is done
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, disk, 0o600); err != nil {
		t.Fatal(err)
	}
	stop()

	again := openStore(t, copied, key)
	if got := get(t, again, m.ID); got.Status != state.MessageSending {
		t.Fatalf("on disk: %+v", got)
	}
	defer start(t, sms.NewOutbox(again, p, quick()))()
	got := settled(t, again, m.ID)
	if texts := c.Texts(m.To); got.Status != state.MessageSent || len(texts) != 1 || got.ProviderID != texts[0].SID {
		t.Errorf("after the restart %+v; the phone got %d texts", got, len(texts))
	}
}

func openStore(t *testing.T, path string, key []byte) state.Store {
	t.Helper()
	s, err := bolt.Open(path, bolt.Options{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
