package bridge_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/media"
	"partyline/state"
)

func ptr[T any](v T) *T { return &v }

// TestCauses plays every way an attempt can fail (the cause table).
func TestCauses(t *testing.T) {
	for _, c := range []struct {
		reason  state.Reason
		code    int
		again   bool // tried again when three attempts are asked for
		invites int
	}{
		{state.ReasonBusy, 486, true, 3},
		{state.ReasonNoAnswer, 408, true, 3},
		{state.ReasonUnavailable, 480, true, 2},
		{state.ReasonTrunkFailure, 500, true, 3},
		{state.ReasonInvalidNumber, 404, false, 1},
		{state.ReasonDeclined, 603, false, 1},
		{state.ReasonCarrierBlocked, 608, false, 1},
		{state.ReasonUnwanted, 607, false, 1},
		{state.ReasonTrunkAuth, 401, false, 1},
		{state.ReasonDestinationForbidden, 403, false, 1},
		{state.ReasonMediaMismatch, 488, false, 1},
		{state.ReasonRedirected, 302, false, 1},
		{state.ReasonTrunkLimit, 503, true, 3},
	} {
		t.Run(string(c.reason), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
				w.Phones.Script("", bridgetest.Callee{Answer: time.Second,
					Refuse: &bridge.CallEvent{Reason: c.reason, Code: c.code, Phrase: "No"}})
				once := w.add(1, bridge.ParticipantSpec{})
				thrice := once
				if c.reason != state.ReasonUnwanted {
					thrice = w.add(2, bridge.ParticipantSpec{Retry: state.Retry{Attempts: 3, Delay: 10 * time.Second}})
				}
				time.Sleep(2 * time.Second)
				if c.again {
					v := w.expect(thrice.ID, state.Pending, state.PhaseRetrying, c.reason)
					if v.NextTryAt == nil {
						t.Error("no time of the next try")
					}
				}
				time.Sleep(5 * time.Minute)
				for _, id := range []string{once.ID, thrice.ID} {
					v := w.expect(id, state.Rejected, "", c.reason)
					if v.SIP == nil || v.SIP.Code != c.code {
						t.Errorf("sip result %+v", v.SIP)
					}
				}
				if n := len(w.Phones.Calls(number(2))); c.reason != state.ReasonUnwanted && n != c.invites {
					t.Errorf("%d INVITEs, want %d", n, c.invites)
				}
				want := 1
				if c.reason == state.ReasonTrunkLimit {
					want = 3 // waits for the trunk without being asked to
				}
				if n := len(w.Phones.Calls(number(1))); n != want {
					t.Errorf("%d INVITEs without a retry policy, want %d", n, want)
				}
				if c.reason == state.ReasonTrunkLimit {
					if v := w.get(thrice.ID); v.Attempt != 1 {
						t.Errorf("attempt %d after a trunk's limit, which does not count", v.Attempt)
					}
				}
			})
		})
	}
}

func TestRetryBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		w.Phones.Script("", bridgetest.Callee{Refuse: &bridge.CallEvent{Reason: state.ReasonBusy, Code: 486}})
		start := time.Now()
		v := w.add(1, bridge.ParticipantSpec{Retry: state.Retry{Attempts: 3, Delay: 10 * time.Second}})
		time.Sleep(time.Hour)
		var at []time.Duration
		for _, e := range w.events() {
			if e.Type == "participant.dialing" {
				at = append(at, e.Time.Sub(start))
			}
		}
		if want := []time.Duration{0, 10 * time.Second, 30 * time.Second}; !slices.Equal(at, want) {
			t.Errorf("dialled at %v, want %v", at, want)
		}
		w.wantTypes(v.ID, "dialing", "ringing", "retry_scheduled", "dialing", "ringing", "retry_scheduled", "dialing", "ringing", "rejected")
	})
}

func TestUnwantedIsNeverCalledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		w.Phones.Script("", bridgetest.Callee{Refuse: &bridge.CallEvent{Reason: state.ReasonUnwanted, Code: 607}})
		v := w.add(1, bridge.ParticipantSpec{})
		w.expect(v.ID, state.Rejected, "", state.ReasonUnwanted)
		check := func() {
			t.Helper()
			_, err := w.tryAdd(1, bridge.ParticipantSpec{})
			wantCode(t, err, bridge.Invalid, "suppressed")
			_, err = w.Do(context.Background(), tenant, w.cid, v.ID, bridge.Redial)
			wantCode(t, err, bridge.Conflict, "suppressed")
		}
		check()
		w.Crash(t)
		check()
	})
}

