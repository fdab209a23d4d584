package resample

import "math"

const (
	// taps of each phase of a filter.
	taps = 32
	// scale of the coefficients, in bits. The magnitudes of a phase sum to
	// less than three, so that even full 32-bit samples fit in 64 bits.
	scale = 30
	one   = 1 << scale
	// shape of the Kaiser window: 80 dB (Kaiser's 0.1102·(80 − 8.7)), which
	// with 32 taps a phase leaves a band of transition from 0.42 to 0.58 of
	// the lower rate.
	shape = 7.857
)

// filter is a low-pass at half the lower rate for one factor, cut into its
// phases. All but the last phase have coefficients that matter: the last
// meets the zeros of the sine and is one pure delay. Each phase is in the
// order of time, oldest first.
type filter struct {
	up     [][taps]int64 // phases 0 to factor−2; each sums to exactly one
	down   [][taps]int64 // for line 1 to factor−1; with centre they sum to one
	centre int64         // the pure delay's coefficient for line 0
}

// filters by factor: 8–16, 16–48 and 8–48 kHz.
var filters = map[int]*filter{2: design(2), 3: design(3), 6: design(6)}

// design makes a windowed sine cardinal of 32·factor−1 coefficients.
func design(factor int) *filter {
	f := &filter{up: make([][taps]int64, factor-1), down: make([][taps]int64, factor-1), centre: one}
	middle := float64(taps/2*factor - 1)
	for q := range factor - 1 {
		var phase [taps]float64
		var sum float64
		for k := range phase {
			at := float64(q+k*factor) - middle
			x := math.Pi * at / float64(factor)
			// x is never 0: the centre belongs to the last phase.
			phase[taps-1-k] = math.Sin(x) / x * kaiser(at/(middle+1))
			sum += phase[taps-1-k]
		}
		f.up[q] = quantize(phase, one/sum)
		f.down[factor-2-q] = quantize(phase, one/sum/float64(factor))
	}
	for i := range f.up {
		exact(&f.up[i])
	}
	for _, phase := range f.down {
		for _, c := range phase {
			f.centre -= c
		}
	}
	return f
}

func quantize(phase [taps]float64, gain float64) (out [taps]int64) {
	for i, c := range phase {
		out[i] = int64(math.Round(c * gain))
	}
	return out
}

// exact gives the greatest coefficient what rounding has taken from the sum.
func exact(phase *[taps]int64) {
	greatest, rest := 0, int64(one)
	for i, c := range phase {
		rest -= c
		if c > phase[greatest] {
			greatest = i
		}
	}
	phase[greatest] += rest
}

// kaiser is the window at x of ±1.
func kaiser(x float64) float64 {
	return bessel(shape*math.Sqrt(max(1-x*x, 0))) / bessel(shape)
}

// bessel is the modified Bessel function of the first kind and order 0, by
// its power series.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for n := 1.0; term > sum*1e-17; n++ {
		term *= x * x / (4 * n * n)
		sum += term
	}
	return sum
}
