package bench

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"partyline/cmd/partyline/bench/plan"
)

// point is a share of one core at a number of legs.
type point struct{ legs, cpu float64 }

// peers were measured on a machine of the same kind (two cores), tuned and
// with real-time priority; each line ends with the last clean run.
var peers = map[string]map[string][]point{
	plan.Webinar: {
		"Asterisk 22.10":  {{100, 19}, {200, 38}, {400, 65}, {600, 99}, {700, 134}},
		"FreeSWITCH 1.11": {{100, 34}, {200, 62}, {400, 110}, {500, 138}},
	},
	plan.Open: {
		"Asterisk 22.10":  {{100, 24}, {200, 37}, {400, 78}, {600, 110}},
		"FreeSWITCH 1.11": {{200, 61}, {400, 109}},
	},
	plan.Rooms: {
		"Asterisk 22.10":  {{100, 27}, {200, 47}, {400, 93}, {600, 127}},
		"FreeSWITCH 1.11": {{200, 71}, {400, 129}},
	},
}

const (
	panelWidth, panelHeight = 300.0, 250.0
	plotLeft, plotTop       = 44.0, 34.0
	plotWidth, plotHeight   = 232.0, 180.0
	cpuTop                  = 150.0 // %
	drawingHeight           = panelHeight + 34
)

// style makes the drawing legible on a light page and on a dark one.
const style = `<style>
text{font:11px system-ui,sans-serif;fill:#333}.title{font-weight:600;font-size:13px}.grid{stroke:#ddd}.axis{stroke:#888}
.back{fill:#fff}.ours{stroke:#0a66c2;fill:#0a66c2}.asterisk{stroke:#c2570a;fill:#c2570a}.freeswitch{stroke:#7a4fb5;fill:#7a4fb5}.goal{stroke:#1a8f4a;fill:#1a8f4a}
.line{fill:none;stroke-width:2}.broken{fill:none}
@media(prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#333}.axis{stroke:#888}.back{fill:#16181c}.ours{stroke:#5aa9ff;fill:#5aa9ff}
.asterisk{stroke:#ff9f5a;fill:#ff9f5a}.freeswitch{stroke:#b99aef;fill:#b99aef}.goal{stroke:#4fd07f;fill:#4fd07f}.line,.broken{fill:none}}
</style>
`

// SVG draws the processor time against the legs, a panel for each scenario
// that was measured.
func (r *Report) SVG(out io.Writer) error {
	var panels []string
	most := 1000.0
	for _, name := range []string{plan.Webinar, plan.Open, plan.Rooms} {
		if slices.ContainsFunc(r.Runs, func(f *Figures) bool { return f.Scenario == name }) {
			panels = append(panels, name)
		}
	}
	for _, f := range r.Runs {
		if slices.Contains(panels, f.Scenario) {
			most = max(most, float64(f.Legs))
		}
	}
	var w bytes.Buffer
	width := panelWidth * float64(max(1, len(panels)))
	fmt.Fprintf(&w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" aria-label="Processor time against legs">`+"\n%s"+
		`<rect class="back" width="%g" height="%g"/>`+"\n", width, drawingHeight, style, width, drawingHeight)
	for i, name := range panels {
		fmt.Fprintf(&w, `<g transform="translate(%g 0)">`+"\n", float64(i)*panelWidth)
		r.panel(&w, name, most)
		fmt.Fprintln(&w, "</g>")
	}
	legend(&w, len(panels) > 2)
	fmt.Fprintln(&w, "</svg>")
	_, err := w.WriteTo(out)
	return err
}

