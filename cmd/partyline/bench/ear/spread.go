package ear

// Spread is a histogram of durations in steps of 0.1 ms up to a second.
type Spread struct {
	N     uint64
	Max   int64 // nanoseconds
	steps [10001]uint32
}

const step = 100_000 // nanoseconds

// Note takes a duration in nanoseconds; negative ones count as 0.
func (s *Spread) Note(d int64) {
	s.N++
	s.Max = max(s.Max, d)
	s.steps[min(max(d, 0)/step, int64(len(s.steps)-1))]++
}

// Add sums.
func (s *Spread) Add(o *Spread) {
	s.N += o.N
	s.Max = max(s.Max, o.Max)
	for i, n := range o.steps {
		s.steps[i] += n
	}
}

// Quantile is the duration in milliseconds that a share of all do not
// exceed, to 0.1 ms; 0 when there are none.
func (s *Spread) Quantile(share float64) float64 {
	if s.N == 0 {
		return 0
	}
	need, seen := uint64(share*float64(s.N)), uint64(0)
	for i, n := range s.steps {
		if seen += uint64(n); seen > need || seen == s.N {
			return float64(i+1) * step / 1e6
		}
	}
	return float64(s.Max) / 1e6
}
