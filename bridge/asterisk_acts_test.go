package bridge_test

import (
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

// kinds lists the types of the events of one person, or of the conference
// ("").
func (s *stage) kinds(name string) (types []string) {
	for _, e := range s.events() {
		if e.ParticipantID == s.ids[name] && (name != "" || e.ParticipantID == "") {
			types = append(types, strings.TrimPrefix(e.Type, "participant."))
		}
	}
	return types
}

func count(list []string, what string) (n int) {
	for _, x := range list {
		if x == what {
			n++
		}
	}
	return n
}

// talks has somebody begin to speak, or stop.
func (s *stage) talks(name string, on bool) {
	kind := media.EventSilent
	if on {
		kind = media.EventSpeaking
	}
	s.Phones.Last(number(s.num[name])).Media(kind)
	synctest.Wait()
}

func TestConfbridgeNominal(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStageWith(t, bridge.Config{Shelf: &bridgetest.Shelf{}},
			bridge.ConferenceSpec{PIN: "1111", Sound: bridge.ConferenceSound{AnnounceNames: ptr(true)}})
		named := func(spec bridge.ParticipantSpec, name string) bridge.ParticipantSpec {
			snd, err := s.AddSound(t.Context(), tenant, name, strings.NewReader(name))
			if err != nil {
				t.Fatal(err)
			}
			spec.NameSoundID = snd.ID
			return spec
		}
		s.join("plain", named(unmarked, "Pat"))
		s.told("plain", "only_person")
		user := named(marked, "Uma")
		user.Accept = &state.Accept{Mode: state.AcceptPIN}
		s.Phones.Script("", bridgetest.Callee{Answer: time.Second})
		s.Phones.Script(number(2), bridgetest.Callee{Answer: time.Second, Keys: "1111", KeysAt: time.Second})
		s.join("user", user)
		s.told("user", "enter_pin")
		admin := named(bridge.ParticipantSpec{Role: state.RoleOperator, Muted: true}, "Ada")
		s.join("admin", admin)
		s.told("admin", "you_are_muted")
		s.Phones.Last(number(3)).Press("*6")
		s.settle()
		if v := s.get(s.ids["admin"]); v.Muted {
			t.Error("the admin is muted still")
		}
		s.told("admin", "unmuted")
		s.leave("user")
		s.leave("admin")
		said := s.Mixer.Said()
		for _, want := range []string{"<Uma>, has_joined", "<Ada>, has_joined", "<Uma>, has_left", "<Ada>, has_left"} {
			if !slices.ContainsFunc(said, func(x string) bool { return strings.Contains(x, want) }) {
				t.Errorf("nobody heard %q among %q", want, said)
			}
		}
		s.leave("plain")
		s.gone("plain", state.ReasonHangup)
	})
}

func TestConfbridgeRecording(t *testing.T) {
	for name, spec := range map[string]bridge.ConferenceSpec{
		"function": {},
		"profile":  {Record: true},
		"both":     {Record: true, Recording: bridge.RecordingSpec{Format: "opus", Quality: "high"}},
	} {
		scenario(t, name, func(t *testing.T) {
			s := newStageWith(t, bridge.Config{Recorder: bridgetest.NewRecorder()}, spec)
			s.join("A", marked)
			if !spec.Record {
				if _, err := s.StartRecording(t.Context(), tenant, s.cid, bridge.RecordingSpec{Name: "Board"}); err != nil {
					t.Fatal(err)
				}
				s.settle()
			}
			if n := s.Mixer.Taps(); n != 1 {
				t.Errorf("%d rooms are recorded", n)
			}
			s.talks("A", true)
			s.talks("A", false)
			s.leave("A")
			list, err := s.Recordings(t.Context(), tenant, s.cid)
			if err != nil || len(list) != 1 || list[0].Status != state.RecordingReady || len(list[0].Files) != 1 {
				t.Fatalf("recordings %+v, %v", list, err)
			}
			if spec.Recording.Format != "" && list[0].Format != "opus" {
				t.Errorf("format %s", list[0].Format)
			}
			types := s.kinds("")
			for _, want := range []string{"recording.started", "recording.stopped", "recording.ready"} {
				if count(types, want) != 1 {
					t.Errorf("%d events %s in %v", count(types, want), want, types)
				}
			}
			if p := s.kinds("A"); count(p, "speaking") != 1 || count(p, "silent") != 1 {
				t.Errorf("A's events %v", p)
			}
		})
	}
}

