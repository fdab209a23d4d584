package bridge_test

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/media"
	"partyline/state"
)

// TestMachines has people and machines answer where nothing is asked, and
// where something is.
func TestMachines(t *testing.T) {
	type sound struct {
		after time.Duration
		kind  media.EventKind
	}
	talk, stop := media.EventSpeaking, media.EventSilent
	hello := []sound{{time.Second, talk}, {1100 * time.Millisecond, stop}}
	greets := []sound{{500 * time.Millisecond, talk}}
	for _, c := range []struct {
		name    string
		sounds  []sound
		machine string
		joins   bool
	}{
		{"a person", hello, "human", true},
		{"a greeting", greets, "machine", false},
		{"nobody speaks", nil, "unknown", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, mode := range []state.AcceptMode{state.AcceptNone, state.AcceptPressKey} {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
					v := w.add(1, bridge.ParticipantSpec{Accept: &state.Accept{Mode: mode, Machines: true}})
					synctest.Wait()
					leg := w.Phones.Last(number(1)).Leg()
					if a := leg.Audio(); leg.InRoom() || a.Hears || a.Speaks || !a.Listen {
						t.Errorf("before the verdict: %+v", a)
					}
					for _, s := range c.sounds {
						time.Sleep(s.after)
						leg.Happens(media.Event{Kind: s.kind})
					}
					time.Sleep(6 * time.Second)
					if mode == state.AcceptPressKey {
						w.expect(v.ID, state.Dialing, state.PhasePrompting, "")
						leg.Press("1")
					}
					got := w.get(v.ID)
					joins := c.joins || mode == state.AcceptPressKey
					if (got.Status == state.Connected) != joins || !joins && got.Reason != state.ReasonMachine {
						t.Errorf("%s: %s/%s", mode, got.Status, got.Reason)
					}
					if got.Machine == nil || got.Machine.Result != c.machine || got.Machine.MS > 5000 {
						t.Errorf("%s: %+v", mode, got.Machine)
					}
					w.wantMachineTold(c.machine)
				})
			}
		})
	}
}

// wantMachineTold checks that the verdict is told once, and again with what
// comes of it.
func (w *world) wantMachineTold(result string) {
	w.t.Helper()
	verdicts, outcomes := 0, 0
	for _, e := range w.events() {
		var data struct{ Machine *state.MachineResult }
		if err := json.Unmarshal(e.Data, &data); err != nil {
			w.t.Fatal(err)
		}
		switch e.Type {
		case "participant.machine_detected":
			verdicts++
		case "participant.accepted", "participant.rejected":
			outcomes++
			if data.Machine == nil || data.Machine.Result != result {
				w.t.Errorf("%s tells %+v", e.Type, data.Machine)
			}
		}
	}
	if verdicts != 1 || outcomes != 1 {
		w.t.Errorf("%d verdicts, %d outcomes", verdicts, outcomes)
	}
}

// TestAMachineIsStillLookedForAfterARestart in the middle of it: nobody is
// asked for a PIN that does not exist.
func TestAMachineIsStillLookedForAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		v := w.add(1, bridge.ParticipantSpec{Accept: &state.Accept{Machines: true}})
		synctest.Wait()
		w.Crash(t)
		synctest.Wait()
		if got := w.get(v.ID); got.InPrompt || got.Status != state.Dialing {
			t.Errorf("%s, in prompt %v", got.Status, got.InPrompt)
		}
		time.Sleep(6 * time.Second)
		w.expect(v.ID, state.Connected, state.PhaseTalking, "")
		_, _ = w.EndConference(context.Background(), tenant, w.cid)
	})
}

// TestWhoTalksIntoTheGoodbye of a prompt hears it all the same, once.
func TestWhoTalksIntoTheGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		v := w.add(1, bridge.ParticipantSpec{Accept: &state.Accept{Mode: state.AcceptPressKey, Tries: 1, Timeout: 2 * time.Second, Machines: true}})
		synctest.Wait()
		leg := w.Phones.Last(number(1)).Leg()
		time.Sleep(2900 * time.Millisecond)
		leg.Happens(media.Event{Kind: media.EventSpeaking})
		time.Sleep(5 * time.Second)
		w.expect(v.ID, state.Rejected, "", state.ReasonNotAccepted)
		if got := said(leg); len(got) != 2 || got[1] != "no_input, not_joined" {
			t.Errorf("said %q", got)
		}
	})
}
