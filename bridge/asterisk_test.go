package bridge_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/state"
)

// The scenarios of Asterisk's own tests of ConfBridge, by their names, asked of
// this bridge: a presenter is its marked user, somebody who waits its
// waitmarked user, everybody else unmarked. Music is what a leg plays in a
// loop; what is said is in the name of a clip.

// stage is a conference whose people are called by the letters of the tests.
type stage struct {
	*world
	ids map[string]string
	n   int
	num map[string]int
}

func newStage(t *testing.T, spec bridge.ConferenceSpec) *stage {
	return newStageWith(t, bridge.Config{}, spec)
}

func newStageWith(t *testing.T, cfg bridge.Config, spec bridge.ConferenceSpec) *stage {
	t.Helper()
	return &stage{world: newWorld(t, cfg, spec), ids: map[string]string{}, num: map[string]int{}}
}

// Kinds of people in the scenarios.
var (
	marked     = bridge.ParticipantSpec{Role: state.RolePresenter}
	unmarked   = bridge.ParticipantSpec{Role: state.RoleParticipant, Waits: ptr(false)}
	waitMarked = bridge.ParticipantSpec{Role: state.RoleParticipant, Waits: ptr(true)}
	endMarked  = bridge.ParticipantSpec{Role: state.RoleParticipant, Waits: ptr(false), EndsWith: true}
	bothMarked = bridge.ParticipantSpec{Role: state.RoleParticipant, Waits: ptr(true), EndsWith: true}
)

// join brings somebody in and lets what they are told be over.
func (s *stage) join(name string, spec bridge.ParticipantSpec) {
	s.t.Helper()
	s.n++
	s.num[name] = s.n
	s.ids[name] = s.add(s.n, spec).ID
	s.settle()
}

func (s *stage) settle() {
	time.Sleep(5 * time.Second)
	synctest.Wait()
}

// leave is somebody hanging up.
func (s *stage) leave(name string) {
	s.t.Helper()
	s.Phones.Last(number(s.num[name])).FarHangUp()
	s.settle()
}

// presence wants the conference to be in a state.
func (s *stage) presence(want bridge.Presence) {
	s.t.Helper()
	c, err := s.Conference(s.t.Context(), tenant, s.cid)
	if err != nil {
		s.t.Fatal(err)
	}
	if c.Presence != want {
		s.t.Errorf("the conference is %s, want %s", c.Presence, want)
	}
}

// music wants exactly these of the people who are there to hear music.
func (s *stage) music(names ...string) {
	s.t.Helper()
	want := map[string]bool{}
	for _, n := range names {
		want[n] = true
	}
	for name, n := range s.num {
		leg := s.Phones.Last(number(n)).Leg()
		if leg == nil {
			continue
		}
		a := leg.Audio()
		if has := a.Play != nil && a.Play.Loop; has != want[name] {
			s.t.Errorf("%s has music: %v, want %v", name, has, want[name])
		}
	}
}

// told wants somebody to have been told something, over all of their call.
func (s *stage) told(name, what string) {
	s.t.Helper()
	if !s.wasTold(name, what) {
		s.t.Errorf("%s was not told %q, but %q", name, what, s.Phones.Last(number(s.num[name])).Heard())
	}
}

func (s *stage) wasTold(name, what string) bool {
	for _, said := range s.Phones.Last(number(s.num[name])).Heard() {
		if strings.Contains(said, what) {
			return true
		}
	}
	return false
}

// gone wants somebody to have ended for a reason.
func (s *stage) gone(name string, reason state.Reason) {
	s.t.Helper()
	if v := s.get(s.ids[name]); !v.Status.Terminal() || v.Reason != reason {
		s.t.Errorf("%s is %s (%s), want the end by %s", name, v.Status, v.Reason, reason)
	}
}

// scenario runs one in a bubble of its own.
func scenario(t *testing.T, name string, play func(t *testing.T)) {
	t.Helper()
	if name == "" {
		synctest.Test(t, play)
		return
	}
	t.Run(name, func(t *testing.T) { synctest.Test(t, play) })
}

func TestConfbridgeConfkick(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		for _, name := range []string{"A", "B", "C"} {
			s.join(name, unmarked)
		}
		s.join("admin", bridge.ParticipantSpec{Role: state.RoleOperator})
		count := func(want int) {
			t.Helper()
			c, _ := s.Conference(t.Context(), tenant, s.cid)
			if c.Active != want {
				t.Errorf("%d are there, want %d", c.Active, want)
			}
		}
		count(4)
		s.do(s.ids["A"], bridge.Disconnect)
		count(3)
		for _, name := range []string{"B", "C"} { // all but the admin
			s.do(s.ids[name], bridge.Disconnect)
		}
		count(1)
		s.all(bridge.BulkAction{Kind: bridge.DisconnectAll})
		count(0)
		for name := range s.ids {
			s.gone(name, state.ReasonKicked)
		}
	})
}

