package bench

import (
	"context"
	"time"

	"partyline/cmd/partyline/bench/load"
)

// JitterFigures tell of a speaker whose packets are delayed at random for a
// while.
type JitterFigures struct {
	Before   *load.Result `json:"before"`
	During   *load.Result `json:"during"`
	After    *load.Result `json:"after"`             // from 10 s after its end
	SettledS float64      `json:"settled_after_s"`   // from when on the delay was ≤ 25 ms; −1: never
	Slices   []float64    `json:"median_ms_each_2s"` // after its end
}

const (
	calm, rough, slice = 6 * time.Second, 20 * time.Second, 2 * time.Second
	afterwards         = 7 // slices, two of them beyond 10 s
	settled            = 25.0
)

// goals of a speaker's jitter of 0 to 40 ms.
func (j *JitterFigures) goals() []Goal {
	return []Goal{
		atMost("windows damaged while the speaker jitters", float64(j.During.Damaged), 0, "%.0f"),
		atMost("mouth to ear meanwhile, p99", j.During.DelayMS.P99, 80, "%.1f ms"),
		atMost("mouth to ear 10 s later, median", j.After.DelayMS.Median, settled, "%.1f ms"),
	}
}

// jitter measures calm, rough and calm again; the cost is that of the rough
// time.
func (b *bench) jitter(ctx context.Context, h *house, f *Figures) (m measurement, err error) {
	f.Jitter = &JitterFigures{SettledS: -1}
	m, err = b.measure(ctx, h.far, h.bridge.pid(), calm)
	if err != nil {
		return m, err
	}
	f.Jitter.Before = m.heard
	if err := h.far.wild(true); err != nil {
		return m, err
	}
	if m, err = b.measure(ctx, h.far, h.bridge.pid(), rough); err != nil {
		return m, err
	}
	f.Jitter.During = m.heard
	if err := h.far.wild(false); err != nil {
		return m, err
	}
	for i := range afterwards {
		s, err := b.measure(ctx, h.far, h.bridge.pid(), slice)
		if err != nil {
			return m, err
		}
		f.Jitter.Slices = append(f.Jitter.Slices, s.heard.DelayMS.Median)
		switch {
		case s.heard.DelayMS.N == 0 || s.heard.DelayMS.Median > settled:
			f.Jitter.SettledS = -1
		case f.Jitter.SettledS < 0:
			f.Jitter.SettledS = float64(i) * slice.Seconds()
		}
		f.Jitter.After = s.heard
	}
	return m, nil
}
