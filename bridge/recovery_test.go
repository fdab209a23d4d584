package bridge_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/state"
)

func TestCallsAreTakenUpAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		in := w.add(1, bridge.ParticipantSpec{})
		held := w.add(2, bridge.ParticipantSpec{Muted: true})
		synctest.Wait()
		w.do(held.ID, bridge.Hold)
		w.Phones.Script(number(3), bridgetest.Callee{Answer: bridgetest.Never})
		ringing := w.add(3, bridge.ParticipantSpec{})
		asked := w.add(4, bridge.ParticipantSpec{Accept: &state.Accept{Mode: state.AcceptPressKey}})
		w.Phones.Script(number(5), bridgetest.Callee{Refuse: &bridge.CallEvent{Reason: state.ReasonBusy, Code: 486}})
		retrying := w.add(5, bridge.ParticipantSpec{Retry: state.Retry{Attempts: 2, Delay: time.Hour}})
		synctest.Wait()
		w.Phones.Shut(true)
		queued := w.add(6, bridge.ParticipantSpec{})
		texting := w.add(7, bridge.ParticipantSpec{SendPINViaSMS: true, DialAfter: state.DialSMSSent})
		w.events()
		w.Crash(t)

		w.expect(in.ID, state.Connected, state.PhaseTalking, "")
		v := w.expect(held.ID, state.Held, state.PhaseTalking, "")
		if !v.Muted || !v.Held {
			t.Errorf("bits were lost: muted=%v held=%v", v.Muted, v.Held)
		}
		w.expect(asked.ID, state.Dialing, state.PhasePrompting, "")
		v = w.expect(ringing.ID, state.Dialing, state.PhaseRinging, state.ReasonNodeRestart)
		if v.Attempt != 1 {
			t.Errorf("attempt %d: ringing again after a crash is not a new one", v.Attempt)
		}
		w.expect(retrying.ID, state.Pending, state.PhaseRetrying, state.ReasonBusy)
		w.expect(queued.ID, state.Connected, state.PhaseTalking, "")
		w.expect(texting.ID, state.Pending, state.PhaseWaitingSMS, "")
		for _, n := range []int{1, 2, 4} {
			if len(w.Phones.Calls(number(n))) != 0 {
				t.Errorf("phone %d rang again", n)
			}
		}
		if n := w.Mixer.Legs(); n != 5 {
			t.Errorf("%d legs, want 5", n)
		}
		w.wantTypes(in.ID, "dialing", "ringing", "answered", "accepted", "connected", "recovered")
		w.wantTypes(queued.ID, "queued", "dialing", "ringing", "answered", "accepted", "connected")

		w.Crash(t) // dying twice does not ring it a third time
		w.expect(ringing.ID, state.Rejected, "", state.ReasonNodeRestart)
		time.Sleep(time.Hour + time.Second)
		if len(w.Phones.Calls(number(5))) != 1 {
			t.Error("the retry was forgotten")
		}
		w.events()
	})
}

func TestCallsTheFarEndForgot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		in := w.add(1, bridge.ParticipantSpec{})
		asked := w.add(2, bridge.ParticipantSpec{Accept: &state.Accept{Mode: state.AcceptPressKey}})
		synctest.Wait()
		w.Phones.Forget(true)
		w.Crash(t)
		w.expect(in.ID, state.Disconnected, "", state.ReasonNodeRestart)
		w.expect(asked.ID, state.Dialing, state.PhasePrompting, state.ReasonNodeRestart)
		if len(w.Phones.Calls(number(2))) != 1 {
			t.Error("who was at the prompt was not rung again")
		}
	})
}

func TestConferencePastItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{MaxDuration: time.Hour})
		v := w.add(1, bridge.ParticipantSpec{})
		synctest.Wait()
		w.Bench.Bridge.Stop()
		time.Sleep(2 * time.Hour)
		w.Crash(t)
		if v = w.expect(v.ID, state.Disconnected, "", state.ReasonTimeLimit); v.Duration != 2*time.Hour {
			t.Errorf("connected for %s", v.Duration)
		}
		if c := w.conference(); c.Status != state.ConferenceEnded {
			t.Errorf("the conference is %s", c.Status)
		}
		w.wantHungUp(1)
	})
}

