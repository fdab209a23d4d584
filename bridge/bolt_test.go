package bridge_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/state"
	"partyline/state/bolt"
)

// TestOnDisk runs a conference on the store in service, stops the program
// without a goodbye, and finds everything again. The file must pass its own
// check: the records are what package state says they are.
func TestOnDisk(t *testing.T) {
	path, key := filepath.Join(t.TempDir(), "partyline.db"), bytes.Repeat([]byte("k"), bolt.KeySize)
	open := func() *bolt.Store {
		t.Helper()
		s, err := bolt.Open(path, bolt.Options{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	run := func(f func(b *bridgetest.Bench)) {
		t.Helper()
		s := open()
		b := bridgetest.New(t, bridge.Config{Store: s})
		b.Phones.Script("", bridgetest.Callee{})
		f(b)
		b.Bridge.Stop()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var cid string
	var ids []string
	run(func(b *bridgetest.Bench) {
		c, err := b.CreateConference(t.Context(), tenant, bridge.ConferenceSpec{Name: "Disk"})
		if err != nil {
			t.Fatal(err)
		}
		cid = c.ID
		sub, err := b.Events(t.Context(), tenant, cid, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		for n := range 20 {
			v, err := b.Add(t.Context(), tenant, cid, bridge.ParticipantSpec{PhoneNumber: number(n), RequestKey: fmt.Sprint(n)})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, v.ID)
		}
		for in := 0; in < 20; {
			select {
			case e := <-sub.C():
				if e.Type == "participant.connected" {
					in++
				}
			case <-time.After(time.Minute):
				t.Fatal("not everyone joined")
			}
		}
	})
	run(func(b *bridgetest.Bench) {
		page, err := b.Participants(t.Context(), tenant, cid, bridge.ParticipantFilter{})
		if err != nil || page.Total != 20 || page.Active != 20 {
			t.Fatalf("%d of %d are back, %v", page.Active, page.Total, err)
		}
		for n, id := range ids {
			v, err := b.Add(t.Context(), tenant, cid, bridge.ParticipantSpec{PhoneNumber: number(n), RequestKey: fmt.Sprint(n)})
			if err != nil || v.ID != id {
				t.Errorf("participant %d is there twice: %v", n, err)
			}
		}
		if _, err := b.EndConference(t.Context(), tenant, cid); err != nil {
			t.Fatal(err)
		}
	})
	report, err := bolt.Check(path, key)
	if err != nil || len(report.Problems) > 0 {
		t.Errorf("the file: %v, %v", report.Problems, err)
	}
	s := open()
	defer s.Close()
	for i, e := range bridgetest.All[state.Event](s, state.EventPrefix(cid)) {
		if e.Seq != uint64(i)+1 {
			t.Fatalf("event %d has number %d", i+1, e.Seq)
		}
	}
}
