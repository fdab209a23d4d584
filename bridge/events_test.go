package bridge_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/state"
)

func TestReplayThenLive(t *testing.T) {
	for _, after := range []uint64{0, 3, 1000} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
			for n := range 100 {
				w.add(n, bridge.ParticipantSpec{})
			}
			synctest.Wait()
			p := w.add(100, bridge.ParticipantSpec{})
			sub, err := w.Events(t.Context(), tenant, w.cid, after)
			if err != nil {
				t.Fatal(err)
			}
			for range 300 { // written while the replay runs
				w.do(p.ID, bridge.Mute)
				w.do(p.ID, bridge.Unmute)
			}
			last := w.conference().Seq
			next := after + 1
			for next <= last {
				if e := <-sub.C(); e.Seq != next {
					t.Fatalf("event %d, want %d", e.Seq, next)
				}
				next++
			}
			select {
			case e := <-sub.C():
				t.Errorf("an event too many: %d", e.Seq)
			default:
			}
			sub.Close()
			sub.Close()
			if _, open := <-sub.C(); open {
				t.Error("still open after Close")
			}
		})
	}
}

func TestSlowReaderIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		p := w.add(1, bridge.ParticipantSpec{})
		synctest.Wait()
		sub, err := w.Events(t.Context(), tenant, w.cid, w.conference().Seq)
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		first := w.conference().Seq + 1
		for range 700 {
			w.do(p.ID, bridge.Mute)
			w.do(p.ID, bridge.Unmute)
		}
		next := first
		for e := range sub.C() {
			if e.Seq != next {
				t.Fatalf("event %d, want %d", e.Seq, next)
			}
			next++
		}
		if next == first || next > first+1200 {
			t.Errorf("%d events before it was let go", next-first)
		}
		if s := w.Stats(); s.Subscribers != 0 {
			t.Errorf("%d readers left", s.Subscribers)
		}
		more, err := w.Events(t.Context(), tenant, w.cid, next-1)
		if err != nil {
			t.Fatal(err)
		}
		defer more.Close()
		if e := <-more.C(); e.Seq != next {
			t.Errorf("resumed at %d, want %d", e.Seq, next)
		}
	})
}

func TestReadersAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := bridge.Config{}
		cfg.Limits.Subscribers = 2
		w := newWorld(t, cfg, bridge.ConferenceSpec{})
		for range 2 {
			sub, err := w.Events(t.Context(), tenant, w.cid, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer sub.Close()
		}
		_, err := w.Events(t.Context(), tenant, w.cid, 0)
		wantCode(t, err, bridge.Unavailable, "too_many_readers")
	})
}

// TestImpatientCallersLeaveNothing has callers go away while the conference
// is busy: what they asked for is not done behind their back.
func TestImpatientCallersLeaveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		w.Store.Slow(5 * time.Second)
		go func() {
			if _, err := w.tryAdd(1, bridge.ParticipantSpec{}); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.Events(ctx, tenant, w.cid, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("events: %v", err)
		}
		if _, err := w.Add(ctx, tenant, w.cid, bridge.ParticipantSpec{PhoneNumber: number(2)}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("add: %v", err)
		}
		if _, err := w.Participants(ctx, tenant, w.cid, bridge.ParticipantFilter{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("list: %v", err)
		}
		w.Store.Slow(0)
		time.Sleep(time.Minute)
		if n := w.Stats().Subscribers; n != 0 {
			t.Errorf("%d readers nobody knows of", n)
		}
		if c := w.conference(); c.Total != 1 {
			t.Errorf("%d participants, want 1", c.Total)
		}
	})
}

// TestIdleConferenceIsPutAway checks that what nobody uses costs nothing, and
// that it is found again.
func TestIdleConferenceIsPutAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		v := w.add(1, bridge.ParticipantSpec{RequestKey: "k"})
		synctest.Wait()
		time.Sleep(5 * time.Minute)
		if s := w.Stats(); s.Loaded != 1 || s.Participants[state.Connected] != 1 {
			t.Errorf("a running conference was put away: %+v", s)
		}
		w.do(v.ID, bridge.Disconnect)
		seq := w.conference().Seq
		time.Sleep(time.Minute)
		if s := w.Stats(); s.Loaded != 0 {
			t.Errorf("%d conferences in memory", s.Loaded)
		}
		if c := w.conference(); c.Seq != seq || c.Total != 1 {
			t.Errorf("found again with seq %d, %d participants", c.Seq, c.Total)
		}
		if again := w.add(1, bridge.ParticipantSpec{RequestKey: "k"}); again.ID != v.ID {
			t.Error("the request was forgotten")
		}
		w.do(v.ID, bridge.Redial)
		w.expect(v.ID, state.Connected, state.PhaseTalking, "")
		w.events()
	})
}

func TestChimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		first := w.add(1, bridge.ParticipantSpec{})
		synctest.Wait()
		b := w.add(2, bridge.ParticipantSpec{})
		synctest.Wait()
		w.do(b.ID, bridge.Disconnect)
		if n := w.all(bridge.BulkAction{Kind: bridge.Announce, Sound: "beep"}); n != 1 {
			t.Errorf("announced to %d", n)
		}
		var names []string
		for _, c := range w.Mixer.Played() {
			names = append(names, c.Name)
		}
		want := []string{"joined", "joined", "left", "beep"}
		if len(names) != len(want) {
			t.Fatalf("played %v, want %v", names, want)
		}
		for i := range want {
			if names[i] != want[i] {
				t.Fatalf("played %v, want %v", names, want)
			}
		}
		_, err := w.DoAll(t.Context(), tenant, w.cid, bridge.BulkAction{Kind: bridge.Announce, Sound: "/etc/passwd"})
		wantCode(t, err, bridge.Invalid, "unknown_sound")
		for n := range 20 {
			w.add(n+3, bridge.ParticipantSpec{})
		}
		synctest.Wait()
		if n := len(w.Mixer.Played()); n > 4+9 {
			t.Errorf("%d sounds: a large conference is not to be chimed at", n)
		}
		_ = first
	})
}

func TestChurnLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := bridge.Config{}
		cfg.Limits.RecordsPerConference = 100000
		w := newWorld(t, cfg, bridge.ConferenceSpec{})
		w.Phones.Channels(50)
		w.Phones.Script("", bridgetest.Callee{Answer: 300 * time.Millisecond, HangUp: 2 * time.Second})
		for round := range 300 {
			v := w.add(round, bridge.ParticipantSpec{})
			if round%3 == 0 {
				time.Sleep(time.Duration(round%7) * 100 * time.Millisecond)
				if err := w.Remove(t.Context(), tenant, w.cid, v.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(time.Minute)
		if c := w.conference(); c.Active+c.Ringing != 0 || c.Total != 300 {
			t.Errorf("%d active, %d ringing, %d in all", c.Active, c.Ringing, c.Total)
		}
		if w.Mixer.Legs() != 0 || w.Mixer.Rooms() != 0 || w.Phones.InUse() != 0 {
			t.Errorf("left behind: %d legs, %d rooms, %d places", w.Mixer.Legs(), w.Mixer.Rooms(), w.Phones.InUse())
		}
	})
}
