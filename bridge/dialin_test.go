package bridge_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/state"
)

const (
	bridgeNumber = "+12025550900" // reaches the conference of a test
	everybodys   = "4711"
	moderators   = "93571268"
)

// openHouse is a conference that people call.
func openHouse() bridge.ConferenceSpec {
	return bridge.ConferenceSpec{PIN: everybodys, DialIn: bridge.DialInSpec{
		Numbers: &[]string{bridgeNumber}, ModeratorPIN: ptr(moderators),
	}}
}

// dial calls the conference and waits for its question.
func (w *world) dial(from string) *bridgetest.Inbound {
	w.t.Helper()
	in := w.CallIn(bridgeNumber, from)
	synctest.Wait()
	if in.Call == nil {
		w.t.Fatalf("the call of %s was not answered: %d", from, in.Code())
	}
	return in
}

// types presses keys and waits until they have been thought about.
func types(in *bridgetest.Inbound, keys string) {
	in.Line().Press(keys)
	time.Sleep(600 * time.Millisecond)
	synctest.Wait()
}

// said is what a phone was told alone, music left out.
func said(l *bridgetest.Leg) (names []string) {
	for _, h := range l.Heard() {
		if name, spoken := strings.CutPrefix(h.Name, "en: "); spoken {
			names = append(names, name)
		}
	}
	return names
}

// lastSaid is the last of it.
func lastSaid(l *bridgetest.Leg) string {
	names := said(l)
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1]
}

// everyone lists the participants.
func (w *world) everyone() []bridge.ParticipantView {
	w.t.Helper()
	synctest.Wait()
	page, err := w.Participants(context.Background(), tenant, w.cid, bridge.ParticipantFilter{})
	if err != nil {
		w.t.Fatal(err)
	}
	return page.Participants
}

func TestDialIn(t *testing.T) {
	for _, c := range []struct {
		name, keys, from string
		role             state.Role
		spec             func(*bridge.ConferenceSpec)
		muted            bool
	}{
		{name: "the conference's PIN", keys: "4711#", from: number(1), role: state.RoleParticipant},
		{name: "without #", keys: "4711", from: number(1), role: state.RoleParticipant},
		{name: "corrected with *", keys: "99*4711#", from: number(1), role: state.RoleParticipant},
		{name: "the second time", keys: "0815#4711#", from: number(1), role: state.RoleParticipant},
		{name: "the third time", keys: "0815#0816#4711#", from: number(1), role: state.RoleParticipant},
		{name: "a moderator", keys: moderators + "#", from: number(1), role: state.RolePresenter},
		{name: "without a number", keys: "4711#", role: state.RoleParticipant},
		{name: "no number at all", keys: "4711#", from: "sip:bob", role: state.RoleParticipant},
		{name: "as a listener", keys: "4711#", from: number(1), role: state.RoleListener,
			spec: func(s *bridge.ConferenceSpec) { s.DialIn.Role = ptr(state.RoleListener) }},
		{name: "muted on entry", keys: "4711#", from: number(1), role: state.RoleParticipant, muted: true,
			spec: func(s *bridge.ConferenceSpec) { s.MuteOnEntry = true }},
		{name: "a moderator is not", keys: moderators + "#", from: number(1), role: state.RolePresenter,
			spec: func(s *bridge.ConferenceSpec) { s.MuteOnEntry = true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				spec := openHouse()
				if c.spec != nil {
					c.spec(&spec)
				}
				w := newWorld(t, bridge.Config{}, spec)
				in := w.dial(c.from)
				if got := said(in.Line()); !slices.Equal(got, []string{"welcome, enter_pin"}) {
					t.Errorf("the caller heard %q", got)
				}
				if in.Line().InRoom() || len(w.everyone()) != 0 || w.Stats().Receptions != 1 {
					t.Error("a caller in reception is somebody already")
				}
				in.Line().Press(c.keys)
				time.Sleep(6 * time.Second)
				people := w.everyone()
				if len(people) != 1 {
					t.Fatalf("%d participants; the caller heard %q", len(people), said(in.Line()))
				}
				p := people[0]
				want := c.from
				if !strings.HasPrefix(want, "+") {
					want = ""
				}
				if p.Status != state.Connected || !p.Inbound || p.Role != c.role || p.PhoneNumber != want || p.Muted != c.muted || p.Keys != state.KeysEvents || p.Attempt != 1 {
					t.Errorf("participant %+v", p.Participant)
				}
				if !in.Line().InRoom() || w.Stats().Receptions != 0 {
					t.Error("the call was not handed over")
				}
				if last := lastSaid(in.Line()); !strings.HasPrefix(last, "joining") {
					t.Errorf("then the caller heard %q", last)
				}
				w.wantDialInEvents(p.ID)
				in.FarHangUp()
				w.expect(p.ID, state.Disconnected, "", state.ReasonHangup)
				if w.Mixer.Legs() != 0 {
					t.Error("a leg is left")
				}
			})
		})
	}
}

