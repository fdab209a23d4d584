package conceal

import "math"

// quietest is the least energy, of 20 ms at 8 kHz, that is told from silence.
const quietest = 250 * likeness / 2

// pitch is the lag at which the last 20 ms are most like what came before
// them, by normalised cross-correlation: at first with every fourth sample at
// 8 kHz, then, for the best four lags, with all. The appendix takes every
// second sample and only every second lag, which misses the lags that fit a
// tone best whose period is no whole number of samples.
func pitch(past []int16, k int) int {
	tail := past[len(past)-likeness*k:]
	var best [4]candidate
	for lag := shortest * k; lag <= longest*k; lag += k {
		c := candidate{lag, score(past, tail, lag, 4*k)}
		for i := range best {
			if c.score > best[i].score {
				c, best[i] = best[i], c
			}
		}
	}
	found := candidate{lag: longest * k} // when nothing is like anything
	for _, b := range best {
		if b.score <= 0 {
			break
		}
		for lag := b.lag; lag < min(b.lag+k, longest*k+1); lag++ {
			if s := score(past, tail, lag, 1); s > found.score {
				found = candidate{lag, s}
			}
		}
	}
	return found.lag
}

type candidate struct {
	lag   int
	score float64
}

// score compares the tail of the past with what came lag samples before it,
// by every step-th sample.
func score(past, tail []int16, lag, step int) float64 {
	before := past[len(past)-len(tail)-lag:][:len(tail)]
	var product, energy int64
	for i := 0; i < len(tail); i += step {
		x, y := int64(tail[i]), int64(before[i])
		product += x * y
		energy += y * y
	}
	return float64(product) / math.Sqrt(float64(max(energy, quietest)))
}

// match finds the lag, less than reach, at which wave is most like part; of
// lags alike the first.
func match(wave, part []int16, reach int) int {
	best, found := math.Inf(-1), 0
	for lag := range reach {
		var product, energy int64
		for i, x := range part {
			y := int64(wave[lag+i])
			product += int64(x) * y
			energy += y * y
		}
		score := float64(product) / math.Sqrt(float64(energy)+1)
		if score > best+math.Abs(best)*0.001 || lag == 0 {
			best, found = score, lag
		}
	}
	return found
}
