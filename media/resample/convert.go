package resample

import (
	"fmt"
	"math"
)

const (
	// lobes of the sine cardinal on each side, at the lower of the two rates.
	lobes = 40
	// rolloff is where the filter is half down, of half the lower rate. With
	// 40 lobes under the window of shape the band of transition reaches from
	// 0.88 of it to 1.0: 3.5 kHz at 8 kHz, and nothing folds back.
	rolloff = 0.94
	// mostCoefficients bounds the filter of a converter, to 16 MB: two rates
	// with next to no common factor need one phase per output sample.
	mostCoefficients = 4 << 20
)

// Converter brings one sound from any rate to any other, off the packet path:
// it is for files. What comes out is not late: the first sample is of the
// moment of the first sample that went in. Images and aliases are 85 dB down
// and more; the pass-band is flat within 0.1 dB to 0.88 of half the lower
// rate. It is not safe for concurrent use.
type Converter struct {
	up, down int // in lowest terms: up output samples for down input samples
	half     int // input samples that an output sample reaches back and on
	phases   [][]float32
	line     []float32 // input not yet done with, from sample start on
	start    int       // may be negative: silence before the sound
	in, out  int       // samples seen and given so far
}

// NewConverter makes a Converter between two rates of 1,000 to 200,000
// samples a second. It fails for rates whose ratio is too odd.
func NewConverter(from, to int) (*Converter, error) {
	if min(from, to) < 1000 || max(from, to) > 200_000 {
		return nil, fmt.Errorf("resample: cannot convert from %d to %d samples a second", from, to)
	}
	d := gcd(from, to)
	c := &Converter{up: to / d, down: from / d}
	if c.up == c.down {
		return c, nil
	}
	// reach is the length of one side of the filter in input samples.
	reach := lobes * max(1, float64(from)/float64(to)) / rolloff
	c.half = int(math.Ceil(reach))
	if c.up*2*c.half > mostCoefficients {
		return nil, fmt.Errorf("resample: the ratio of %d to %d samples a second is too odd", from, to)
	}
	c.phases = make([][]float32, c.up)
	for p := range c.phases {
		c.phases[p] = convertPhase(float64(p)/float64(c.up), reach, c.half)
	}
	c.line, c.start = make([]float32, c.half), -c.half
	return c, nil
}

// convertPhase is the filter for an output sample that lies a fraction of an
// input sample after input sample half−1. It passes a constant unchanged.
func convertPhase(fraction, reach float64, half int) []float32 {
	taps := make([]float64, 2*half)
	var sum float64
	for i := range taps {
		t := (float64(i-half+1) - fraction) / reach // −1 to 1
		if math.Abs(t) < 1 {
			taps[i] = kaiser(t)
			if x := math.Pi * t * lobes; x != 0 {
				taps[i] *= math.Sin(x) / x
			}
		}
		sum += taps[i]
	}
	phase := make([]float32, len(taps))
	for i, x := range taps {
		phase[i] = float32(x / sum)
	}
	return phase
}

// Append converts more of the sound and appends what is ready of it.
func (c *Converter) Append(dst, src []float32) []float32 {
	c.in += len(src)
	if c.phases == nil {
		c.out += len(src)
		return append(dst, src...)
	}
	c.line = append(c.line, src...)
	return c.ready(dst)
}

// Flush appends the end of the sound: in all, as much as went in lasted,
// rounded up to a whole sample. Nothing may be appended after it.
func (c *Converter) Flush(dst []float32) []float32 {
	if c.phases == nil {
		return dst
	}
	due := (c.in*c.up + c.down - 1) / c.down
	c.line = append(c.line, make([]float32, 2*c.half)...)
	dst = c.ready(dst)
	if over := c.out - due; over > 0 {
		dst, c.out = dst[:len(dst)-over], due
	}
	return dst
}

// ready gives the samples for which all input is there.
func (c *Converter) ready(dst []float32) []float32 {
	for {
		at := c.out * c.down
		first := at/c.up - c.half + 1 - c.start
		if first+2*c.half > len(c.line) {
			break
		}
		window := c.line[first : first+2*c.half]
		var a, b float32
		phase := c.phases[at%c.up][:len(window)]
		for i := 0; i+1 < len(window); i += 2 {
			a += window[i] * phase[i]
			b += window[i+1] * phase[i+1]
		}
		dst = append(dst, a+b)
		c.out++
	}
	// What no later sample needs goes, in place.
	if done := c.out*c.down/c.up - c.half + 1 - c.start; done > 0 {
		done = min(done, len(c.line))
		c.line = c.line[:copy(c.line, c.line[done:])]
		c.start += done
	}
	return dst
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
