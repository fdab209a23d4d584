package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// JSON writes all figures.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Reached says whether every goal was.
func (r *Report) Reached() bool {
	for _, g := range r.Goals {
		if !g.Reached {
			return false
		}
	}
	return true
}

// Table writes the figures for people.
func (r *Report) Table(out io.Writer) {
	m := r.Machine
	fmt.Fprintf(out, "\n%s, %d cores, %s, %s, %s; load average %s\n\n", m.CPU, m.Cores, m.OS, m.Kernel, m.Go, m.Load)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "scenario\tlegs\tCPU %\tload %\tothers %\tns/packet\tfloor ns\tratio\tKB/leg\talloc/packet\tjitter p99\tmouth to ear\tp99\tsound\t")
	for _, f := range r.Runs {
		floor, ratio := "–", "–"
		if f.Floor != nil {
			floor, ratio = fmt.Sprintf("%.0f", f.Floor.NSPerPacket), fmt.Sprintf("%.2f", f.Ratio)
		}
		sound := "clean"
		if !f.Clean {
			sound = "not clean"
		}
		if f.Spoilt {
			sound += ", spoilt"
		}
		fmt.Fprintf(w, "%s\t%d\t%.1f\t%.1f\t%.0f\t%.0f\t%s\t%s\t%.1f\t%.3f\t%.1f\t%.1f\t%.1f\t%s\t\n", f.Scenario, f.Legs, f.CPU, f.LoadCPU, f.OthersCPU, f.NSPerPacket,
			floor, ratio, f.OwnPerLeg/1024, f.AllocPerPacket, f.Heard.JitterMS.P99, f.Heard.DelayMS.Median, f.Heard.DelayMS.P99, sound)
	}
	_ = w.Flush()
	r.floors(out)
	r.ticks(out)
	r.troubles(out)
	r.goalTable(out)
}

// floors shows what bare sockets cost in the same run.
func (r *Report) floors(out io.Writer) {
	seen := map[int]bool{}
	for _, f := range r.Runs {
		if f.Floor == nil || seen[f.Legs] {
			continue
		}
		seen[f.Legs] = true
		fmt.Fprintf(out, "bare sockets, %d: %.1f %% of a core, %.0f ns a packet (load %.1f %%, others %.0f %%); %.0f ns in a loop without pauses\n",
			f.Legs, f.Floor.CPU, f.Floor.NSPerPacket, f.Floor.LoadCPU, f.Floor.OthersCPU, f.Floor.HotNS)
	}
}

// ticks shows how late the bridge's ticks were.
func (r *Report) ticks(out io.Writer) {
	fmt.Fprintln(out, "\nTicks of the bridge by how late they began:")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for i, f := range r.Runs {
		if i == 0 {
			fmt.Fprint(w, "scenario\tlegs\t")
			for _, b := range f.Lateness {
				if b.UpToMS == 0 {
					fmt.Fprint(w, "more\t")
				} else {
					fmt.Fprintf(w, "≤ %g ms\t", b.UpToMS)
				}
			}
			fmt.Fprintln(w, "left out\tbudget used\t")
		}
		fmt.Fprintf(w, "%s\t%d\t", f.Scenario, f.Legs)
		for _, b := range f.Lateness {
			fmt.Fprintf(w, "%.0f\t", b.Ticks)
		}
		fmt.Fprintf(w, "%.0f\t%.0f %%\t\n", f.Skipped, 100*f.Budget)
	}
	_ = w.Flush()
}

// troubles shows what was not clean, and what the load process itself was not
// in time for.
func (r *Report) troubles(out io.Writer) {
	for _, f := range r.Runs {
		if f.Spoilt {
			fmt.Fprintf(out, "\n%s, %d legs, is spoilt: the load process itself was not in time, the rest of the machine used %.0f %% of a core.\n",
				f.Scenario, f.Legs, f.OthersCPU)
		}
		if f.Clean {
			continue
		}
		fmt.Fprintf(out, "\n%s, %d legs, is not clean (the load process itself was late by %.1f ms at p99.9, %.1f at most, and left %d turns out):\n",
			f.Scenario, f.Legs, f.Heard.LateMS.P999, f.Heard.LateMS.Max, f.Heard.Skipped)
		for _, s := range append(f.Faults, f.Heard.Complaint...) {
			fmt.Fprintln(out, "  "+s)
		}
	}
}

func (r *Report) goalTable(out io.Writer) {
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FIGURE\tGOAL\tMEASURED\t")
	for _, g := range r.Goals {
		verdict := "reached"
		if !g.Reached {
			verdict = "NOT REACHED"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", g.Name, g.Goal, g.Got, verdict)
	}
	_ = w.Flush()
}
