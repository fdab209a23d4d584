package bridge_test

import (
	"testing"
	"time"

	"partyline/bridge"
	"partyline/state"
)

func TestConfbridgeTripleLindy(t *testing.T) {
	kinds := map[string]bridge.ParticipantSpec{"W": waitMarked, "N": unmarked, "M": marked}
	for _, order := range []string{"WNM", "NWM", "MWN", "NMW"} {
		scenario(t, order, func(t *testing.T) {
			s := newStage(t, bridge.ConferenceSpec{})
			here := map[string]bool{}
			check := func() {
				t.Helper()
				var music []string
				if here["W"] && !here["M"] {
					music = append(music, "W")
				}
				if here["N"] && !here["M"] {
					music = append(music, "N") // alone: who waits is not there yet
				}
				s.music(music...)
				if here["N"] {
					if c, _ := s.Conference(t.Context(), tenant, s.cid); c.Presence == bridge.PresenceWaiting {
						t.Error("waiting although somebody is in")
					}
				}
			}
			for _, k := range order {
				name := string(k)
				here[name] = true
				s.join(name, kinds[name])
				check()
				if name == "W" && here["M"] && s.wasTold("W", "waiting_presenter") {
					t.Error("W was told to wait although a presenter is there")
				}
			}
			s.presence(bridge.PresenceSeveralHost)
			for _, k := range order {
				name := string(k)
				here[name] = false
				s.leave(name)
				check()
			}
			s.presence(bridge.PresenceEmpty)
		})
	}
}

func TestConfbridgeWaitmarkedKick(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.presence(bridge.PresenceEmpty)
		for _, name := range []string{"W1", "W2", "W3"} {
			s.join(name, waitMarked)
		}
		s.presence(bridge.PresenceWaiting)
		s.n++
		s.num["M"] = s.n
		s.ids["M"] = s.add(s.n, marked).ID
		s.expect(s.ids["M"], state.Connected, state.PhaseTalking, "")
		s.presence(bridge.PresenceSeveralHost)
		s.do(s.ids["M"], bridge.Disconnect) // at once
		s.presence(bridge.PresenceWaiting)
		s.settle()
		s.music("W1", "W2", "W3")
		for _, name := range []string{"W1", "W2", "W3"} {
			s.do(s.ids[name], bridge.Disconnect)
		}
		s.presence(bridge.PresenceEmpty)
		for name := range s.ids {
			s.gone(name, state.ReasonKicked)
		}
		if n := s.Mixer.Legs(); n != 0 {
			t.Errorf("%d legs are left", n)
		}
	})
}

func TestConfbridgeWaitmarkedNormal(t *testing.T) {
	scenario(t, "W, N, N leaves", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("W", waitMarked)
		s.join("N", unmarked)
		s.presence(bridge.PresenceSingle)
		s.music("W", "N")
		s.leave("N")
		s.presence(bridge.PresenceWaiting)
		s.music("W")
		s.leave("W")
		s.presence(bridge.PresenceEmpty)
	})
	scenario(t, "N, W, N leaves", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("N", unmarked)
		s.join("W", waitMarked)
		s.presence(bridge.PresenceSingle)
		s.music("W", "N")
		s.leave("N")
		s.presence(bridge.PresenceWaiting)
		s.leave("W")
		s.presence(bridge.PresenceEmpty)
	})
	scenario(t, "W leaves while N stays", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("N", unmarked)
		s.join("W", waitMarked)
		s.leave("W")
		s.presence(bridge.PresenceSingle)
		s.music("N")
		s.leave("N")
		s.presence(bridge.PresenceEmpty)
	})
}

func TestConfbridgeWaitmarkedOnly(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{WaitForPresenter: true})
		s.join("W1", bridge.ParticipantSpec{})
		first := s.Phones.Last(number(1)).Leg().Audio().Play
		s.join("W2", bridge.ParticipantSpec{})
		s.presence(bridge.PresenceWaiting)
		s.music("W1", "W2")
		s.told("W1", "waiting_presenter")
		s.told("W2", "waiting_presenter")
		if s.Phones.Last(number(1)).Leg().Audio().Play != first {
			t.Error("the first one's music was interrupted")
		}
		for _, e := range s.events() {
			if e.Type == "participant.admitted" {
				t.Error("somebody was let in")
			}
		}
	})
}