func TestConfbridgeResult(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.Phones.Script(number(2), bridgetest.Callee{SDP: "bad"})
		s.join("Darnell", marked)
		s.join("Bob", unmarked)
		s.join("Alice", endMarked)
		s.join("Carol", unmarked)
		s.join("Egbert", unmarked)
		s.gone("Bob", state.ReasonMediaMismatch)
		s.leave("Carol")
		s.do(s.ids["Egbert"], bridge.Disconnect)
		s.leave("Darnell")
		s.gone("Carol", state.ReasonHangup)
		s.gone("Egbert", state.ReasonKicked)
		s.gone("Darnell", state.ReasonHangup)
		s.gone("Alice", state.ReasonPresenterLeft)
	})
}

func TestConfbridgeTalking(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("A", unmarked)
		call := s.Phones.Last(number(1))
		s.talks("A", true)
		call.FarOffers("hold") // the final stop is told at the hold
		synctest.Wait()
		s.talks("A", false) // the mixer's own comes too late and changes nothing
		call.FarOffers("resume")
		synctest.Wait()
		s.talks("A", true)
		types := s.kinds("A")
		if count(types, "speaking") != 2 || count(types, "held") != 1 || count(types, "silent") != 1 || count(types, "resumed") != 1 {
			t.Errorf("events %v", types)
		}
		order := slices.DeleteFunc(slices.Clone(types), func(x string) bool {
			return x != "speaking" && x != "silent" && x != "held" && x != "resumed"
		})
		if want := []string{"speaking", "held", "silent", "resumed", "speaking"}; !slices.Equal(order, want) {
			t.Errorf("in the order %v, want %v", order, want)
		}
	})
}

func TestConfbridgeTalkingList(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("A", unmarked)
		s.join("B", unmarked)
		list := func(a, b bool, active string) {
			t.Helper()
			if got := s.get(s.ids["A"]).Speaking; got != a {
				t.Errorf("A speaks: %v", got)
			}
			if got := s.get(s.ids["B"]).Speaking; got != b {
				t.Errorf("B speaks: %v", got)
			}
			if c, _ := s.Conference(t.Context(), tenant, s.cid); c.ActiveSpeaker != s.ids[active] {
				t.Errorf("the active speaker is %q, want %s", c.ActiveSpeaker, active)
			}
		}
		list(false, false, "")
		s.talks("A", true)
		list(true, false, "A")
		s.talks("B", true)
		list(true, true, "B")
		time.Sleep(3 * time.Second)
		s.talks("B", false)
		list(true, false, "A")
		for stop, back := range map[bridge.Action]bridge.Action{bridge.Mute: bridge.Unmute, bridge.Hold: bridge.Resume} {
			s.do(s.ids["A"], stop)
			list(false, false, "")
			s.do(s.ids["A"], back)
			list(false, false, "")
			s.talks("A", true)
			list(true, false, "A")
		}
		s.leave("A")
		list(false, false, "")
		if v := s.get(s.ids["B"]); v.Spoken < 3*time.Second || v.Spoken > 4*time.Second {
			t.Errorf("B spoke for %v", v.Spoken)
		}
		for _, name := range []string{"A", "B"} {
			types := s.kinds(name)
			if count(types, "speaking") != count(types, "silent") {
				t.Errorf("%s: %v", name, types)
			}
		}
	})
}

// A page: one presenter, listeners who only hear, and an announcement before.
func TestPagePredial(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{WaitForPresenter: true})
		for _, name := range []string{"L1", "L2", "L3"} { // dialled before the page begins
			s.join(name, bridge.ParticipantSpec{Role: state.RoleListener})
			s.told(name, "listen_only")
		}
		s.music("L1", "L2", "L3")
		s.join("M", marked)
		s.music()
		if n := s.all(bridge.BulkAction{Kind: bridge.Announce, Sound: "prompt:being_recorded"}); n != 4 {
			t.Errorf("%d hear the announcement", n)
		}
		synctest.Wait()
		if said := s.Mixer.Said(); !slices.Contains(said, "en: being_recorded") {
			t.Errorf("said %q", said)
		}
		for _, name := range []string{"L1", "L2", "L3"} {
			if a := s.Phones.Last(number(s.num[name])).Leg().Audio(); a.Speaks || !a.Hears {
				t.Errorf("%s has %+v", name, a)
			}
		}
	})
}

