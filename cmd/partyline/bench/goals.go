package bench

import (
	"fmt"

	"partyline/cmd/partyline/bench/plan"
)

// Goal is a figure to reach beside the one that was measured.
type Goal struct {
	Name    string `json:"name"`
	Goal    string `json:"goal"`
	Got     string `json:"got"`
	Reached bool   `json:"reached"`
}

// judge holds the figures against the goals. Those for 1000 legs are asked of
// runs with 1000 legs only.
func (r *Report) judge() {
	most := 0
	for _, f := range r.Runs {
		for _, g := range f.goals() {
			g.Name = fmt.Sprintf("%s %d: %s", f.Scenario, f.Legs, g.Name)
			r.Goals = append(r.Goals, g)
		}
		if f.Scenario == plan.Max && f.Clean {
			most = max(most, f.Legs)
		}
	}
	for _, f := range r.Runs {
		if f.Scenario == plan.Max {
			r.Goals = append(r.Goals, atLeast("most legs with clean audio", float64(most), 4000, "%.0f"))
			break
		}
	}
}

// cpuGoals are in % of one core at 1000 legs.
var cpuGoals = map[string]float64{plan.Webinar: 10, plan.Open: 20, plan.Rooms: 30}

func (f *Figures) goals() (gs []Goal) {
	add := func(g Goal) { gs = append(gs, g) }
	if f.Scenario != plan.Max {
		add(clean(f))
	}
	switch f.Scenario {
	case plan.Webinar, plan.Open, plan.Rooms:
		if f.Legs == 1000 {
			add(atMost("CPU of one core", f.CPU, cpuGoals[f.Scenario], "%.1f %%"))
		}
		if f.Floor != nil && f.Scenario != plan.Rooms {
			add(atMost("ratio to the floor", f.Ratio, 1.3, "%.2f"))
		}
		add(atMost("memory a leg", f.OwnPerLeg/1024, 20, "%.1f KB"))
		add(atMost("allocations a packet", f.AllocPerPacket, 0.005, "%.3f"))
		if f.LateP999 < 0 {
			f.LateP999 = 1e3
		}
		add(atMost("tick lateness p99.9, at most", f.LateP999, 1, "%.1f ms"))
		add(atMost("ticks lost", f.Skipped, 0, "%.0f"))
	case plan.Delay:
		add(atMost("mouth to ear, median", f.Heard.DelayMS.Median, 20, "%.1f ms"))
		add(atMost("mouth to ear, p99", f.Heard.DelayMS.P99, 30, "%.1f ms"))
	case plan.Dial:
		add(atLeast("answered a second", f.SetUpRate, 100, "%.0f"))
		add(atMost("calls that failed", float64(f.Legs-f.SetUp.Answered), 0, "%.0f"))
	case plan.Jitter:
		gs = append(gs, f.Jitter.goals()...)
	case plan.Churn:
		gs = append(gs, f.Churn.goals()...)
	}
	return gs
}

func clean(f *Figures) Goal {
	g := Goal{Name: "sound", Goal: "clean", Got: "clean", Reached: f.Clean}
	if !f.Clean {
		g.Got = f.Faults[0]
		if n := len(f.Faults); n > 1 {
			g.Got += fmt.Sprintf(" and %d more", n-1)
		}
	}
	return g
}

func atMost(name string, got, goal float64, format string) Goal {
	return Goal{Name: name, Goal: "≤ " + fmt.Sprintf(format, goal), Got: fmt.Sprintf(format, got), Reached: got <= goal}
}

func atLeast(name string, got, goal float64, format string) Goal {
	return Goal{Name: name, Goal: "≥ " + fmt.Sprintf(format, goal), Got: fmt.Sprintf(format, got), Reached: got >= goal}
}
