package plan_test

import (
	"testing"

	"pgregory.net/rapid"

	"partyline/cmd/partyline/bench/plan"
)

func TestNumbersAndLegs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, 20000).Draw(t, "leg")
		if got := plan.Index(plan.Number(i)); got != i {
			t.Fatalf("leg %d has the number %s, which is leg %d", i, plan.Number(i), got)
		}
	})
	for _, n := range []string{"", "+12025550100", "+1303", "+13032000999", "+13032006000", "+1303200100x", "+130320010000"} {
		if i := plan.Index(n); i != -1 {
			t.Errorf("%q is leg %d", n, i)
		}
	}
}

// Everyone expects the tones of exactly those others in the room who speak.
func TestWhoHearsWhom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := plan.Plan{
			Scenario: rapid.SampledFrom([]string{plan.Webinar, plan.Open, plan.Rooms, plan.Delay, plan.Churn}).Draw(t, "scenario"),
			Legs:     rapid.IntRange(2, 2500).Draw(t, "legs"),
		}
		i := rapid.IntRange(0, p.Legs-1).Draw(t, "leg")
		me := p.Leg(i)
		if me.Churns {
			if !me.Rule.Idle || me.Role == "presenter" {
				t.Fatalf("leg %d comes and goes: %+v", i, me)
			}
			return
		}
		want := uint32(0)
		for k := me.Room * p.RoomSize(); k < min(p.Legs, (me.Room+1)*p.RoomSize()); k++ {
			if l := p.Leg(k); k != i && l.Voice >= 0 && !l.Muted && l.Role != "listener" {
				want |= 1 << l.Voice
			}
		}
		if me.Rule.Expect != want || me.Rule.Idle {
			t.Fatalf("leg %d of %+v expects %b, want %b", i, p, me.Rule.Expect, want)
		}
		if me.Role != "listener" && me.Voice >= 0 && want>>me.Voice&1 != 0 {
			t.Fatalf("leg %d would hear its own tone from somebody else", i)
		}
	})
}

func TestSizes(t *testing.T) {
	for _, tt := range []struct {
		plan           plan.Plan
		rooms, churner int
	}{
		{plan.Plan{Scenario: plan.Webinar, Legs: 1000}, 1, 0}, {plan.Plan{Scenario: plan.Webinar, Legs: 1001}, 2, 0},
		{plan.Plan{Scenario: plan.Rooms, Legs: 95}, 10, 0}, {plan.Plan{Scenario: plan.Churn, Legs: 300}, 1, 60},
	} {
		if tt.plan.Rooms() != tt.rooms || tt.plan.Churners() != tt.churner {
			t.Errorf("%+v: %d rooms, %d churners", tt.plan, tt.plan.Rooms(), tt.plan.Churners())
		}
	}
}