func TestConfbridgeWaitmarkedSingle(t *testing.T) {
	scenario(t, "W, M, M leaves", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("W", waitMarked)
		s.join("M", marked)
		s.presence(bridge.PresenceSeveralHost)
		s.music()
		s.leave("M")
		s.presence(bridge.PresenceWaiting)
		s.music("W")
	})
	scenario(t, "W, M, W leaves", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("W", waitMarked)
		s.join("M", marked)
		s.leave("W")
		s.presence(bridge.PresenceSingleHost)
		s.music()
		s.leave("M")
		s.presence(bridge.PresenceEmpty)
	})
	scenario(t, "M, W, M leaves", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("M", marked)
		s.join("W", waitMarked)
		s.presence(bridge.PresenceSeveralHost)
		s.music()
		s.leave("M")
		s.presence(bridge.PresenceWaiting)
		s.music("W")
	})
}

func TestMutedConferenceStartMuted(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("A", marked)
		s.join("B", unmarked)
		if v := s.get(s.ids["B"]); v.Muted {
			t.Error("B comes muted")
		}
		s.Phones.Last(number(s.num["A"])).Press("*5")
		s.settle()
		s.told("A", "all_muted")
		s.join("C", unmarked)
		if s.get(s.ids["A"]).Muted {
			t.Error("the admin is muted")
		}
		if !s.get(s.ids["B"]).Muted || !s.get(s.ids["C"]).Muted {
			t.Error("B or C is not muted")
		}
		s.told("C", "you_are_muted")
		for _, e := range s.events() {
			if e.Type == "participant.unmuted" {
				t.Error("somebody was unmuted")
			}
		}
	})
}

// The states of the table, from every mixture of people.
func TestPresenceTable(t *testing.T) {
	type step struct {
		do   string // join, or a name that leaves
		kind bridge.ParticipantSpec
		want bridge.Presence
	}
	join := func(name string, kind bridge.ParticipantSpec, want bridge.Presence) step {
		return step{"+" + name, kind, want}
	}
	leave := func(name string, want bridge.Presence) step { return step{do: "-" + name, want: want} }
	const (
		empty, waiting, single = bridge.PresenceEmpty, bridge.PresenceWaiting, bridge.PresenceSingle
		singleM, multi, multiM = bridge.PresenceSingleHost, bridge.PresenceSeveral, bridge.PresenceSeveralHost
	)
	for name, steps := range map[string][]step{
		"EMPTY to each": {join("n", unmarked, single), leave("n", empty), join("w", waitMarked, waiting), leave("w", empty),
			join("m", marked, singleM), leave("m", empty)},
		"INACTIVE": {join("w", waitMarked, waiting), join("w2", waitMarked, waiting), join("n", unmarked, single), leave("n", waiting),
			join("m", marked, multiM), leave("m", waiting), leave("w", waiting), leave("w2", empty)},
		"SINGLE": {join("n", unmarked, single), join("w", waitMarked, single), join("n2", unmarked, multi), leave("n2", single), leave("n", waiting)},
		"MULTI": {join("n", unmarked, single), join("n2", unmarked, multi), join("n3", unmarked, multi), join("w", waitMarked, multi),
			join("m", marked, multiM), leave("m", multi), leave("n", multi), leave("n2", single)},
		"SINGLE_MARKED": {join("m", marked, singleM), join("n", unmarked, multiM), leave("n", singleM), join("w", waitMarked, multiM), leave("w", singleM),
			join("m2", marked, multiM), leave("m2", singleM)},
		"MULTI_MARKED": {join("m", marked, singleM), join("n", unmarked, multiM), join("e", endMarked, multiM), join("w", waitMarked, multiM), leave("m", single)},
	} {
		scenario(t, name, func(t *testing.T) {
			s := newStage(t, bridge.ConferenceSpec{})
			for _, st := range steps {
				if st.do[0] == '+' {
					s.join(st.do[1:], st.kind)
				} else {
					s.leave(st.do[1:])
				}
				time.Sleep(time.Second)
				s.presence(st.want)
			}
		})
	}
}
