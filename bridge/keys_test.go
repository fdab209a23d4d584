package bridge_test

import (
	"testing"
	"testing/synctest"

	"partyline/bridge"
	"partyline/state"
)

// press types keys and gives what the presser is told for it, "" for nothing.
func (s *stage) press(name, keys string) string {
	s.t.Helper()
	call := s.Phones.Last(number(s.num[name]))
	before := len(call.Heard())
	call.Press(keys)
	synctest.Wait()
	heard := call.Heard()[before:]
	s.settle()
	if len(heard) == 0 {
		return ""
	}
	return heard[len(heard)-1][len("en: "):]
}

// Every key by every role, and what the presser alone is told.
func TestKeysAreToldToWhoPressed(t *testing.T) {
	const help = "help_speaker"
	for name, c := range map[string]struct {
		spec  bridge.ParticipantSpec
		press []string
		told  []string
	}{
		"participant": {unmarked, []string{"*6", "*6", "*9", "*9", "*5", "*7", "*0"},
			[]string{"muted", "unmuted", "hand_raised", "hand_lowered", "not_allowed", "not_allowed", help}},
		"listener": {bridge.ParticipantSpec{Role: state.RoleListener, Waits: ptr(false)}, []string{"*6", "*9", "*5", "*7", "*0"},
			[]string{"cannot_speak", "hand_raised", "not_allowed", "not_allowed", "help_listener"}},
		"presenter": {marked, []string{"*6", "*6", "*5", "*5", "*7", "*7", "*0"},
			[]string{"muted", "unmuted", "all_muted", "all_unmuted", "locked", "unlocked", help + ", help_presenter"}},
		"one who waits": {waitMarked, []string{"*6", "*9", "*5", "*7"}, []string{"muted", "hand_raised", "not_allowed", "not_allowed"}},
		"taken back":    {unmarked, []string{"**6", "6", "*1", "*#"}, []string{"", "", "", ""}},
	} {
		scenario(t, name, func(t *testing.T) {
			s := newStage(t, bridge.ConferenceSpec{})
			s.join("other", unmarked)
			s.join("A", c.spec)
			other := len(s.Phones.Last(number(1)).Heard())
			for i, keys := range c.press {
				if told := s.press("A", keys); told != c.told[i] {
					t.Errorf("%s: told %q, want %q", keys, told, c.told[i])
				}
			}
			for _, told := range s.Phones.Last(number(1)).Heard()[other:] {
				if told != "en: muted_by_host" && told != "en: unmuted_by_host" && told != "hold music" {
					t.Errorf("the other was told %q", told)
				}
			}
		})
	}
	scenario(t, "muted by a moderator", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("M", marked)
		s.join("A", unmarked)
		s.do(s.ids["A"], bridge.Mute)
		s.settle()
		s.told("A", "muted_by_host")
		if told := s.press("A", "*6"); told != "cannot_unmute" {
			t.Errorf("told %q", told)
		}
	})
	scenario(t, "too late", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("M", marked)
		s.join("A", unmarked)
		s.press("A", "*") // and five seconds
		if told := s.press("A", "6"); told != "" {
			t.Errorf("told %q", told)
		}
	})
}

// Hands that go up at once stand in the order of the list.
func TestHandsRaisedAtOnce(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		for _, name := range []string{"A", "B", "C"} {
			s.join(name, unmarked)
		}
		for _, n := range []int{3, 1, 2} {
			s.Phones.Last(number(n)).Press("*9")
			synctest.Wait()
		}
		list, _ := s.Hands(t.Context(), tenant, s.cid)
		for i, v := range list { // no time passes between them: the order of the list decides
			if v.HandPlace != i+1 || v.ID != s.ids[[]string{"A", "B", "C"}[i]] {
				t.Errorf("at %d is %s, who says %d", i+1, v.ID, v.HandPlace)
			}
		}
	})
}
