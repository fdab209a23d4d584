// Package resample converts sound between 8, 16 and 48 kHz, a frame at a
// time. Samples are those of a mixing bus: sums of many voices, beyond 16
// bits.
//
// Each direction of each stream has its own Resampler, which keeps the sound
// that its filter still needs. Up to 0.42 of the lower rate the gain is one
// within 0.01 dB; images and aliases of that band lie below −78 dB.
package resample

import (
	"fmt"
	"math"
	"time"
)

// chunk is how many samples of the lower rate are worked on at a time: 20 ms
// at 16 kHz.
const chunk = 320

// Resampler converts one stream of sound from one rate to another. It is not
// safe for concurrent use.
type Resampler struct {
	from, to int
	factor   int
	filter   *filter
	// lines hold the newest sound at the lower rate. There is one of them to
	// interpolate; to decimate, line p has the p-th of every factor samples.
	// They begin with the taps−1 samples before those at work.
	lines [][taps - 1 + chunk]int32
}

// New makes a Resampler between two of 8000, 16000 and 48000 samples a
// second. Where both are the same it only copies.
func New(from, to int) (*Resampler, error) {
	low, high := min(from, to), max(from, to)
	if !known(from) || !known(to) {
		return nil, fmt.Errorf("resample: cannot convert from %d to %d samples a second", from, to)
	}
	r := &Resampler{from: from, to: to, factor: high / low}
	switch {
	case from < to:
		r.filter = filters[r.factor]
		r.lines = make([][taps - 1 + chunk]int32, 1)
	case from > to:
		r.filter = filters[r.factor]
		r.lines = make([][taps - 1 + chunk]int32, r.factor)
	}
	return r, nil
}

func known(rate int) bool { return rate == 8000 || rate == 16000 || rate == 48000 }

// Reset forgets the sound before: what follows is as of a new Resampler.
func (r *Resampler) Reset() { clear(r.lines) }

// Delay is by how much the sound comes out later than it went in, at every
// frequency.
func (r *Resampler) Delay() time.Duration {
	var samples int // at the higher rate
	switch {
	case r.from < r.to:
		samples = taps/2*r.factor - 1
	case r.from > r.to: // an output has the time of the first of its inputs
		samples = (taps/2 - 1) * r.factor
	}
	return time.Duration(samples) * time.Second / time.Duration(max(r.from, r.to))
}

// Process fills dst with what src is at the other rate. The lengths must be
// of equal time, len(dst)·from == len(src)·to, and may differ from call to
// call: nothing depends on how the sound is cut. It panics on lengths that
// don't agree. Results that 32 bits cannot hold are limited to them.
func (r *Resampler) Process(dst, src []int32) {
	if len(dst)*r.from != len(src)*r.to {
		panic(fmt.Sprintf("resample: %d samples at %d Hz cannot become %d at %d Hz", len(src), r.from, len(dst), r.to))
	}
	switch {
	case r.from < r.to:
		for len(src) > 0 {
			n := min(len(src), chunk)
			r.up(dst[:n*r.factor], src[:n])
			dst, src = dst[n*r.factor:], src[n:]
		}
	case r.from > r.to:
		for len(dst) > 0 {
			n := min(len(dst), chunk)
			r.down(dst[:n], src[:n*r.factor])
			dst, src = dst[n:], src[n*r.factor:]
		}
	default:
		copy(dst, src)
	}
}

// up gives factor samples for each: one by each phase of the filter, of
// which the last is nothing but the delay.
func (r *Resampler) up(dst, src []int32) {
	line := &r.lines[0]
	copy(line[taps-1:], src)
	last := r.factor - 1
	phases := r.filter.up[:last]
	for i := range src {
		w := (*[taps]int32)(line[i:])
		out := dst[i*r.factor:][:r.factor]
		for p := range phases {
			out[p] = round(dot(w, &phases[p]))
		}
		out[last] = w[taps/2]
	}
	copy(line[:taps-1], line[len(src):])
}

// down gives one sample for each factor of them: the sum of what each phase
// of the filter makes of its own.
func (r *Resampler) down(dst, src []int32) {
	for p := range r.lines {
		line := r.lines[p][taps-1:]
		for i := range dst {
			line[i] = src[i*r.factor+p]
		}
	}
	phases := r.filter.down
	for i := range dst {
		sum := int64(r.lines[0][i+taps/2]) * r.filter.centre
		for p := range phases {
			sum += dot((*[taps]int32)(r.lines[p+1][i:]), &phases[p])
		}
		dst[i] = round(sum)
	}
	for p := range r.lines {
		copy(r.lines[p][:taps-1], r.lines[p][len(dst):])
	}
}

// round takes the scale of the coefficients off.
func round(sum int64) int32 {
	x := (sum + one/2) >> scale
	return int32(min(max(x, math.MinInt32), math.MaxInt32))
}

// dot is the scalar product. Written out it takes half the time of a loop.
func dot(w *[taps]int32, c *[taps]int64) int64 {
	a := int64(w[0])*c[0] + int64(w[1])*c[1] + int64(w[2])*c[2] + int64(w[3])*c[3]
	b := int64(w[4])*c[4] + int64(w[5])*c[5] + int64(w[6])*c[6] + int64(w[7])*c[7]
	a += int64(w[8])*c[8] + int64(w[9])*c[9] + int64(w[10])*c[10] + int64(w[11])*c[11]
	b += int64(w[12])*c[12] + int64(w[13])*c[13] + int64(w[14])*c[14] + int64(w[15])*c[15]
	a += int64(w[16])*c[16] + int64(w[17])*c[17] + int64(w[18])*c[18] + int64(w[19])*c[19]
	b += int64(w[20])*c[20] + int64(w[21])*c[21] + int64(w[22])*c[22] + int64(w[23])*c[23]
	a += int64(w[24])*c[24] + int64(w[25])*c[25] + int64(w[26])*c[26] + int64(w[27])*c[27]
	b += int64(w[28])*c[28] + int64(w[29])*c[29] + int64(w[30])*c[30] + int64(w[31])*c[31]
	return a + b
}
