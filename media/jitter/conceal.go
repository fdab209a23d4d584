package jitter

import "math"

const (
	shortest    = 40  // samples: the shortest pitch period, 200 Hz
	longest     = 160 // samples: the longest, 50 Hz, or several of a higher voice
	reach       = 80  // samples: how far made-up sound goes on to meet the real
	memory      = 320 // samples of past sound kept to repeat
	overlap     = 32  // samples: 4 ms of cross-fade back to real sound
	fadeSamples = 480 // 60 ms: made-up sound has faded to nothing by then
	hold        = 160 // samples repeated at full level before the fade
)

// concealer makes up sound in the place of what is missing by repeating the
// last pitch period, fading out within 60 ms, and joins it to what is heard
// before and after. Its zero value has heard silence.
type concealer struct {
	past   [memory]int16
	period int // samples repeated
	made   int // samples made up since the last real one
	loud   bool
}

// heard takes real sound, which it may cross-fade at its beginning.
func (c *concealer) heard(span []int16) {
	if c.made > 0 {
		n := min(overlap, len(span))
		for i := range n {
			old := int(c.sample())
			span[i] = int16((old*(n-i) + int(span[i])*(i+1)) / (n + 1))
		}
		c.made = 0
	}
	c.keep(span)
}

func (c *concealer) keep(span []int16) {
	c.loud = true
	if len(span) >= memory {
		copy(c.past[:], span[len(span)-memory:])
		return
	}
	copy(c.past[:], c.past[len(span):])
	copy(c.past[memory-len(span):], span)
}

// invent makes up the next samples.
func (c *concealer) invent(span []int16) {
	for i := range span {
		span[i] = c.sample()
	}
}

// rest fills with silence, after fading out what was heard last.
func (c *concealer) rest(span []int16) {
	clear(span)
	if !c.loud {
		return
	}
	if c.made < fadeSamples {
		for i := range min(overlap, len(span)) {
			span[i] = int16(int(c.sample()) * (overlap - i) / overlap)
		}
	}
	c.made, c.loud = fadeSamples, false
	c.past = [memory]int16{}
}

// sample is the next made-up sample.
func (c *concealer) sample() int16 {
	if c.made >= fadeSamples {
		return 0
	}
	if c.made == 0 {
		c.period = c.pitch()
	}
	at := c.made % c.period
	x := int(c.past[memory-c.period+at])
	if quarter := c.period / 4; at >= c.period-quarter {
		w := at - (c.period - quarter)
		x = (x*(quarter-w) + int(c.past[memory-2*c.period+at])*w) / quarter
	}
	if c.made > hold {
		x = x * (fadeSamples - c.made) / (fadeSamples - hold)
	}
	c.made++
	return int16(x)
}

// pitch is the lag at which the last 20 ms are most like themselves.
func (c *concealer) pitch() int {
	best, bestLag := math.Inf(-1), longest
	tail := c.past[memory-Frame:]
	for lag := shortest; lag <= longest; lag++ {
		before := c.past[memory-Frame-lag:]
		var product, energy int64
		for i, x := range tail {
			y := int64(before[i])
			product += int64(x) * y
			energy += y * y
		}
		if energy == 0 {
			continue
		}
		if score := float64(product) / math.Sqrt(float64(energy)); score > best {
			best, bestLag = score, lag
		}
	}
	return bestLag
}

// noiseAmplitude turns the level byte of RFC 3389 (−dBov) into what an
// evenly distributed 32-bit number is multiplied with.
func noiseAmplitude(level byte) float32 {
	rms := 32768 * math.Pow(10, -float64(level&0x7F)/20)
	return float32(min(rms, 3000) * math.Sqrt(3) / (1 << 31))
}

// meet finds how many more samples must be made up until they run into the
// real ones ahead.
func (c *concealer) meet(ahead []int16) int {
	if c.made == 0 || c.made >= fadeSamples-reach-len(ahead) {
		return 0
	}
	trial := *c
	var wave [reach + overlap]int16
	trial.invent(wave[:])
	return match(wave[:], ahead, 0, reach)
}

// match finds the lag in [from, to) at which wave is most like part.
func match(wave, part []int16, from, to int) int {
	best, bestLag := math.Inf(-1), from
	for lag := from; lag < to; lag++ {
		var product, energy int64
		for i, x := range part {
			y := int64(wave[lag+i])
			product += int64(x) * y
			energy += y * y
		}
		score := float64(product) / math.Sqrt(float64(energy)+1)
		if score > best*1.001+1e-9 || math.IsInf(best, -1) {
			best, bestLag = score, lag
		}
	}
	return bestLag
}

// splice makes a frame of two: it begins as the first samples of wave do and
// goes over, where the wave is most like itself, to what is n samples later.
// It returns n.
func splice(dst, wave []int16) (n int) {
	const fade = 2 * overlap
	n = Frame
	best := likeness(wave[:fade], wave[Frame:])
	for lag := Frame - 1; lag >= Frame/2; lag-- {
		if score := likeness(wave[:fade], wave[lag:]); score > best+0.02 {
			best, n = score, lag
		}
	}
	for i := range dst {
		later := int(wave[n+i])
		if i < fade {
			later = (int(wave[i])*(fade-i) + later*i) / fade
		}
		dst[i] = int16(later)
	}
	return n
}

// likeness is the normalised correlation of part with the beginning of wave.
func likeness(part, wave []int16) float64 {
	var product, a, b int64
	for i, x := range part {
		y := int64(wave[i])
		product += int64(x) * y
		a += int64(x) * int64(x)
		b += y * y
	}
	return float64(product) / (math.Sqrt(float64(a)*float64(b)) + 1)
}
