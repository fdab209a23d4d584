package bench

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
	"time"

	"partyline/cmd/partyline/bench/load"
)

// Report is all that a run has measured.
type Report struct {
	Machine Machine    `json:"machine"`
	Command string     `json:"command"`
	Version string     `json:"version"`
	Began   time.Time  `json:"began"`
	Seconds float64    `json:"seconds_each"`
	Runs    []*Figures `json:"runs"`
	Goals   []Goal     `json:"goals"`
}

// Figures of one run of a scenario.
type Figures struct {
	Scenario    string  `json:"scenario"`
	Legs        int     `json:"legs"`
	CPU         float64 `json:"cpu_percent"`        // of one core, the bridge
	LoadCPU     float64 `json:"load_cpu_percent"`   // of one core, the load process
	OthersCPU   float64 `json:"others_cpu_percent"` // of one core, of everything else on the machine: much spoils the figures
	NSPerPacket float64 `json:"ns_per_packet"`      // of the bridge, for each packet the load process sent or received
	Ratio       float64 `json:"ratio_to_floor,omitempty"`

	RSS        int64   `json:"rss_bytes"`
	RSSPerLeg  float64 `json:"rss_bytes_per_leg"` // above that of the idle bridge before
	OwnPerLeg  float64 `json:"own_bytes_per_leg"` // the same without pages of files
	HeapPerLeg float64 `json:"heap_in_use_bytes_per_leg"`

	Allocations    float64 `json:"allocations_per_second"` // of the whole bridge
	AllocPerPacket float64 `json:"allocations_per_packet"`

	Ticks    float64  `json:"ticks"`
	Late     float64  `json:"ticks_late"`
	Skipped  float64  `json:"ticks_skipped"`
	Lateness []Bucket `json:"tick_lateness"`
	LateP999 float64  `json:"tick_lateness_p99_9_ms"` // upper bound of the bucket it lies in; −1: beyond the last
	Budget   float64  `json:"frame_budget_used"`

	SetUp     load.Signalling `json:"set_up"`
	SetUpRate float64         `json:"answered_per_second"`

	Heard  *load.Result   `json:"heard"`
	Floor  *FloorFigures  `json:"floor,omitempty"`
	Churn  *ChurnFigures  `json:"churn,omitempty"`
	Jitter *JitterFigures `json:"jitter,omitempty"`

	// Spoilt: the load process itself was not in time, because something else
	// took the machine. What it heard then says little about the bridge.
	Spoilt bool     `json:"spoilt"`
	Clean  bool     `json:"clean"`
	Faults []string `json:"faults,omitempty"` // why not
}

// Bucket of a histogram: ticks later than the bucket before and at most as
// late as this.
type Bucket struct {
	UpToMS float64 `json:"up_to_ms"` // 0: without bound
	Ticks  float64 `json:"ticks"`
}

func (f *Figures) take(m measurement, h *house, now memory) {
	f.CPU, f.LoadCPU, f.NSPerPacket, f.Heard = m.cpu, m.loadCPU, m.nsPerPacket(), m.heard
	f.OthersCPU = m.others
	f.RSS = now.rss
	if now.rss > 0 {
		f.RSSPerLeg = float64(now.rss-h.idle.rss) / float64(f.Legs)
		f.OwnPerLeg = float64(now.own-h.idle.own) / float64(f.Legs)
	}
	f.Faults = faults(m.heard)
	if f.SetUp.Answered != f.Legs {
		f.Faults = append(f.Faults, fmt.Sprintf("%d of %d calls answered", f.SetUp.Answered, f.Legs))
	}
	f.Clean = len(f.Faults) == 0
	f.Spoilt = m.heard.LateMS.P999 > inTime || m.heard.Skipped > 0
}

// inTime, in ms, is how late the load process may be once in a thousand turns.
const inTime = 5

const lateness = "partyline_media_tick_lateness_seconds_bucket{le=\""

func (f *Figures) takeGauges(look, before, after gauges, m measurement) {
	grown := func(name string) float64 { return after[name] - before[name] }
	const mallocs = "go_memstats_mallocs_total"
	allocations := max(0, grown(mallocs)-(before[mallocs]-look[mallocs]))
	f.Allocations = allocations / m.seconds
	if n := float64(m.heard.Sent + m.heard.Packets); n > 0 {
		f.AllocPerPacket = allocations / n
	}
	f.HeapPerLeg = after["go_memstats_heap_inuse_bytes"] / float64(f.Legs)
	f.Ticks = grown(`partyline_media_ticks_total{kind="all"}`)
	f.Late = grown(`partyline_media_ticks_total{kind="late"}`)
	f.Skipped = grown(`partyline_media_ticks_total{kind="skipped"}`)
	f.Budget = after["partyline_media_frame_budget_used"]
	for name := range after {
		rest, ok := strings.CutPrefix(name, lateness)
		if bound, err := strconv.ParseFloat(strings.TrimSuffix(rest, `"}`), 64); ok && err == nil {
			if math.IsInf(bound, 1) {
				bound = 0
			}
			f.Lateness = append(f.Lateness, Bucket{bound * 1000, grown(name)})
		}
	}
	sort.Slice(f.Lateness, func(i, j int) bool {
		a, b := f.Lateness[i].UpToMS, f.Lateness[j].UpToMS
		return a != 0 && (b == 0 || a < b)
	})
	total := 0.0
	if n := len(f.Lateness); n > 0 {
		total = f.Lateness[n-1].Ticks
	}
	f.LateP999 = -1
	for _, b := range f.Lateness { // still sums
		if b.UpToMS > 0 && b.Ticks >= 0.999*total {
			f.LateP999 = b.UpToMS
			break
		}
	}
	for i := len(f.Lateness) - 1; i > 0; i-- {
		f.Lateness[i].Ticks -= f.Lateness[i-1].Ticks
	}
}

// faults says why what was heard is not clean.
func faults(r *load.Result) (why []string) {
	bad := func(is bool, format string, args ...any) {
		if is {
			why = append(why, fmt.Sprintf(format, args...))
		}
	}
	bad(r.Packets == 0, "nothing was heard")
	bad(r.Lost > 0, "%d packets missing", r.Lost)
	bad(r.Reordered > 0, "%d packets late or twice", r.Reordered)
	bad(r.LineCounts.Jumps > 0, "%d jumps of timestamps", r.LineCounts.Jumps)
	bad(r.Streams > 0, "%d changes of SSRC", r.Streams)
	bad(r.Foreign > 0, "%d packets that are no PCMU", r.Foreign)
	bad(r.Stalled > 0, "%d legs heard too little", r.Stalled)
	bad(r.Missing > 0, "%d of %d windows without an expected tone", r.Missing, r.Windows)
	bad(r.Unexpected > 0, "%d of %d windows with an unexpected tone", r.Unexpected, r.Windows)
	bad(r.Noisy > 0, "%d of %d windows noisy", r.Noisy, r.Windows)
	bad(r.Gaps > 0, "%d frames without the tone", r.Gaps)
	bad(r.Counts.Jumps > 0, "%d breaks of the tone's phase", r.Counts.Jumps)
	bad(r.Damaged > 0, "%d of %d windows damaged", r.Damaged, r.Expected)
	bad(1000*r.Silent > r.Frames, "%d of %d frames silent", r.Silent, r.Frames)
	bad(r.JitterMS.P99 > 10, "jitter %.1f ms at p99", r.JitterMS.P99)
	return why
}
