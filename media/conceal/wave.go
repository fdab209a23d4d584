package conceal

import "math"

// render writes made-up samples from the n-th after the last real one on,
// attenuated.
func (c *Concealer) render(past, dst []int16, n int) {
	c.repeat(past, dst, n)
	k := scale(past)
	c.ease(dst, n)
	if c.tone {
		attenuate(dst, n, int(c.grace), int(c.grace)+seam*k)
		return
	}
	attenuate(dst, n, int(c.grace)+stage*k, int(c.grace)+fade*k)
}

// attenuate lets the level fall from full at sample `from` to nothing at
// sample `to`; the first of dst is sample n.
func attenuate(dst []int16, n, from, to int) {
	if n+len(dst) <= from {
		return
	}
	for i := max(from-n, 0); i < len(dst); i++ {
		dst[i] = int16(int(dst[i]) * max(to-n-i, 0) / (to - from))
	}
}

// repeat writes the repeated periods: one at first, two from the second stage
// on, three from the third. They change over within a quarter of a period.
func (c *Concealer) repeat(past, dst []int16, n int) {
	length := stage * scale(past)
	quarter := int(c.period) / 4
	for len(dst) > 0 {
		periods := min(n/length+1, c.periods())
		since := n - (periods-1)*length
		run := len(dst)
		if periods < c.periods() {
			run = min(run, length-since)
		}
		c.cycle(past, dst[:run], n, periods)
		if periods > 1 && since < quarter {
			var before [most * longest / 4]int16
			old := before[:min(run, quarter-since)]
			c.cycle(past, old, n, periods-1)
			for i, x := range old {
				w := since + i + 1
				dst[i] = int16((int(x)*(quarter-w) + int(dst[i])*w) / quarter)
			}
		}
		dst = dst[run:]
		n += run
	}
}

// periods is how many are repeated at most: three, or as many as were heard
// with a quarter before them.
func (c *Concealer) periods() int {
	return max(min((int(c.known)-int(c.period)/4)/int(c.period), 3), 1)
}

// cycle repeats the last so many periods of the past, in the phase of the
// n-th sample. The end of each round goes over to what came before the first
// of them, so that the next round goes on from it.
func (c *Concealer) cycle(past, dst []int16, n, periods int) {
	p := int(c.period)
	quarter := p / 4
	began := (periods - 1) * stage * scale(past)
	round := periods * p
	at := (began%p + n - began) % round
	if c.off != 0 {
		c.glide(past, dst, n, at, periods)
		return
	}
	last := past[len(past)-round:]
	before := past[len(past)-round-quarter:]
	for len(dst) > 0 {
		plain := copy(dst, last[min(at, round-quarter):round-quarter])
		dst, at = dst[plain:], at+plain
		for ; len(dst) > 0 && at < round; at++ {
			w := at - (round - quarter) + 1
			dst[0] = int16((int(last[at])*(quarter-w) + int(before[w-1])*w) / quarter)
			dst = dst[1:]
		}
		if at == round {
			at = 0
		}
	}
}

// glide is cycle for a tone whose period is no whole number of samples: each
// round is shifted by what the rounds before were too short.
func (c *Concealer) glide(past, dst []int16, n, at, periods int) {
	p := int(c.period)
	quarter := p / 4
	round := periods * p
	for i := range dst {
		start := len(past) - round
		back := (n + i - at + round) / p // periods between the past and now
		x := between(past, start+at, float32(back)*c.off)
		if w := at - (round - quarter) + 1; w > 0 {
			next := between(past, start+at-round, float32(back+periods)*c.off)
			x = (x*float32(quarter-w) + next*float32(w)) / float32(quarter)
		}
		dst[i] = clamp(int(x))
		if at++; at == round {
			at = 0
		}
	}
}

// between is the sound by so many samples before the one at an index, from
// the cubic through its four neighbours.
func between(past []int16, at int, by float32) float32 {
	whole := int(math.Floor(float64(by)))
	f := 1 - (by - float32(whole)) // after the second of the four
	at = min(max(at-whole-1, 1), len(past)-3)
	a, b := float32(past[at-1]), float32(past[at])
	c, d := float32(past[at+1]), float32(past[at+2])
	return b + f*(-a/3-b/2+c-d/6+f*(a/2-b+c/2+f*((d-a)/6+(b-c)/2)))
}

// ease adds what the repetition begins too low, ever less of it, over the
// first quarter period.
func (c *Concealer) ease(dst []int16, n int) {
	quarter := int(c.period) / 4
	for i := 0; i < len(dst) && n+i < quarter; i++ {
		by := int(c.step) * (quarter - n - i) / (quarter + 1)
		dst[i] = clamp(int(dst[i]) + by)
	}
}

func clamp(x int) int16 { return int16(min(max(x, -32768), 32767)) }