// legend explains the colours, and where there is room the signs.
func legend(w io.Writer, wide bool) {
	x := plotLeft
	for _, e := range []struct{ class, text string }{
		{"ours", "partyline"}, {"asterisk", "Asterisk"}, {"freeswitch", "FreeSWITCH"}, {"goal", "goal"},
	} {
		fmt.Fprintf(w, `<circle class="%s" cx="%g" cy="%g" r="4"/><text x="%g" y="%g">%s</text>`+"\n",
			e.class, x, panelHeight+14, x+8, panelHeight+18, e.text)
		x += 30 + 7.5*float64(len(e.text))
	}
	if wide {
		fmt.Fprintf(w, `<text x="%g" y="%g">ring: sound not clean · ×: no clean run beyond</text>`+"\n", x, panelHeight+18)
	}
}

func (r *Report) panel(w io.Writer, name string, most float64) {
	x := func(legs float64) float64 { return plotLeft + plotWidth*legs/most }
	y := func(cpu float64) float64 { return plotTop + plotHeight*(1-min(cpu, cpuTop)/cpuTop) }
	fmt.Fprintf(w, `<text class="title" x="%g" y="20">%s: %% of one core by legs</text>`+"\n", plotLeft, name)
	for cpu := 0.0; cpu <= cpuTop; cpu += 50 {
		fmt.Fprintf(w, `<line class="grid" x1="%g" x2="%g" y1="%g" y2="%g"/><text x="%g" y="%g" text-anchor="end">%g</text>`+"\n",
			plotLeft, plotLeft+plotWidth, y(cpu), y(cpu), plotLeft-6, y(cpu)+4, cpu)
	}
	for k := 1.0; k <= 4; k++ {
		fmt.Fprintf(w, `<text x="%g" y="%g" text-anchor="middle">%g</text>`+"\n", x(most*k/4), plotTop+plotHeight+16, most*k/4)
	}
	fmt.Fprintf(w, `<path class="axis" fill="none" d="M%g %gV%gH%g"/>`+"\n", plotLeft, plotTop, plotTop+plotHeight, plotLeft+plotWidth)
	for _, peer := range []struct{ name, class string }{{"Asterisk 22.10", "asterisk"}, {"FreeSWITCH 1.11", "freeswitch"}} {
		ps := peers[name][peer.name]
		curve(w, peer.class, ps, nil, x, y)
		last := ps[len(ps)-1] // beyond it the sound is broken
		fmt.Fprintf(w, `<text x="%g" y="%g">×</text>`+"\n", x(last.legs)+6, y(last.cpu)+4)
	}
	goal := cpuGoals[name]
	fmt.Fprintf(w, `<path class="goal line" stroke-dasharray="3 3" d="M%g %gL%g %g"/>`+"\n", x(0), y(0), x(most), y(goal*most/1000))
	var ours []point
	var broken []bool
	for _, f := range slices.SortedStableFunc(slices.Values(r.Runs), func(a, b *Figures) int { return a.Legs - b.Legs }) {
		if f.Scenario == name {
			ours = append(ours, point{float64(f.Legs), f.CPU})
			broken = append(broken, !f.Clean)
		}
	}
	curve(w, "ours", ours, broken, x, y)
	last := ours[len(ours)-1]
	fmt.Fprintf(w, `<text x="%g" y="%g" text-anchor="end">%.1f %%</text>`+"\n", x(last.legs)-4, y(last.cpu)-9, last.cpu)
}

// curve draws points in the order of their legs; one that is not clean is a ring.
func curve(w io.Writer, class string, ps []point, broken []bool, x, y func(float64) float64) {
	d := "M"
	for i, p := range ps {
		if i > 0 {
			d += "L"
		}
		d += fmt.Sprintf("%.1f %.1f", x(p.legs), y(p.cpu))
	}
	fmt.Fprintf(w, `<path class="%s line" d="%s"/>`+"\n", class, d)
	for i, p := range ps {
		more := ""
		if broken != nil && broken[i] {
			more = " broken"
		}
		fmt.Fprintf(w, `<circle class="%s%s" cx="%.1f" cy="%.1f" r="3"/>`+"\n", class, more, x(p.legs), y(p.cpu))
	}
}