func TestRingTimeoutIsGuarded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		w.Phones.Script("", bridgetest.Callee{Answer: bridgetest.Never})
		v := w.add(1, bridge.ParticipantSpec{RingTimeout: 20 * time.Second})
		if got := w.Phones.Last(number(1)).Request().RingTimeout; got != 20*time.Second {
			t.Errorf("ring timeout %v", got)
		}
		time.Sleep(31 * time.Second)
		w.expect(v.ID, state.Rejected, "", state.ReasonNoAnswer)
		if n := w.Phones.Last(number(1)).Hangups(); n != 1 {
			t.Errorf("%d hang-ups", n)
		}
	})
}

func TestMuteAndHoldBeforeJoining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{Sound: bridge.ConferenceSound{AloneMusic: ptr(false)}})
		w.Phones.Script("", bridgetest.Callee{Answer: 5 * time.Second})
		v := w.add(1, bridge.ParticipantSpec{})
		if !w.do(v.ID, bridge.Mute).Muted || !w.do(v.ID, bridge.Hold).Held {
			t.Error("the bits are not set while it rings")
		}
		w.expect(v.ID, state.Dialing, state.PhaseRinging, "")
		time.Sleep(8 * time.Second)
		in := w.expect(v.ID, state.Held, state.PhaseTalking, "")
		if in.Effective.Because != "held" {
			t.Errorf("because %q", in.Effective.Because)
		}
		leg := w.Phones.Last(number(1)).Leg()
		if a := leg.Audio(); a.Speaks || a.Hears || a.Play == nil || !a.Play.Loop {
			t.Errorf("held leg has %+v", a)
		}
		out := w.do(v.ID, bridge.Resume)
		if out.Status != state.Connected || !out.Muted || out.Effective.Speaks || !out.Effective.Hears {
			t.Errorf("after resume: %+v", out.Effective)
		}
		out = w.do(v.ID, bridge.Unmute)
		if !out.Effective.Speaks || out.Muted {
			t.Error("still muted")
		}
		time.Sleep(2 * time.Second) // they are told
		synctest.Wait()
		if a := leg.Audio(); !a.Speaks || !a.Hears || a.Play != nil {
			t.Errorf("leg has %+v", a)
		}
	})
}

func TestRoles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		v := w.add(1, bridge.ParticipantSpec{Role: state.RoleListener})
		in := w.get(v.ID)
		if in.Effective.Speaks || !in.Effective.Hears || in.Effective.Because != "role" {
			t.Errorf("a listener: %+v", in.Effective)
		}
		_, err := w.Do(context.Background(), tenant, w.cid, v.ID, bridge.Unmute)
		wantCode(t, err, bridge.Conflict, "role_forbids_speak")
		_, err = w.UpdateParticipant(context.Background(), tenant, w.cid, v.ID, bridge.ParticipantPatch{Muted: ptr(false), Name: ptr("X")})
		wantCode(t, err, bridge.Conflict, "role_forbids_speak")
		if w.get(v.ID).Name != "" {
			t.Error("half of a refused change was made")
		}
		up, err := w.UpdateParticipant(context.Background(), tenant, w.cid, v.ID, bridge.ParticipantPatch{Role: ptr(state.RolePresenter), Muted: ptr(false)})
		if err != nil || !up.Effective.Speaks {
			t.Errorf("promoted: %+v, %v", up.Effective, err)
		}
		if !w.Phones.Last(number(1)).Leg().Audio().Speaks {
			t.Error("the mixer was not told")
		}
		_, err = w.UpdateParticipant(context.Background(), tenant, w.cid, v.ID, bridge.ParticipantPatch{Role: ptr(state.Role("king"))})
		wantCode(t, err, bridge.Invalid, "unknown_role")
		if _, err := w.Do(context.Background(), tenant, w.cid, v.ID, bridge.Disconnect); err != nil {
			t.Fatal(err)
		}
		w.expect(v.ID, state.Disconnected, "", state.ReasonKicked)
		for _, a := range []bridge.Action{bridge.Mute, bridge.Unmute, bridge.Hold, bridge.Resume, bridge.Disconnect, bridge.Admit} {
			_, err := w.Do(context.Background(), tenant, w.cid, v.ID, a)
			wantCode(t, err, bridge.Conflict, "wrong_state")
		}
		if err := w.Remove(context.Background(), tenant, w.cid, v.ID); err != nil {
			t.Errorf("removing an ended participant: %v", err)
		}
	})
}

func TestMuteAllAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		boss := w.add(1, bridge.ParticipantSpec{Role: state.RolePresenter})
		op := w.add(2, bridge.ParticipantSpec{Role: state.RoleOperator})
		open := w.add(3, bridge.ParticipantSpec{})
		self := w.add(4, bridge.ParticipantSpec{Muted: true})
		byMod := w.add(5, bridge.ParticipantSpec{})
		w.do(byMod.ID, bridge.Mute)
		if n := w.all(bridge.BulkAction{Kind: bridge.MuteAll}); n != 2 {
			t.Errorf("mute-all touched %d, want 2", n)
		}
		late := w.add(6, bridge.ParticipantSpec{})
		check := func(when string, want map[string]bool) {
			t.Helper()
			for id, muted := range want {
				if v := w.get(id); v.Muted != muted || v.Effective.Speaks == muted {
					t.Errorf("%s: %s is muted=%v speaks=%v", when, v.PhoneNumber, v.Muted, v.Effective.Speaks)
				}
			}
		}
		check("muted", map[string]bool{boss.ID: false, op.ID: false, open.ID: true, self.ID: true, byMod.ID: true, late.ID: true})
		phone := w.Phones.Last(number(3))
		phone.Press("*6")
		check("*6 without leave", map[string]bool{open.ID: true})
		w.all(bridge.BulkAction{Kind: bridge.UnmuteAll})
		check("given back", map[string]bool{boss.ID: false, op.ID: false, open.ID: false, self.ID: true, byMod.ID: true, late.ID: false})
		w.all(bridge.BulkAction{Kind: bridge.MuteAll, AllowUnmute: true})
		check("muted again", map[string]bool{open.ID: true})
		phone.Press("*6")
		check("*6 with leave", map[string]bool{open.ID: false})
		w.Phones.Last(number(5)).Press("*6")
		check("a moderator's mute", map[string]bool{byMod.ID: true})
	})
}

func TestMuteOnEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{MuteOnEntry: true})
		a, b := w.add(1, bridge.ParticipantSpec{}), w.add(2, bridge.ParticipantSpec{Role: state.RolePresenter})
		if !w.get(a.ID).Muted || w.get(b.ID).Muted {
			t.Error("only those who may not mute others enter muted")
		}
		w.Phones.Last(number(1)).Press("*6")
		if w.get(a.ID).Muted {
			t.Error("*6 does not lift it")
		}
	})
}

func TestKeypad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		boss := w.add(1, bridge.ParticipantSpec{Role: state.RolePresenter})
		guest := w.add(2, bridge.ParticipantSpec{})
		ear := w.add(3, bridge.ParticipantSpec{Role: state.RoleListener})
		synctest.Wait()
		press := func(n int, keys string) {
			w.Phones.Last(number(n)).Press(keys)
			synctest.Wait()
		}
		press(2, "*6")
		if v := w.get(guest.ID); !v.Muted || v.MutedBy != "" {
			t.Errorf("*6 left muted=%v by %q", v.Muted, v.MutedBy)
		}
		press(2, "*6")
		if w.get(guest.ID).Muted {
			t.Error("a second *6 does not unmute")
		}
		press(3, "*6*9")
		if v := w.get(ear.ID); v.Muted || !v.HandRaised {
			t.Errorf("a listener's *6 and *9: muted=%v hand=%v", v.Muted, v.HandRaised)
		}
		press(2, "*5*7")
		if c, _ := w.Conference(t.Context(), tenant, w.cid); c.Locked || c.MutedAll {
			t.Error("a participant locked or muted the conference")
		}
		press(1, "*7*5")
		c, _ := w.Conference(t.Context(), tenant, w.cid)
		if !c.Locked || !c.MutedAll || !w.get(guest.ID).Muted || w.get(boss.ID).Muted {
			t.Errorf("presenter's keys: locked=%v muted all=%v", c.Locked, c.MutedAll)
		}
		_, err := w.tryAdd(4, bridge.ParticipantSpec{})
		wantCode(t, err, bridge.Conflict, "conference_locked")
		press(1, "*7*5")
		if c, _ := w.Conference(t.Context(), tenant, w.cid); c.Locked || w.get(guest.ID).Muted {
			t.Error("the same keys again do not undo it")
		}
		press(2, "6")
		w.Phones.Last(number(2)).Press("*")
		time.Sleep(4 * time.Second)
		press(2, "6")
		if w.get(guest.ID).Muted {
			t.Error("a 6 long after * counted")
		}
	})
}

