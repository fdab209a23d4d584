package bridge_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/media"
	"partyline/state"
)

// TestNothingIsLostWhenAConferenceTakesOver types on, holds and hangs up at
// the moment of the right PIN.
func TestNothingIsLostWhenAConferenceTakesOver(t *testing.T) {
	for _, c := range []struct {
		name  string
		does  func(*bridgetest.Inbound)
		check func(t *testing.T, p bridge.ParticipantView, in *bridgetest.Inbound)
	}{
		{"a key that mutes", func(in *bridgetest.Inbound) { in.Line().Press("4711#*6") }, func(t *testing.T, p bridge.ParticipantView, _ *bridgetest.Inbound) {
			if !p.Muted {
				t.Error("*6 behind the PIN was lost")
			}
		}},
		{"a key by INFO", func(in *bridgetest.Inbound) { in.Info("4711#*6") }, func(t *testing.T, p bridge.ParticipantView, _ *bridgetest.Inbound) {
			if !p.Muted {
				t.Error("*6 behind the PIN was lost")
			}
		}},
		{"hold", func(in *bridgetest.Inbound) { in.Line().Press("4711#"); in.FarOffers("hold") }, func(t *testing.T, p bridge.ParticipantView, in *bridgetest.Inbound) {
			if !p.HeldRemote || len(in.Replies()) != 1 || in.Replies()[0] != 200 {
				t.Errorf("held %v, replies %v", p.HeldRemote, in.Replies())
			}
		}},
		{"hold before", func(in *bridgetest.Inbound) { in.FarOffers("hold"); in.Line().Press("4711#") }, func(t *testing.T, p bridge.ParticipantView, in *bridgetest.Inbound) {
			if !p.HeldRemote || len(in.Replies()) != 1 || in.Replies()[0] != 200 {
				t.Errorf("held %v, replies %v", p.HeldRemote, in.Replies())
			}
		}},
		{"hang-up", func(in *bridgetest.Inbound) { in.Line().Press("4711#"); in.FarHangUp() }, func(t *testing.T, p bridge.ParticipantView, _ *bridgetest.Inbound) {
			if p.Status != state.Disconnected || p.Reason != state.ReasonHangup {
				t.Errorf("%s/%s", p.Status, p.Reason)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, bridge.Config{}, openHouse())
				w.Store.Slow(50 * time.Millisecond) // that is how long nobody has the line
				in := w.dial(number(1))
				c.does(in)
				time.Sleep(time.Second)
				people := w.everyone()
				if len(people) == 0 { // gone before the PIN was compared
					if w.Mixer.Legs() != 0 || w.Stats().Receptions != 0 {
						t.Error("something is left")
					}
					return
				}
				c.check(t, people[0], in)
			})
		})
	}
}

// TestCallsThatCannotBeTaken are refused, and leave nothing.
func TestCallsThatCannotBeTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := bridge.Config{}
		cfg.Limits.Receptions = 3
		w := newWorld(t, cfg, openHouse())
		refused := func(in *bridgetest.Inbound, code int) {
			t.Helper()
			synctest.Wait()
			if in.Call != nil || in.Code() != code {
				t.Errorf("refused with %d, want %d", in.Code(), code)
			}
		}
		refused(w.CallInWith(bridgeNumber, number(1), "bad offer"), 488)
		w.Mixer.Full(true)
		refused(w.CallIn(bridgeNumber, number(1)), 503)
		w.Mixer.Full(false)
		for range 3 {
			w.dial(number(1))
		}
		refused(w.CallIn(bridgeNumber, number(1)), 503)
		time.Sleep(2 * time.Minute) // those who say nothing are hung up
		if w.Mixer.Legs() != 0 || w.Stats().Receptions != 0 {
			t.Errorf("%d legs, %d receptions", w.Mixer.Legs(), w.Stats().Receptions)
		}
		w.Drain(true)
		refused(w.CallIn(bridgeNumber, number(1)), 503)
		w.Drain(false)
		in := w.CallInWith(bridgeNumber, number(1), "") // the far end wants our offer
		synctest.Wait()
		types(in, "4711#")
		if !in.Line().InRoom() {
			t.Error("a call without an offer does not get in")
		}
		w.dial(number(2)) // in reception when the bridge is closed
	})
}

// TestKeysOfACallerComeInEveryWay.
func TestKeysOfACallerComeInEveryWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, openHouse())
		in := w.CallInWith(bridgeNumber, number(1), "nokeys")
		synctest.Wait()
		if a := in.Line().Audio(); !a.Listen || a.Speaks || a.Hears {
			t.Errorf("a phone without events: %+v", a)
		}
		in.Info("4711#")
		time.Sleep(time.Second)
		if p := w.everyone(); len(p) != 1 || p[0].Keys != state.KeysInfo {
			t.Errorf("by INFO: %+v", p)
		}
		in = w.CallInWith(bridgeNumber, number(2), "nokeys")
		synctest.Wait()
		types(in, "4711#") // as tones in the sound
		if p := w.everyone(); len(p) != 2 || p[1].Keys != state.KeysTones {
			t.Errorf("by tones: %+v", p)
		}
	})
}

// TestACallerWhoseLineIsDead is let go, one who only keeps silent is not.
func TestACallerWhoseLineIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, openHouse())
		in := w.dial(number(1))
		in.Media(media.EventQuiet)
		synctest.Wait()
		if in.Probes() != 1 {
			t.Error("the far end was not asked")
		}
		in.Alive()
		synctest.Wait()
		in.Media(media.EventTimeout)
		synctest.Wait()
		if in.Ended() {
			t.Error("a silent caller was hung up on")
		}
		time.Sleep(time.Second)
		in.Media(media.EventQuiet)
		in.Media(media.EventTimeout)
		synctest.Wait()
		if !in.Ended() || w.Mixer.Legs() != 0 {
			t.Error("a dead line is held")
		}
	})
}

