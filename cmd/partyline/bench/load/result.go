package load

import (
	"fmt"
	"math/bits"

	"partyline/cmd/partyline/bench/clock"
	"partyline/cmd/partyline/bench/ear"
)

// Result is what was sent and heard since the count began.
type Result struct {
	Seconds float64 `json:"seconds"`
	Sent    uint64  `json:"sent"`    // packets
	Refused uint64  `json:"refused"` // that the system would not take from the load process
	Legs    int     `json:"legs"`
	Stalled int     `json:"stalled"` // legs on the line that have heard nothing for 200 ms or less than they should

	ear.LineCounts
	ear.Counts

	JitterMS  Quantiles `json:"jitter_ms"`          // distance between packets, off 20 ms
	DelayMS   Quantiles `json:"mouth_to_ear_ms"`    // from a speaker's socket to a listener's
	LateMS    Quantiles `json:"load_lateness_ms"`   // how late the load process itself was
	Skipped   uint64    `json:"load_skipped"`       // turns it left out
	Marks     []float64 `json:"marks_ms,omitempty"` // in the order they came, where there are few
	Spurts    uint64    `json:"spurts,omitempty"`
	Expected  uint64    `json:"spurt_windows,omitempty"`
	Damaged   uint64    `json:"spurt_windows_damaged,omitempty"`
	Complaint []string  `json:"complaints,omitempty"` // of the first few legs
}

// Quantiles of a spread.
type Quantiles struct {
	N      uint64  `json:"n"`
	Median float64 `json:"median"`
	P99    float64 `json:"p99"`
	P999   float64 `json:"p99_9"`
	Max    float64 `json:"max"`
}

func quantiles(s *ear.Spread) Quantiles {
	return Quantiles{s.N, s.Quantile(0.5), s.Quantile(0.99), s.Quantile(0.999), float64(s.Max) / 1e6}
}

const (
	complaints = 10
	silent     = int64(200e6)
	fewMarks   = 4096
)

// cut returns the count so far and begins anew.
func (p *process) cut() *Result {
	r := &Result{Legs: len(p.legs)}
	var sum tally
	now := clock.Now()
	r.Seconds = float64(now-p.since) / 1e9
	p.since = now
	p.each(func(s *shard) {
		for _, legs := range s.legs {
			for _, l := range legs {
				r.take(l)
			}
		}
		sum.sent += s.tally.sent
		sum.refused += s.tally.refused
		sum.skipped += s.tally.skipped
		sum.late.Add(&s.tally.late)
		sum.jitter.Add(&s.tally.jitter)
		sum.delay.Add(&s.tally.delay)
		r.Marks = append(r.Marks, s.tally.marks...)
		s.tally = tally{}
		if p.plan.Legs <= 100 {
			s.tally.marks = make([]float64, 0, fewMarks)
		}
	})
	r.Sent, r.Refused, r.Skipped = sum.sent, sum.refused, sum.skipped
	r.JitterMS, r.DelayMS, r.LateMS = quantiles(&sum.jitter), quantiles(&sum.delay), quantiles(&sum.late)
	return r
}

// take adds a leg's count and sets it back.
func (r *Result) take(l *leg) {
	line, heard := l.line.Counts, l.ear.Counts
	if l.plan.Churns { // it has many calls, and packets of one may still come in the next
		line.Streams, line.Jumps, line.Reordered = 0, 0, 0
	}
	r.LineCounts.Add(line)
	r.Counts.Add(heard)
	r.Spurts += l.spurt.Heard
	r.Expected += l.spurt.Windows
	r.Damaged += l.spurt.Damaged
	stalled := false
	if l.sending != nil && !l.plan.Churns {
		due := uint64(r.Seconds * 50)
		stalled = clock.Wall()-l.line.Last() > silent || line.Packets+line.Lost+line.Reordered+10 < due-due/50
	}
	if stalled {
		r.Stalled++
	}
	if bad := stalled || line.Lost+line.Reordered+line.Streams+line.Jumps+line.Foreign+heard.Damaged() > 0; bad && len(r.Complaint) < complaints {
		r.Complaint = append(r.Complaint, complain(l, stalled, line, heard))
	}
	l.line.Zero()
	l.ear.Restart()
	l.spurt.Zero()
}

func complain(l *leg, stalled bool, line ear.LineCounts, heard ear.Counts) string {
	s := fmt.Sprintf("leg %d: %d packets, %d lost, %d reordered, %d jumps of time, %d streams, %d foreign; %d windows: %d without a tone, %d with a wrong one, %d noisy; %d silent frames",
		l.index, line.Packets, line.Lost, line.Reordered, line.Jumps, line.Streams, line.Foreign,
		heard.Windows, heard.Missing, heard.Unexpected, heard.Noisy, heard.Silent)
	if stalled {
		s += "; stalled"
	}
	for m := heard.Heard; m != 0; m &= m - 1 {
		s += fmt.Sprintf("; heard %.0f Hz", ear.Frequency(bits.TrailingZeros32(m)))
	}
	return s
}