// TestHoldIsToldWhereTheTrunkWantsIt: our hold goes out as a re-INVITE on
// trunks that ask for it, also one set before the phone was answered.
func TestHoldIsToldWhereTheTrunkWantsIt(t *testing.T) {
	for _, wanted := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, bridge.Config{TellHold: func(string) bool { return wanted }}, bridge.ConferenceSpec{})
			v := w.add(1, bridge.ParticipantSpec{})
			synctest.Wait()
			w.do(v.ID, bridge.Hold)
			w.do(v.ID, bridge.Resume)
			w.Phones.Script(number(2), bridgetest.Callee{Answer: time.Second})
			early := w.add(2, bridge.ParticipantSpec{})
			w.do(early.ID, bridge.Hold)
			time.Sleep(2 * time.Second)
			first, second := w.Phones.Last(number(1)).Reinvites(), w.Phones.Last(number(2)).Reinvites()
			if !wanted {
				if len(first)+len(second) != 0 {
					t.Errorf("told anyway: %q %q", first, second)
				}
				return
			}
			if len(first) != 2 || !strings.HasPrefix(first[0], "sendonly") || strings.HasPrefix(first[1], "sendonly") {
				t.Errorf("hold and resume went out as %q", first)
			}
			if len(second) != 1 || !strings.HasPrefix(second[0], "sendonly") {
				t.Errorf("a hold set while ringing went out as %q", second)
			}
		})
	}
}

// TestFullTrunkThatFallsSilent: after a 503 the next try gets no answer at
// all. No phone has rung, so the reason stays that the trunk is full.
func TestFullTrunkThatFallsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		refuse := func(e bridge.CallEvent) {
			w.Phones.Script("", bridgetest.Callee{Silent: true, Answer: time.Second, Refuse: &e})
		}
		refuse(bridge.CallEvent{Reason: state.ReasonTrunkLimit, Code: 503, RetryAfter: 2 * time.Second})
		v := w.add(1, bridge.ParticipantSpec{})
		time.Sleep(2 * time.Second)
		refuse(bridge.CallEvent{Reason: state.ReasonNoAnswer})
		time.Sleep(time.Minute)
		w.expect(v.ID, state.Rejected, "", state.ReasonTrunkLimit)
	})
}

func TestHoldByTheFarEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		v := w.add(1, bridge.ParticipantSpec{})
		synctest.Wait()
		call := w.Phones.Last(number(1))
		for _, sdp := range []string{"hold", "inactive"} {
			call.FarOffers(sdp)
			held := w.expect(v.ID, state.Held, state.PhaseTalking, "")
			if !held.HeldRemote || held.Held || held.Effective.Because != "held_remote" || held.Effective.Hears || held.Effective.Speaks {
				t.Errorf("%s: %+v", sdp, held.Effective)
			}
			call.Media(media.EventQuiet)
			call.Media(media.EventTimeout)
			w.expect(v.ID, state.Held, state.PhaseTalking, "")
			w.do(v.ID, bridge.Hold)
			call.FarOffers("resume")
			if w.expect(v.ID, state.Held, state.PhaseTalking, "").HeldRemote {
				t.Error("still held by the far end")
			}
			w.do(v.ID, bridge.Resume)
			w.expect(v.ID, state.Connected, state.PhaseTalking, "")
		}
		call.FarOffers("bad")
		w.expect(v.ID, state.Connected, state.PhaseTalking, "")
		if want := []int{200, 200, 200, 200, 488}; !slices.Equal(call.Replies(), want) {
			t.Errorf("answered %v, want %v", call.Replies(), want)
		}
	})
}

func TestMediaTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		dead, silent := w.add(1, bridge.ParticipantSpec{}), w.add(2, bridge.ParticipantSpec{})
		synctest.Wait()
		for n := range 2 {
			w.Phones.Last(number(n + 1)).Media(media.EventQuiet)
		}
		time.Sleep(time.Second)
		w.Phones.Last(number(2)).Alive()
		time.Sleep(4 * time.Second)
		for n := range 2 {
			w.Phones.Last(number(n + 1)).Media(media.EventTimeout)
		}
		w.expect(dead.ID, state.Disconnected, "", state.ReasonMediaTimeout)
		w.expect(silent.ID, state.Connected, state.PhaseTalking, "")
		if c := w.Phones.Last(number(1)); c.Hangups() != 1 || c.Probes() != 1 {
			t.Errorf("%d hang-ups, %d probes", c.Hangups(), c.Probes())
		}
		time.Sleep(16 * time.Second) // asked again, and no answer this time
		time.Sleep(16 * time.Second)
		w.expect(silent.ID, state.Disconnected, "", state.ReasonMediaTimeout)
	})
}

func TestMediaMismatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		w.Phones.Script("", bridgetest.Callee{SDP: "bad"})
		v := w.add(1, bridge.ParticipantSpec{})
		w.expect(v.ID, state.Rejected, "", state.ReasonMediaMismatch)
		if w.Phones.Last(number(1)).Hangups() != 1 {
			t.Error("the answered call was not hung up")
		}
	})
}

// TestTrunkThatMustEncrypt: every offer for the trunk says so, a call that
// stays in the clear is hung up, and the reason names it.
func TestTrunkThatMustEncrypt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{SRTP: func(string) media.Security { return media.SRTPRequired }}, bridge.ConferenceSpec{})
		w.Phones.Script(number(1), bridgetest.Callee{SDP: "plain"})
		v := w.add(1, bridge.ParticipantSpec{})
		w.expect(v.ID, state.Rejected, "", state.ReasonEncryption)
		if w.Phones.Last(number(1)).Hangups() != 1 {
			t.Error("the answered call was not hung up")
		}
		able := w.add(2, bridge.ParticipantSpec{})
		w.expect(able.ID, state.Connected, state.PhaseTalking, "")
		if got := w.Phones.Last(number(2)).Leg().Security(); got != media.SRTPRequired {
			t.Errorf("the offer was made with srtp %s", got)
		}
	})
}

func TestEarlyMediaIsNeverHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		w.Phones.Script("", bridgetest.Callee{Early: true, Answer: 5 * time.Second})
		v := w.add(1, bridge.ParticipantSpec{})
		w.expect(v.ID, state.Dialing, state.PhaseEarlyMedia, "")
		if w.Phones.Last(number(1)).Leg().InRoom() {
			t.Error("an unanswered phone is in the room")
		}
	})
}

func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{MaxParticipants: ptr(2)})
		a := w.add(1, bridge.ParticipantSpec{})
		w.add(2, bridge.ParticipantSpec{})
		_, err := w.tryAdd(3, bridge.ParticipantSpec{})
		wantCode(t, err, bridge.Conflict, "conference_full")
		w.do(a.ID, bridge.Disconnect)
		c := w.add(3, bridge.ParticipantSpec{})
		_, err = w.Do(t.Context(), tenant, w.cid, a.ID, bridge.Redial)
		wantCode(t, err, bridge.Conflict, "conference_full")
		w.do(c.ID, bridge.Disconnect)
		if v := w.do(a.ID, bridge.Redial); v.Status != state.Dialing || v.Attempt != 2 || v.ID != a.ID {
			t.Errorf("redialled: %s attempt %d", v.Status, v.Attempt)
		}
		w.expect(a.ID, state.Connected, state.PhaseTalking, "")
	})
}

func TestRateOfAdds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := bridge.Config{}
		cfg.Limits.AddsPerSecond = 10
		w := newWorld(t, cfg, bridge.ConferenceSpec{})
		for n := range 10 {
			w.add(n, bridge.ParticipantSpec{})
		}
		_, err := w.tryAdd(10, bridge.ParticipantSpec{})
		wantCode(t, err, bridge.RateLimited, "rate_limited")
		var e *bridge.Error
		if errors.As(err, &e) && e.RetryAfter < 1 {
			t.Errorf("Retry-After %d", e.RetryAfter)
		}
		time.Sleep(999 * time.Millisecond)
		_, err = w.tryAdd(10, bridge.ParticipantSpec{})
		wantCode(t, err, bridge.RateLimited, "rate_limited")
		time.Sleep(time.Millisecond)
		w.add(10, bridge.ParticipantSpec{})
	})
}

func TestQueueIsServedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		w.Phones.Channels(1)
		var ids []string
		for n := range 4 {
			v := w.add(n, bridge.ParticipantSpec{})
			want := state.Pending
			if n == 0 {
				want = state.Dialing
			}
			if v.Status != want {
				t.Errorf("%d is %s", n, v.Status)
			}
			ids = append(ids, v.ID)
		}
		w.expect(ids[1], state.Pending, state.PhaseQueued, "")
		if err := w.Remove(t.Context(), tenant, w.cid, ids[1]); err != nil {
			t.Fatal(err)
		}
		w.expect(ids[1], state.Rejected, "", state.ReasonCanceled)
		w.Phones.Last(number(0)).FarHangUp()
		w.expect(ids[2], state.Connected, state.PhaseTalking, "")
		w.expect(ids[3], state.Pending, state.PhaseQueued, "")
		time.Sleep(10*time.Minute + time.Second)
		w.expect(ids[3], state.Rejected, "", state.ReasonCapacity)
		w.wantTypes(ids[3], "queued", "rejected")
		if n := w.Phones.InUse(); n != 1 {
			t.Errorf("%d places in use, want 1", n)
		}
	})
}

func TestNoPorts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		w.Mixer.Full(true)
		v := w.add(1, bridge.ParticipantSpec{})
		w.expect(v.ID, state.Rejected, "", state.ReasonCapacity)
		if w.Phones.InUse() != 0 || len(w.Phones.Calls("")) != 0 {
			t.Error("a place or call was left behind")
		}
	})
}

func TestSpendLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := bridge.Config{}
		cfg.Dial.AttemptsPerDay, cfg.Dial.MinutesPerDay = 3, 2
		w := newWorld(t, cfg, bridge.ConferenceSpec{})
		w.Phones.Channels(2)
		a := w.add(1, bridge.ParticipantSpec{})
		w.add(2, bridge.ParticipantSpec{})
		third, fourth := w.add(3, bridge.ParticipantSpec{}), w.add(4, bridge.ParticipantSpec{})
		w.do(a.ID, bridge.Disconnect)
		w.expect(third.ID, state.Connected, state.PhaseTalking, "")
		w.do(third.ID, bridge.Disconnect)
		w.expect(fourth.ID, state.Rejected, "", state.ReasonSpendLimit)
		_, err := w.tryAdd(5, bridge.ParticipantSpec{})
		wantCode(t, err, bridge.RateLimited, "spend_limit")
		w.Crash(t)
		_, err = w.tryAdd(5, bridge.ParticipantSpec{})
		wantCode(t, err, bridge.RateLimited, "spend_limit")
		time.Sleep(24 * time.Hour)
		late := w.add(5, bridge.ParticipantSpec{})
		time.Sleep(3 * time.Minute)
		w.do(late.ID, bridge.Disconnect)
		_, err = w.tryAdd(6, bridge.ParticipantSpec{})
		wantCode(t, err, bridge.RateLimited, "spend_limit")
	})
}

// TestMinutesCountWhileTheyPass checks that calls which are up count against
// the day's minutes, also those of a run before.
func TestMinutesCountWhileTheyPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := bridge.Config{}
		cfg.Dial.MinutesPerDay = 10
		w := newWorld(t, cfg, bridge.ConferenceSpec{})
		a := w.add(1, bridge.ParticipantSpec{})
		w.add(2, bridge.ParticipantSpec{})
		time.Sleep(4 * time.Minute)
		w.do(a.ID, bridge.Disconnect)
		w.add(3, bridge.ParticipantSpec{})
		w.Crash(t)
		w.add(4, bridge.ParticipantSpec{})
		time.Sleep(50 * time.Second) // 4 + 4 and three times 50 s: over ten minutes
		_, err := w.tryAdd(5, bridge.ParticipantSpec{})
		wantCode(t, err, bridge.RateLimited, "spend_limit")
		w.all(bridge.BulkAction{Kind: bridge.DisconnectAll})
		_, err = w.tryAdd(5, bridge.ParticipantSpec{})
		wantCode(t, err, bridge.RateLimited, "spend_limit")
	})
}

// TestLateNewsOfAnOldAttempt checks that the end of a call which we hung up
// ourselves says nothing about the attempt that follows.
func TestLateNewsOfAnOldAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		w.Phones.Script("", bridgetest.Callee{Answer: bridgetest.Never})
		v := w.add(1, bridge.ParticipantSpec{RingTimeout: 10 * time.Second, Retry: state.Retry{Attempts: 2, Delay: time.Minute}})
		time.Sleep(21 * time.Second)
		w.expect(v.ID, state.Pending, state.PhaseRetrying, state.ReasonNoAnswer)
		time.Sleep(time.Minute)
		if again := w.expect(v.ID, state.Dialing, state.PhaseRinging, ""); again.Attempt != 2 {
			t.Errorf("attempt %d", again.Attempt)
		}
	})
}
