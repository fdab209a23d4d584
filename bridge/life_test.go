package bridge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var tenant = bridgetest.Tenant

// world is a bench with one conference, for tests that need no more.
type world struct {
	*bridgetest.Bench
	t   *testing.T
	cid string
}

func newWorld(t *testing.T, cfg bridge.Config, spec bridge.ConferenceSpec) *world {
	t.Helper()
	w := &world{Bench: bridgetest.New(t, cfg), t: t}
	w.Phones.Script("", bridgetest.Callee{})
	if spec.Name == "" {
		spec.Name = "Weekly"
	}
	if spec.MaxParticipants == nil {
		n := 1000
		if cfg.Limits.ParticipantsPerConference > 0 {
			n = cfg.Limits.ParticipantsPerConference
		}
		spec.MaxParticipants = &n
	}
	c, err := w.CreateConference(t.Context(), tenant, spec)
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	w.cid = c.ID
	return w
}

func number(n int) string { return fmt.Sprintf("+1202555%04d", n) }

// add asks number n as a participant unless the spec says otherwise.
func (w *world) add(n int, spec bridge.ParticipantSpec) bridge.ParticipantView {
	w.t.Helper()
	v, err := w.tryAdd(n, spec)
	if err != nil {
		w.t.Fatalf("add %d: %v", n, err)
	}
	return v
}

func (w *world) tryAdd(n int, spec bridge.ParticipantSpec) (bridge.ParticipantView, error) {
	spec.PhoneNumber = number(n)
	if spec.Role == "" {
		spec.Role = state.RoleParticipant
	}
	return w.Add(context.Background(), tenant, w.cid, spec)
}

func (w *world) get(id string) bridge.ParticipantView {
	w.t.Helper()
	synctest.Wait()
	v, err := w.Participant(context.Background(), tenant, w.cid, id)
	if err != nil {
		w.t.Fatalf("get: %v", err)
	}
	return v
}

func (w *world) do(id string, a bridge.Action) bridge.ParticipantView {
	w.t.Helper()
	v, err := w.Do(context.Background(), tenant, w.cid, id, a)
	if err != nil {
		w.t.Fatalf("%s: %v", a, err)
	}
	return v
}

func (w *world) all(a bridge.BulkAction) int {
	w.t.Helper()
	n, err := w.DoAll(context.Background(), tenant, w.cid, a)
	if err != nil {
		w.t.Fatalf("%s: %v", a.Kind, err)
	}
	return n
}

// expect waits for things to settle and checks where a participant stands.
func (w *world) expect(id string, status state.Status, phase state.Phase, reason state.Reason) bridge.ParticipantView {
	w.t.Helper()
	v := w.get(id)
	if v.Status != status || v.Phase != phase || v.Reason != reason {
		w.t.Errorf("participant is %s/%s/%s, want %s/%s/%s", v.Status, v.Phase, v.Reason, status, phase, reason)
	}
	return v
}

// events lists what the store knows, after checking that the numbers have no gap.
func (w *world) events() []state.Event {
	w.t.Helper()
	synctest.Wait()
	all := bridgetest.All[state.Event](w.Store, state.EventPrefix(w.cid))
	for i, e := range all {
		if e.Seq != uint64(i)+1 {
			w.t.Fatalf("event %d has number %d", i+1, e.Seq)
		}
	}
	return all
}

// types lists a participant's events by type, without the common prefix.
func (w *world) types(pid string) []string {
	w.t.Helper()
	var out []string
	for _, e := range w.events() {
		if e.ParticipantID == pid {
			out = append(out, e.Type[len("participant."):])
		}
	}
	return out
}

func (w *world) wantTypes(pid string, want ...string) {
	w.t.Helper()
	if got := w.types(pid); !slices.Equal(got, want) {
		w.t.Errorf("events %v,\nwant   %v", got, want)
	}
}

func wantCode(t *testing.T, err error, kind bridge.Kind, code string) {
	t.Helper()
	e, ok := err.(*bridge.Error)
	if !ok || e.Kind != kind || e.Code != code {
		t.Errorf("error %v, want %s", err, code)
	}
}

func TestAPhoneIsRungAnsweredAndHungUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		w.Phones.Script(number(1), bridgetest.Callee{Answer: time.Second, HangUp: 5 * time.Second})
		v := w.add(1, bridge.ParticipantSpec{Name: "Ada"})
		if v.Status != state.Dialing || v.Attempt != 1 || v.Seq != 2 {
			t.Errorf("added as %s, attempt %d, seq %d", v.Status, v.Attempt, v.Seq)
		}
		w.expect(v.ID, state.Dialing, state.PhaseRinging, "")
		time.Sleep(1100 * time.Millisecond)
		in := w.expect(v.ID, state.Connected, state.PhaseTalking, "")
		if !in.Effective.Speaks || !in.Effective.Hears || in.JoinedAt == nil {
			t.Errorf("not in the mix: %+v", in.Effective)
		}
		leg := w.Phones.Last(number(1)).Leg()
		if a := leg.Audio(); !leg.InRoom() || !a.Speaks || !a.Hears {
			t.Errorf("the mixer has %+v", a)
		}
		time.Sleep(5 * time.Second)
		out := w.expect(v.ID, state.Disconnected, "", state.ReasonHangup)
		if out.Duration != 5*time.Second || out.Quality == nil || out.Quality.Received != 50 {
			t.Errorf("duration %v, quality %+v", out.Duration, out.Quality)
		}
		w.wantTypes(v.ID, "dialing", "ringing", "answered", "accepted", "connected", "disconnected")
		if w.Mixer.Legs() != 0 || w.Mixer.Rooms() != 0 || w.Phones.InUse() != 0 {
			t.Errorf("left behind: %d legs, %d rooms, %d places", w.Mixer.Legs(), w.Mixer.Rooms(), w.Phones.InUse())
		}
		if n := w.Phones.Last(number(1)).Hangups(); n != 0 {
			t.Errorf("hung up %d times on a phone that had gone", n)
		}
		var data map[string]any
		last := w.events()[len(w.events())-1]
		if err := json.Unmarshal(last.Data, &data); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"role", "status", "reason", "muted", "held", "name", "phone_number", "duration"} {
			if _, ok := data[key]; !ok {
				t.Errorf("the event does not tell %s: %s", key, last.Data)
			}
		}
	})
}
