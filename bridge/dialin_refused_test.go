package bridge_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/media"
	"partyline/media/prompt"
	"partyline/state"
)

// TestDialInIsRefused has right PINs that come to nothing.
func TestDialInIsRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		spec   func(*bridge.ConferenceSpec)
		before func(*world)
		word   string
		host   string // what the moderator is told
	}{
		{name: "locked", spec: func(s *bridge.ConferenceSpec) { s.Locked = true }, word: "locked_out", host: "joining"},
		{name: "full", spec: func(s *bridge.ConferenceSpec) { s.MaxParticipants = ptr(1) }, before: func(w *world) { w.add(1, bridge.ParticipantSpec{}) }, word: "full", host: "full"},
		{name: "ended", before: func(w *world) { _, _ = w.EndConference(context.Background(), tenant, w.cid) }, word: "has_ended", host: "has_ended"},
		{name: "ended and forgotten by memory", before: func(w *world) {
			_, _ = w.EndConference(context.Background(), tenant, w.cid)
			time.Sleep(time.Minute)
		}, word: "has_ended", host: "has_ended"},
		{name: "scheduled", spec: func(s *bridge.ConferenceSpec) { s.ScheduledFor = ptr(time.Now().Add(time.Hour)) }, word: "not_begun", host: "not_begun"},
		{name: "deleted", before: func(w *world) { _ = w.DeleteConference(context.Background(), tenant, w.cid) }, word: "wrong_pin", host: "wrong_pin"},
		{name: "no disk", before: func(w *world) { w.Store.Fail(context.DeadlineExceeded); w.do0(bridge.LockAll, bridge.UnlockAll) }, word: "try_later", host: "try_later"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				spec := openHouse()
				if c.spec != nil {
					c.spec(&spec)
				}
				w := newWorld(t, bridge.Config{}, spec)
				if c.before != nil {
					c.before(w)
				}
				legs := w.Mixer.Legs()
				for pin, want := range map[string]string{everybodys: c.word, moderators: c.host} {
					in := w.dial(number(9))
					types(in, pin+"#")
					if got := lastSaid(in.Line()); !strings.HasPrefix(got, want) {
						t.Errorf("%s: %q, want %s", pin, got, want)
					}
					if want == "joining" {
						in.FarHangUp()
					}
					time.Sleep(2 * time.Minute)
					if !in.Ended() || w.Mixer.Legs() > legs {
						t.Errorf("%s: the call was not ended, %d legs", pin, w.Mixer.Legs())
					}
				}
			})
		})
	}
}

// do0 does things to the conference whose outcome is not the point.
func (w *world) do0(kinds ...bridge.BulkKind) {
	for _, k := range kinds {
		_, _ = w.DoAll(context.Background(), tenant, w.cid, bridge.BulkAction{Kind: k})
	}
}

// TestTheHostCallsIn: whoever waits for a presenter is let in by one who calls.
func TestTheHostCallsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := openHouse()
		spec.WaitForPresenter = true
		w := newWorld(t, bridge.Config{}, spec)
		guest := w.dial(number(1))
		types(guest, everybodys+"#")
		if p := w.everyone()[0]; !p.Waiting || guest.Line().Audio().Hears || lastSaid(guest.Line()) != "joining, waiting_presenter" {
			t.Errorf("the guest waits: %v, and heard %q", p.Waiting, lastSaid(guest.Line()))
		}
		host := w.dial(number(2))
		types(host, moderators+"#")
		if p := w.everyone(); p[0].Waiting || p[1].Role != state.RolePresenter || !guest.Line().Audio().Hears {
			t.Errorf("with the host there: %+v", p[0].Effective)
		}
		types(host, "*5")
		if p := w.everyone()[0]; p.MutedBy == "" {
			t.Error("the host's keys do nothing")
		}
		late := w.dial(number(3))
		types(late, everybodys+"#")
		if p := w.everyone()[2]; p.MutedBy == "" || !strings.Contains(lastSaid(late.Line()), "you_are_muted") {
			t.Errorf("who comes after mute-all: %q, %q", p.MutedBy, lastSaid(late.Line()))
		}
	})
}

// TestDialInCostsMinutes, and none are left.
func TestDialInCostsMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := bridge.Config{}
		cfg.Dial.MinutesPerDay, cfg.Dial.AttemptsPerDay = 30, 1
		w := newWorld(t, cfg, openHouse())
		time.Sleep(time.Hour)
		w.add(1, bridge.ParticipantSpec{}) // the one call of the day
		in := w.dial(number(2))
		types(in, everybodys+"#")
		if !in.Line().InRoom() {
			t.Fatalf("calls to us count as calls of ours: %q", lastSaid(in.Line()))
		}
		time.Sleep(20 * time.Minute)
		late := w.dial(number(3))
		types(late, everybodys+"#")
		if got := lastSaid(late.Line()); got != "try_later" {
			t.Errorf("after the day's minutes: %q", got)
		}
	})
}

// TestAFaultCostsOnlyTheCaller who ran into it.
func TestAFaultCostsOnlyTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		voice := &brittle{}
		w := newWorld(t, bridge.Config{Voice: voice}, openHouse())
		first := w.dial(number(1))
		types(first, everybodys+"#")
		second := w.dial(number(2))
		voice.broken.Store(true)
		types(second, everybodys+"#")
		voice.broken.Store(false)
		time.Sleep(time.Minute)
		if !second.Ended() || !first.Line().InRoom() || w.Mixer.Legs() != 1 || w.Stats().Receptions != 0 {
			t.Errorf("ended %v, the other in %v, %d legs", second.Ended(), first.Line().InRoom(), w.Mixer.Legs())
		}
		third := w.dial(number(3))
		types(third, everybodys+"#")
		if !third.Line().InRoom() {
			t.Error("nobody comes in any more")
		}
	})
}

// brittle is a Voice that can be made to fail.
type brittle struct {
	bridgetest.Voice
	broken atomic.Bool
}

// Say implements bridge.Voice.
func (b *brittle) Say(lang string, parts ...prompt.Part) *media.Clip {
	if b.broken.Load() {
		panic("the voice broke")
	}
	return b.Voice.Say(lang, parts...)
}
