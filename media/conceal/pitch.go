package conceal

import "math"

// quietest is the least energy, of 20 ms at 8 kHz, that is told from silence.
const quietest = 250 * likeness / 2

// pitch is the lag at which the last 20 ms are most like what came before
// them, by normalised cross-correlation: at first with two of every eight
// samples at 8 kHz, then, for the best four lags, with all. The appendix takes
// every second sample and only every second lag, which misses the lags that
// fit a tone best whose period is no whole number of samples. For a tone off
// is what its period is longer than that lag. Only the known end of the past
// was heard: of a beginning less than 20 ms are compared.
func pitch(past []int16, known, k int) (lag int, off float32) {
	tail := past[len(past)-min(max(known-longest*k, shortest*k), likeness*k):]
	longest := max(min(longest*k, known-len(tail)), shortest*k)
	var best [4]candidate
	for lag := shortest * k; lag <= longest; lag += k {
		c := candidate{lag, score(past, tail, lag, 8*k)}
		for i := range best {
			if c.score > best[i].score {
				c, best[i] = best[i], c
			}
		}
	}
	found := candidate{lag: longest} // when nothing is like anything
	for _, b := range best {
		if b.score <= 0 {
			break
		}
		for lag := b.lag; lag < min(b.lag+k, longest+1); lag++ {
			if s := score(past, tail, lag, 2); s > found.score {
				found = candidate{lag, s}
			}
		}
	}
	return found.lag, peak(past, tail, found)
}

// steady is how much a tone is like itself a period later; voices are less.
const steady = 0.98

// peak is how far beyond the lag found the likeness is greatest, by the
// parabola through it and its neighbours, when it is that of a tone.
func peak(past, tail []int16, found candidate) float32 {
	var energy float64
	for _, x := range tail {
		energy += float64(x) * float64(x)
	}
	if found.score < steady*math.Sqrt(energy) || found.score <= 0 {
		return 0
	}
	before, after := score(past, tail, found.lag-1, 2), score(past, tail, found.lag+1, 2)
	bend := before - 2*found.score + after
	if bend >= 0 {
		return 0
	}
	return float32(min(max((before-after)/(2*bend), -0.5), 0.5))
}

type candidate struct {
	lag   int
	score float64
}

// score compares the tail of the past with what came lag samples before it,
// by two neighbours of every step samples: of a tone at least one of them is
// far from zero.
func score(past, tail []int16, lag, step int) float64 {
	before := past[len(past)-len(tail)-lag:][:len(tail)]
	var product, energy int64
	for i := 0; i+1 < len(tail); i += step {
		x, y := int64(tail[i]), int64(before[i])
		product += x * y
		energy += y * y
		x, y = int64(tail[i+1]), int64(before[i+1])
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