// wantDialInEvents checks what is told of somebody who called in.
func (w *world) wantDialInEvents(id string) {
	w.t.Helper()
	w.wantTypes(id, "accepted", "connected")
	for _, e := range w.events() {
		if e.Type != "participant.connected" {
			continue
		}
		var data struct {
			Inbound bool
			By      string
		}
		if err := json.Unmarshal(e.Data, &data); err != nil || !data.Inbound || data.By != "dial_in" {
			w.t.Errorf("%s, %v", e.Data, err)
		}
	}
}

// TestPersonalPINOnDialIn has somebody who was asked call in at every point of
// their way.
func TestPersonalPINOnDialIn(t *testing.T) {
	type moment struct {
		name   string
		before func(w *world, id, pin string)
		ends   int // terminal events until they are in
		calls  int // that were placed to their phone
	}
	answer := func(w *world, _, _ string) { w.Phones.Last(number(1)).Answer() }
	connect := func(w *world, id, pin string) {
		answer(w, id, pin)
		synctest.Wait()
		w.Phones.Last(number(1)).Press(pin)
	}
	for _, c := range []moment{
		{name: "waiting for a trunk", before: func(*world, string, string) {}},
		{name: "ringing", before: func(*world, string, string) {}, calls: 1},
		{name: "at the prompt", before: answer, calls: 1},
		{name: "connected", before: connect, calls: 1},
		{name: "on hold", before: func(w *world, id, pin string) {
			connect(w, id, pin)
			synctest.Wait()
			w.Phones.Last(number(1)).FarOffers("hold")
		}, calls: 1},
		{name: "gone", before: func(w *world, id, pin string) {
			connect(w, id, pin)
			synctest.Wait()
			w.Phones.Last(number(1)).FarHangUp()
		}, ends: 1, calls: 1},
		{name: "busy", before: func(w *world, _, _ string) {
			w.Phones.Last(number(1)).Refuse(state.ReasonBusy, 486, "Busy Here")
		}, ends: 1, calls: 1},
		{name: "called in before", before: func(w *world, id, pin string) {
			in := w.dial(number(1))
			types(in, pin+"#")
		}, calls: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, bridge.Config{}, openHouse())
				w.Phones.Script("", bridgetest.Callee{Answer: bridgetest.Never})
				w.Phones.Shut(c.calls == 0)
				v := w.add(1, bridge.ParticipantSpec{SendPINViaSMS: true, Name: "Ann"})
				synctest.Wait()
				msg, _ := w.text()
				pin := eightDigits.FindString(msg.Body)
				if len(pin) != 8 || !strings.Contains(msg.Body, "call "+bridgeNumber) {
					t.Fatalf("the text has no personal PIN of 8 digits: %q", msg.Body)
				}
				c.before(w, v.ID, pin)
				synctest.Wait()
				legs := w.Mixer.Legs()
				in := w.dial(number(77))
				types(in, pin+"#")
				p := w.expect(v.ID, state.Connected, state.PhaseTalking, "")
				if !p.Inbound || p.Name != "Ann" || p.PhoneNumber != number(1) || !in.Line().InRoom() {
					t.Errorf("%+v", p.Participant)
				}
				if n := len(w.everyone()); n != 1 || w.Mixer.Legs() != 1 || w.Phones.InUse() != 0 {
					t.Errorf("%d participants, %d legs (before: %d), %d places", n, w.Mixer.Legs(), legs, w.Phones.InUse())
				}
				ends := 0
				for _, kind := range w.types(v.ID) {
					if kind == "disconnected" || kind == "rejected" {
						ends++
					}
				}
				calls := w.Phones.Calls(number(1))
				if ends != c.ends || len(calls) != c.calls {
					t.Errorf("%d terminal events, %d calls; want %d, %d: %v", ends, len(calls), c.ends, c.calls, w.types(v.ID))
				}
				for _, call := range calls {
					if !call.Ended() {
						t.Error("the call to their phone goes on")
					}
				}
				w.Phones.Shut(false)
				time.Sleep(time.Hour)
				w.expect(v.ID, state.Connected, state.PhaseTalking, "")
				in.FarHangUp()
				w.expect(v.ID, state.Disconnected, "", state.ReasonHangup)
			})
		})
	}
}

// TestShortPersonalPINIsNotForCallers gives a conference its number when texts
// with six digits are out.
func TestShortPersonalPINIsNotForCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		w.Phones.Script("", bridgetest.Callee{Answer: bridgetest.Never})
		w.add(1, bridge.ParticipantSpec{SendPINViaSMS: true})
		synctest.Wait()
		_, pin := w.text()
		if _, err := w.UpdateConference(t.Context(), tenant, w.cid, bridge.ConferencePatch{DialIn: bridge.DialInSpec{Numbers: &[]string{bridgeNumber}}}); err != nil {
			t.Fatal(err)
		}
		in := w.dial(number(1))
		types(in, pin+"#")
		if got := lastSaid(in.Line()); got != "wrong_pin, enter_pin" || in.Line().InRoom() {
			t.Errorf("a PIN of %d digits: %q", len(pin), got)
		}
	})
}
