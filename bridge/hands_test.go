package bridge_test

import (
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/state"
)

// Hands stand in the order in which they went up, through a crash, and go down
// by themselves, a moderator, a promotion, or leaving.
func TestHandsInOrder(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("M", marked)
		for _, name := range []string{"A", "B", "C", "D"} {
			s.join(name, bridge.ParticipantSpec{Role: state.RoleListener})
		}
		raise := func(name string) {
			s.Phones.Last(number(s.num[name])).Press("*9")
			time.Sleep(time.Second)
			synctest.Wait()
		}
		order := func(names ...string) {
			t.Helper()
			list, err := s.Hands(t.Context(), tenant, s.cid)
			if err != nil || len(list) != len(names) {
				t.Fatalf("%d hands, want %v (%v)", len(list), names, err)
			}
			for i, name := range names {
				if list[i].ID != s.ids[name] || list[i].HandPlace != i+1 {
					t.Errorf("place %d is %s with place %d, want %s", i+1, list[i].ID, list[i].HandPlace, name)
				}
			}
		}
		raise("C")
		raise("A")
		raise("D")
		raise("B")
		order("C", "A", "D", "B")
		s.told("C", "hand_raised")
		raise("A") // down again
		s.told("A", "hand_lowered")
		order("C", "D", "B")
		s.Crash(t)
		s.settle()
		order("C", "D", "B")
		s.do(s.ids["D"], bridge.LowerHand)
		order("C", "B")
		if v := s.do(s.ids["C"], bridge.Promote); v.Role != state.RoleParticipant || !v.Effective.Speaks || v.HandRaised {
			t.Errorf("promoted: %+v", v.Participant)
		}
		order("B")
		s.do(s.ids["B"], bridge.Disconnect)
		order()
		up, down := 0, 0
		for _, e := range s.events() {
			switch e.Type {
			case "participant.hand_raised":
				up++
			case "participant.hand_lowered":
				down++
			}
		}
		if up != 4 || down != 3 {
			t.Errorf("%d times up, %d times down", up, down)
		}
	})
}