// wantHungUp checks that as many calls of the run before were taken up as
// were up, and each of them hung up: nobody else can end them.
func (w *world) wantHungUp(n int) {
	w.t.Helper()
	synctest.Wait()
	calls := w.Phones.Calls("")
	if len(calls) != n {
		w.t.Errorf("%d calls after the restart, want %d", len(calls), n)
	}
	for _, c := range calls {
		if c.Hangups() != 1 {
			w.t.Errorf("%s was hung up %d times", c.Request().Number, c.Hangups())
		}
	}
	if w.Mixer.Legs() != 0 {
		w.t.Errorf("%d legs are left behind", w.Mixer.Legs())
	}
}

// TestEndRightAfterACrash ends a conference before and while its calls are
// being taken up.
func TestEndRightAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		w.add(1, bridge.ParticipantSpec{})
		w.add(2, bridge.ParticipantSpec{Accept: &state.Accept{Mode: state.AcceptPressKey}})
		synctest.Wait()
		w.Crash(t)
		if _, err := w.EndConference(t.Context(), tenant, w.cid); err != nil {
			t.Fatal(err)
		}
		w.wantHungUp(2)
	})
}

// TestWhoQueuesIsToldOnce checks that a queue which outlives the program is no
// news.
func TestWhoQueuesIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		w.Phones.Channels(1)
		w.Phones.Shut(true)
		a, b := w.add(1, bridge.ParticipantSpec{}), w.add(2, bridge.ParticipantSpec{})
		w.Crash(t)
		w.wantTypes(a.ID, "queued", "dialing", "ringing", "answered", "accepted", "connected")
		w.wantTypes(b.ID, "queued")
	})
}

// TestScheduleThatPassedMeanwhile checks that a conference whose time came
// while the program was down rings each phone once.
func TestScheduleThatPassedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{ScheduledFor: ptr(time.Now().Add(time.Hour))})
		a, b := w.add(1, bridge.ParticipantSpec{}), w.add(2, bridge.ParticipantSpec{SendPINViaSMS: true, DialAfter: state.DialSMSSent})
		w.Bench.Bridge.Stop()
		time.Sleep(2 * time.Hour)
		w.Crash(t)
		w.expect(a.ID, state.Connected, state.PhaseTalking, "")
		w.expect(b.ID, state.Pending, state.PhaseWaitingSMS, "")
		w.wantTypes(a.ID, "dialing", "ringing", "answered", "accepted", "connected")
		if n := w.Phones.InUse(); n != 1 {
			t.Errorf("%d places in use, want 1", n)
		}
		if n := len(w.Phones.Calls("")); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
	})
}

func TestStoreFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		a, b := w.add(1, bridge.ParticipantSpec{}), w.add(2, bridge.ParticipantSpec{})
		w.Phones.Script(number(3), bridgetest.Callee{Answer: 10 * time.Second})
		ringing := w.add(3, bridge.ParticipantSpec{})
		gone := w.add(4, bridge.ParticipantSpec{})
		synctest.Wait()
		w.do(gone.ID, bridge.Disconnect)
		w.Phones.Shut(true)
		queued := w.add(5, bridge.ParticipantSpec{})
		synctest.Wait()
		placed := len(w.Phones.Calls(""))
		before := w.events()
		sub, err := w.Events(t.Context(), tenant, w.cid, before[len(before)-1].Seq)
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()

		w.Store.Fail(errors.New("no space left on device"))
		w.Phones.Shut(false)
		_, err = w.tryAdd(6, bridge.ParticipantSpec{RequestKey: "k", SendPINViaSMS: true})
		wantCode(t, err, bridge.Unavailable, "storage_unavailable")
		_, err = w.Do(t.Context(), tenant, w.cid, gone.ID, bridge.Redial)
		wantCode(t, err, bridge.Unavailable, "storage_unavailable")
		_, err = w.CreateConference(t.Context(), tenant, bridge.ConferenceSpec{Name: "x", RequestKey: "c"})
		wantCode(t, err, bridge.Unavailable, "storage_unavailable")
		if !w.do(a.ID, bridge.Mute).Muted {
			t.Error("mute waits for the disk")
		}
		w.Phones.Last(number(2)).FarHangUp()
		time.Sleep(11 * time.Second)
		w.expect(ringing.ID, state.Connected, state.PhaseTalking, "")
		w.expect(b.ID, state.Disconnected, "", state.ReasonHangup)
		w.expect(gone.ID, state.Disconnected, "", state.ReasonKicked)
		w.expect(queued.ID, state.Pending, state.PhaseQueued, "")
		if w.Phones.Last(number(1)).Leg().Audio().Speaks {
			t.Error("the muted leg still speaks")
		}
		if n := len(w.Phones.Calls("")); n != placed {
			t.Errorf("%d calls were placed without a record", n-placed)
		}
		if page, _ := w.Participants(t.Context(), tenant, w.cid, bridge.ParticipantFilter{}); page.Total != 5 {
			t.Errorf("%d participants, want 5", page.Total)
		}
		if n := len(w.events()); n != len(before) {
			t.Errorf("%d events in a store that fails", n-len(before))
		}
		select {
		case e := <-sub.C():
			t.Errorf("%s was told before it was safe", e.Type)
		default:
		}

		w.Store.Fail(nil)
		time.Sleep(11 * time.Second)
		w.expect(queued.ID, state.Connected, state.PhaseTalking, "")
		after := w.events()
		for _, e := range after[len(before):] {
			if got := <-sub.C(); got.Seq != e.Seq || got.ID != e.ID {
				t.Errorf("told %d %s, the store has %d %s", got.Seq, got.Type, e.Seq, e.Type)
			}
		}
		w.wantTypes(ringing.ID, "dialing", "ringing", "answered", "accepted", "connected")
		w.wantTypes(a.ID, "dialing", "ringing", "answered", "accepted", "connected", "muted")
		again := w.add(6, bridge.ParticipantSpec{RequestKey: "k"})
		w.expect(again.ID, state.Connected, state.PhaseTalking, "")
		if n := len(bridgetest.All[state.Message](w.Store, state.MessagePrefix)); n != 0 {
			t.Errorf("%d texts of refused participants", n)
		}
		if n := w.Phones.InUse(); n != 4 {
			t.Errorf("%d places in use, want 4", n)
		}
		w.Crash(t)
		w.expect(a.ID, state.Connected, state.PhaseTalking, "")
	})
}