func TestConfbridgeDynamicMenus(t *testing.T) {
	conference := &state.Accept{Mode: state.AcceptPressKey, Key: "1", Tries: 2, Timeout: 5 * time.Second}
	for _, c := range []struct {
		name    string
		own     *state.Accept
		press   string
		in      bool
		hears   string
		neither string
	}{
		{"one option", nil, "1", true, "press, 1, to_join", "press, 2"},
		{"a wrong key", nil, "2", false, "press, 1, to_join", "press, 2"},
		{"a template with overrides", &state.Accept{Mode: state.AcceptPressKey, Key: "2"}, "2", true, "press, 2, to_join", "press, 1"},
		{"the explicit profile wins", &state.Accept{Mode: state.AcceptNone}, "", true, "", "press"},
	} {
		scenario(t, c.name, func(t *testing.T) {
			s := newStage(t, bridge.ConferenceSpec{Accept: conference})
			s.Phones.Script("", bridgetest.Callee{Keys: c.press, KeysAt: time.Second})
			spec := unmarked
			spec.Accept = c.own
			s.join("A", spec)
			if in := s.get(s.ids["A"]).Status == state.Connected; in != c.in {
				t.Errorf("in: %v", in)
			}
			if c.hears != "" {
				s.told("A", c.hears)
			}
			if s.wasTold("A", c.neither) {
				t.Errorf("was told %q", c.neither)
			}
		})
	}
}

func TestConfbridgeEndMarked(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.presence(bridge.PresenceEmpty)
		s.join("W", waitMarked)
		s.presence(bridge.PresenceWaiting)
		s.told("W", "waiting_presenter")
		s.music("W")
		s.join("E", endMarked)
		s.presence(bridge.PresenceSingle)
		s.told("E", "only_person")
		s.music("W", "E")
		s.join("WE", bothMarked)
		s.music("W", "E", "WE")
		s.join("M", marked)
		s.presence(bridge.PresenceSeveralHost)
		s.music()
		s.leave("M")
		s.gone("E", state.ReasonPresenterLeft)
		s.gone("WE", state.ReasonPresenterLeft)
		s.presence(bridge.PresenceWaiting)
		s.music("W")
		s.leave("W")
		s.presence(bridge.PresenceEmpty)
	})
}

func TestConfbridgeMarked(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		scenario(t, map[bool]string{false: "both", true: "quiet"}[quiet], func(t *testing.T) {
			s := newStage(t, bridge.ConferenceSpec{MemberNotification: ptr(!quiet)})
			s.join("M1", marked)
			s.presence(bridge.PresenceSingleHost)
			s.music()
			s.join("M2", marked)
			s.presence(bridge.PresenceSeveralHost)
			s.music()
			if n := len(s.Mixer.Played()); (n > 0) == quiet {
				t.Errorf("%d tones of joining, quiet %v", n, quiet)
			}
			s.leave("M1")
			s.presence(bridge.PresenceSingleHost)
			s.music()
			s.leave("M2")
			s.presence(bridge.PresenceEmpty)
		})
	}
}

func TestConfbridgeMarkedUnmarked(t *testing.T) {
	scenario(t, "M, N, N leaves first", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("M", marked)
		s.join("N", unmarked)
		s.presence(bridge.PresenceSeveralHost)
		s.music()
		s.leave("N")
		s.presence(bridge.PresenceSingleHost)
		s.music()
		s.leave("M")
		s.presence(bridge.PresenceEmpty)
	})
	scenario(t, "M, N, M leaves first", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("M", marked)
		s.join("N", unmarked)
		s.leave("M")
		s.presence(bridge.PresenceSingle)
		s.music("N")
		s.leave("N")
		s.presence(bridge.PresenceEmpty)
	})
	scenario(t, "N, M, N last", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("N", unmarked)
		s.presence(bridge.PresenceSingle)
		s.music("N")
		s.join("M", marked)
		s.presence(bridge.PresenceSeveralHost)
		s.music()
		s.leave("M")
		s.presence(bridge.PresenceSingle)
		s.music("N")
		s.leave("N")
		s.presence(bridge.PresenceEmpty)
	})
}

func TestConfbridgeNoanswer(t *testing.T) {
	for name, c := range map[string]struct {
		callee bridgetest.Callee
		status state.Status
	}{
		"no":      {bridgetest.Callee{Answer: bridgetest.Never}, state.Dialing},
		"yes":     {bridgetest.Callee{Answer: time.Second}, state.Connected},
		"default": {bridgetest.Callee{}, state.Connected},
	} {
		scenario(t, name, func(t *testing.T) {
			s := newStage(t, bridge.ConferenceSpec{})
			s.Phones.Script("", c.callee)
			s.join("A", unmarked)
			if v := s.get(s.ids["A"]); v.Status != c.status {
				t.Errorf("status %s, want %s", v.Status, c.status)
			}
			if leg := s.Phones.Last(number(1)).Leg(); leg.InRoom() != (c.status == state.Connected) {
				t.Errorf("in the room: %v", leg.InRoom())
			}
		})
	}
}

func TestConfbridgeStartMuted(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{MuteOnEntry: true})
		for _, name := range []string{"A", "B", "C"} {
			s.join(name, unmarked)
			s.told(name, "you_are_muted")
			if v := s.get(s.ids[name]); !v.Muted || v.Effective.Speaks {
				t.Errorf("%s is not muted", name)
			}
		}
	})
}

func TestConfbridgeTimeout(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		long, short := unmarked, unmarked
		long.MaxDuration, short.MaxDuration = 20*time.Second, 10*time.Second
		s.join("long", long)
		s.join("short", short)
		time.Sleep(6 * time.Second)
		s.gone("short", state.ReasonTimeLimit)
		if v := s.get(s.ids["long"]); v.Status != state.Connected {
			t.Errorf("long is %s", v.Status)
		}
		time.Sleep(5 * time.Second)
		s.gone("long", state.ReasonTimeLimit)
		s.told("long", "ending_now")
	})
}