// The REST tests of bridges: what is wrong is refused, what is right is done.
func TestBridgesUnhappyAndError(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStageWith(t, bridge.Config{Recorder: bridgetest.NewRecorder()}, bridge.ConferenceSpec{})
		s.Phones.Script(number(1), bridgetest.Callee{Answer: bridgetest.Never})
		s.join("ringing", unmarked)
		wantCode(t, s.Tell(t.Context(), tenant, s.cid, s.ids["ringing"], bridge.Announcement{Sound: "beep"}), bridge.Conflict, "wrong_state")
		_, err := s.StartRecording(t.Context(), tenant, s.cid, bridge.RecordingSpec{})
		wantCode(t, err, bridge.Conflict, "nobody_connected")
		_, err = s.StopRecording(t.Context(), tenant, s.cid)
		wantCode(t, err, bridge.Conflict, "not_recording")
		s.join("L", bridge.ParticipantSpec{Role: state.RoleListener})
		_, err = s.Do(t.Context(), tenant, s.cid, s.ids["L"], bridge.Unmute)
		wantCode(t, err, bridge.Conflict, "role_forbids_speak")
		wantCode(t, s.Tell(t.Context(), tenant, s.cid, s.ids["L"], bridge.Announcement{Sound: "prompt:nothing"}), bridge.Invalid, "unknown_sound")
		if _, err := s.StartRecording(t.Context(), tenant, s.cid, bridge.RecordingSpec{}); err != nil {
			t.Fatal(err)
		}
		_, err = s.StartRecording(t.Context(), tenant, s.cid, bridge.RecordingSpec{})
		wantCode(t, err, bridge.Conflict, "already_recording")
		s.leave("L")
		_, err = s.Do(t.Context(), tenant, s.cid, s.ids["L"], bridge.Hold)
		wantCode(t, err, bridge.Conflict, "wrong_state")
	})
}

// Hanging up in a bridge is told of; deleting it ends its calls; one who
// joins is not on hold.
func TestBridgesHangupDeleteAndSoftmixUnhold(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("A", unmarked)
		s.join("B", unmarked)
		s.do(s.ids["B"], bridge.Hold)
		s.do(s.ids["B"], bridge.Disconnect)
		s.do(s.ids["B"], bridge.Redial)
		s.settle()
		if v := s.get(s.ids["B"]); v.Held || v.Status != state.Connected {
			t.Errorf("B comes back %s, held %v", v.Status, v.Held)
		}
		s.leave("A")
		if types := s.kinds("A"); types[len(types)-1] != "disconnected" {
			t.Errorf("A's last event is %s", types[len(types)-1])
		}
		if err := s.DeleteConference(t.Context(), tenant, s.cid); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := s.Mixer.Legs(); n != 0 {
			t.Errorf("%d legs are left", n)
		}
	})
}

// Something played to one person is over what they hear, and to them alone.
func TestBridgesPlayback(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStageWith(t, bridge.Config{Shelf: &bridgetest.Shelf{}}, bridge.ConferenceSpec{})
		s.join("A", unmarked)
		s.join("B", unmarked)
		snd, err := s.AddSound(t.Context(), tenant, "Gong", strings.NewReader("gong"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Tell(t.Context(), tenant, s.cid, s.ids["A"], bridge.Announcement{Sound: snd.ID}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		a, b := s.Phones.Last(number(1)).Leg().Audio(), s.Phones.Last(number(2)).Leg().Audio()
		if a.Play == nil || a.Play.Clip.Name != "gong" || !a.Play.Over || !a.Hears || !a.Speaks {
			t.Errorf("A has %+v", a)
		}
		if b.Play != nil {
			t.Errorf("B has %+v", b)
		}
		s.settle()
		if a := s.Phones.Last(number(1)).Leg().Audio(); a.Play != nil {
			t.Error("A's sound does not end")
		}
	})
}