// TestAnEndIsAcknowledgedWhenItIsSafe ends people and a conference while the
// store takes no writes: it happens, but nobody is told that it will last.
func TestAnEndIsAcknowledgedWhenItIsSafe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		a, b := w.add(1, bridge.ParticipantSpec{}), w.add(2, bridge.ParticipantSpec{})
		w.add(3, bridge.ParticipantSpec{})
		synctest.Wait()
		w.Store.Fail(errors.New("no space left on device"))
		_, err := w.Do(t.Context(), tenant, w.cid, a.ID, bridge.Disconnect)
		wantCode(t, err, bridge.Unavailable, "storage_unavailable")
		wantCode(t, w.Remove(t.Context(), tenant, w.cid, b.ID), bridge.Unavailable, "storage_unavailable")
		_, err = w.EndConference(t.Context(), tenant, w.cid)
		wantCode(t, err, bridge.Unavailable, "storage_unavailable")
		wantCode(t, w.DeleteConference(t.Context(), tenant, w.cid), bridge.Unavailable, "storage_unavailable")
		synctest.Wait()
		if n := w.Mixer.Legs(); n != 0 {
			t.Errorf("%d legs go on", n)
		}
		w.Store.Fail(nil)
		if err := w.DeleteConference(t.Context(), tenant, w.cid); err != nil {
			t.Errorf("asked again: %v", err)
		}
		w.Crash(t)
		time.Sleep(time.Minute)
		if n := len(w.Phones.Calls("")); n != 0 {
			t.Errorf("%d calls after the restart", n)
		}
		for _, p := range []string{a.ID, b.ID} {
			w.wantTypes(p, "dialing", "ringing", "answered", "accepted", "connected", "disconnected")
		}
	})
}

// TestGroupCommit checks that a burst shares transactions.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		w.Store.Slow(5 * time.Millisecond)
		before := w.Store.Applied()
		done := make(chan error)
		for n := range 200 {
			go func() {
				_, err := w.tryAdd(n, bridge.ParticipantSpec{})
				done <- err
			}()
		}
		for range 200 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		time.Sleep(time.Second)
		if n := w.Store.Applied() - before; n > 20 {
			t.Errorf("200 calls took %d transactions", n)
		}
	})
}

// TestQueueAfterStoreFailure checks that waiting for a trunk after the store
// has failed costs no time of the processor: in a busy loop the virtual clock
// would stand still and this test would never end.
func TestQueueAfterStoreFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		w.Phones.Shut(true)
		v := w.add(1, bridge.ParticipantSpec{})
		w.Store.Fail(errors.New("disk full"))
		_, err := w.tryAdd(2, bridge.ParticipantSpec{})
		wantCode(t, err, bridge.Unavailable, "storage_unavailable")
		w.Store.Fail(nil)
		time.Sleep(time.Minute)
		w.Phones.Shut(false)
		w.expect(v.ID, state.Connected, state.PhaseTalking, "")
	})
}
