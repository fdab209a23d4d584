package clips

import (
	"errors"
	"math"
)

const (
	// speechLevel of every clip in dBFS, as sound.SpeechLevel measures it:
	// what telephone trunks carry as comfortable speech.
	speechLevel = -20
	// ceiling for single samples, in dBFS. Between samples a peak can lie
	// somewhat above them; 1 dB is room for that below −3.
	ceiling = -4
	// faintest sound that is still taken for one, in dBFS. Below it there is
	// only noise to amplify.
	faintest = -65
	// mostMore is by how much the rest of a sound is raised, in decibels, once
	// its cracks are held back.
	mostMore = 26
	// limiting reaches so many samples ahead and behind: 5 ms.
	limiting = wideRate / 200
)

// level brings sound at 16 kHz to a level, takes out what is no sound (a
// constant) and holds back its peaks.
func level(wide []float32, dBFS float64) error {
	unbias(wide)
	now := speech(wide)
	if now < faintest {
		return errors.New("there is nothing but silence in it")
	}
	// A crack can be louder than all else; once it is held back, the level
	// is that of the rest. But where there is nothing besides it, noise is
	// not made loud.
	for pass := range 2 {
		gain := dBFS - now
		if pass > 0 {
			gain = min(gain, mostMore)
		}
		factor := float32(math.Pow(10, gain/20))
		for i := range wide {
			wide[i] *= factor
		}
		limit(wide, float32(math.Pow(10, ceiling/20.0)))
		now = speech(wide)
	}
	return nil
}

// unbias takes a constant out.
func unbias(wide []float32) {
	var sum float64
	for _, x := range wide {
		sum += float64(x)
	}
	mean := float32(sum / float64(len(wide)))
	for i := range wide {
		wide[i] -= mean
	}
}

// speech is sound.SpeechLevel of what is not yet rounded: of the frames of
// 20 ms within 20 dB of the loudest.
func speech(wide []float32) float64 {
	const frame = wideRate / 50
	var powers []float64
	var loudest float64
	for at := 0; at < len(wide); at += frame {
		part := wide[at:min(at+frame, len(wide))]
		var sum float64
		for _, x := range part {
			sum += float64(x) * float64(x)
		}
		powers = append(powers, sum/float64(len(part)))
		loudest = max(loudest, sum/float64(len(part)))
	}
	var sum float64
	var n int
	for _, p := range powers {
		if p >= loudest/100 {
			sum, n = sum+p, n+1
		}
	}
	return 10 * math.Log10(2*sum/float64(n)+1e-20)
}

// limit holds peaks below a ceiling: the gain falls before a peak and rises
// after it in a straight line of 5 ms, and is 1 elsewhere. Such a gain is the
// mean, over 5 ms, of the least gain that any sample within 5 ms asks for.
func limit(wide []float32, ceiling float32) {
	least := make([]float32, len(wide)) // over the 5 ms ahead
	busy := false
	for i := range least {
		least[i] = 1
	}
	for i, x := range wide {
		if x < 0 {
			x = -x
		}
		if x <= ceiling {
			continue
		}
		busy = true
		need := ceiling / x
		for k := max(0, i-limiting); k <= i; k++ {
			least[k] = min(least[k], need)
		}
	}
	if !busy {
		return
	}
	// The mean runs over the limiting+1 entries up to each sample; all of
	// them saw the sample's own peak.
	var sum float64 = limiting + 1
	at := func(i int) float64 {
		if i < 0 {
			return 1
		}
		return float64(least[i])
	}
	for i := range wide {
		sum += at(i) - at(i-limiting-1)
		// The running sum is off by a hair after the wildest of peaks.
		wide[i] = min(max(wide[i]*float32(sum/(limiting+1)), -ceiling), ceiling)
	}
}