// TestACallerSurvivesARestart once in, and is hung up in reception.
func TestACallerSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, openHouse())
		in := w.dial(number(1))
		types(in, "4711#")
		w.dial(number(2))
		p := w.everyone()[0]
		w.Crash(t)
		got := w.expect(p.ID, state.Connected, state.PhaseTalking, "")
		if !got.Inbound || w.Mixer.Legs() != 1 || len(w.everyone()) != 1 {
			t.Errorf("%+v, %d legs", got.Participant, w.Mixer.Legs())
		}
		if in := w.dial(number(3)); !strings.HasPrefix(lastSaid(in.Line()), "welcome") {
			t.Error("the number was forgotten")
		} else {
			types(in, "4711#")
			if !in.Line().InRoom() {
				t.Error("the number leads nowhere after a restart")
			}
		}
	})
}

// TestCallingBack rings who called, if there is a number that may be rung.
func TestCallingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, openHouse())
		redial := func(from string) (bridge.ParticipantView, error) {
			in := w.dial(from)
			types(in, "4711#")
			people := w.everyone()
			in.FarHangUp()
			synctest.Wait()
			return w.Do(context.Background(), tenant, w.cid, people[len(people)-1].ID, bridge.Redial)
		}
		_, err := redial("")
		wantCode(t, err, bridge.Conflict, "wrong_state")
		_, err = redial("+442079460123")
		wantCode(t, err, bridge.Invalid, "country_not_allowed")
		v, err := redial(number(1))
		if err != nil {
			t.Fatal(err)
		}
		if got := w.expect(v.ID, state.Connected, state.PhaseTalking, ""); got.Inbound || got.Attempt != 2 {
			t.Errorf("%+v", got.Participant)
		}
	})
}

// TestANumberBelongsToOneConference, of whatever tenant, until that has ended.
func TestANumberBelongsToOneConference(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, openHouse())
		other := bridge.Caller{TenantID: "other"}
		ctx := context.Background()
		spec := openHouse()
		spec.Name, spec.PIN, spec.RequestKey = "Rival", "0815", "once"
		_, err := w.CreateConference(ctx, other, spec)
		wantCode(t, err, bridge.Conflict, "number_taken")
		spec.DialIn.Numbers = nil
		rival, err := w.CreateConference(ctx, other, spec)
		if err != nil {
			t.Fatal(err)
		}
		take := bridge.ConferencePatch{DialIn: bridge.DialInSpec{Numbers: &[]string{bridgeNumber}}}
		_, err = w.UpdateConference(ctx, other, rival.ID, take)
		wantCode(t, err, bridge.Conflict, "number_taken")
		if _, err := w.EndConference(ctx, tenant, w.cid); err != nil {
			t.Fatal(err)
		}
		w.Crash(t)
		if _, err = w.UpdateConference(ctx, other, rival.ID, take); err != nil {
			t.Fatal(err)
		}
		w.Crash(t)
		in := w.dial(number(1))
		types(in, "0815#")
		if !in.Line().InRoom() {
			t.Error("the number does not lead to its new conference")
		}
		none := bridge.ConferencePatch{DialIn: bridge.DialInSpec{Numbers: &[]string{}}}
		if _, err = w.UpdateConference(ctx, other, rival.ID, none); err != nil {
			t.Fatal(err)
		}
		in = w.dial(number(2))
		types(in, "0815#")
		if in.Line().InRoom() {
			t.Error("a number that was given back leads on")
		}
	})
}

func TestDialInIsValidated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		for _, c := range []struct {
			pin  string
			spec bridge.DialInSpec
			code string
		}{
			{spec: bridge.DialInSpec{Numbers: &[]string{"12345"}}, code: "invalid_number"},
			{spec: bridge.DialInSpec{Numbers: &[]string{bridgeNumber, bridgeNumber}}, code: "invalid_number"},
			{spec: bridge.DialInSpec{Numbers: ptr(make([]string, 101))}, code: "out_of_range"},
			{spec: bridge.DialInSpec{Role: ptr(state.RoleOperator)}, code: "unknown_role"},
			{spec: bridge.DialInSpec{ModeratorPIN: ptr("12345")}, code: "invalid_pin"},
			{spec: bridge.DialInSpec{ModeratorPIN: ptr("1234567890123")}, code: "invalid_pin"},
			{spec: bridge.DialInSpec{ModeratorPIN: ptr("12345x")}, code: "invalid_pin"},
			{pin: "471147", spec: bridge.DialInSpec{ModeratorPIN: ptr("471147")}, code: "invalid_pin"},
		} {
			_, err := w.CreateConference(t.Context(), tenant, bridge.ConferenceSpec{Name: "x", PIN: c.pin, DialIn: c.spec})
			wantCode(t, err, bridge.Invalid, c.code)
			patch := bridge.ConferencePatch{DialIn: c.spec}
			if c.pin != "" {
				patch.PIN = &c.pin
			}
			_, err = w.UpdateConference(t.Context(), tenant, w.cid, patch)
			wantCode(t, err, bridge.Invalid, c.code)
		}
		if _, err := w.UpdateConference(t.Context(), tenant, w.cid, bridge.ConferencePatch{DialIn: bridge.DialInSpec{ModeratorPIN: ptr("471147")}}); err != nil {
			t.Fatal(err)
		}
		_, err := w.UpdateConference(t.Context(), tenant, w.cid, bridge.ConferencePatch{PIN: ptr("471147")})
		wantCode(t, err, bridge.Invalid, "invalid_pin")
	})
}
