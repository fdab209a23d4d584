package main

import (
	"math"
	"slices"

	"partyline/media/resample"
	"partyline/media/sound"
)

const (
	target = -20.0 // dBFS as sound.SpeechLevel measures it
	lead   = rate * 50 / 1000
	tail   = rate * 60 / 1000
	fade   = rate * 8 / 1000
	// quiet is what is cut off at both ends, in decibels below the loudest
	// 10 ms.
	quiet = -42
)

// finish makes a prompt of what was spoken: without what lies below speech,
// a little brighter, without the silence around it, at its level, and without
// a step at its ends.
func finish(pcm []float64) []int16 {
	// Telephones carry nothing below 100 Hz; a constant goes with it.
	pcm = filter(pcm, highPass(90))
	// The voices are soft above 2 kHz, where consonants are told apart.
	pcm = filter(pcm, highShelf(2200, 3))
	// A voice made of pulses has all of its harmonics at their highest at one
	// moment. Delayed each a little differently, which is not heard, they are
	// as loud with lower peaks.
	for _, freq := range []float64{180, 300, 480, 750, 1200, 1900} {
		pcm = filter(pcm, allPass(freq))
	}
	pcm = tighten(trim(pcm))
	out := make([]int16, len(pcm))
	gain := 1.0
	for range 4 { // rounding changes the level by next to nothing
		for i, x := range pcm {
			out[i] = int16(math.Round(min(max(gain*x*edge(i, len(pcm)), -1), 1) * math.MaxInt16))
		}
		gain *= math.Pow(10, (target-loudness(out))/20)
	}
	return out
}

// loudness is the level between those at 8 and at 16 kHz: a hiss, as of an s,
// counts at one of them alone.
func loudness(pcm []int16) float64 {
	down, err := resample.NewConverter(rate, rate/2)
	if err != nil {
		panic(err) // both rates are known
	}
	wide := make([]float32, len(pcm))
	for i, x := range pcm {
		wide[i] = float32(x)
	}
	var narrow []int16
	for _, x := range down.Flush(down.Append(nil, wide)) {
		narrow = append(narrow, int16(min(max(x, math.MinInt16), math.MaxInt16)))
	}
	return (sound.SpeechLevel(pcm, rate) + sound.SpeechLevel(narrow, rate/2)) / 2
}

// edge is the gain of a sample: it rises and falls as a raised cosine.
func edge(i, n int) float64 {
	d := min(i, n-1-i)
	if d >= fade {
		return 1
	}
	return 0.5 - 0.5*math.Cos(math.Pi*float64(d)/fade)
}

// trim leaves a little of the silence around the speech, and makes the number
// of samples even.
func trim(pcm []float64) []float64 {
	voice := voiced(pcm)
	first, last := slices.Index(voice, true), len(voice)-1
	for !voice[last] {
		last--
	}
	from, to := first*slot-lead, (last+1)*slot+tail
	out := make([]float64, (to-from+1)/2*2)
	for i := range out {
		if at := from + i; at >= 0 && at < len(pcm) {
			out[i] = pcm[at]
		}
	}
	return out
}

// tighten shortens the pauses between sentences, which are too long for
// somebody who has a telephone at the ear.
func tighten(pcm []float64) []float64 {
	const longest = rate * 320 / 1000 / slot
	var out []float64
	voice := voiced(pcm)
	for at := 0; at < len(voice); {
		run := 1
		for at+run < len(voice) && voice[at+run] == voice[at] {
			run++
		}
		part := pcm[at*slot : (at+run)*slot]
		if !voice[at] && run > longest {
			half := longest * slot / 2
			out = overlap(append(out, part[:half]...), part[len(part)-half:])
		} else {
			out = append(out, part...)
		}
		at += run
	}
	out = append(out, pcm[len(voice)*slot:]...)
	return out[:len(out)/2*2]
}

// overlap appends a sound that begins before the one there has ended.
func overlap(pcm, next []float64) []float64 {
	end := pcm[len(pcm)-fade:]
	for i := range end {
		share := float64(i) / fade
		end[i] = (1-share)*end[i] + share*next[i]
	}
	return append(pcm, next[fade:]...)
}

// slot is what a sound is told from silence by: 10 ms.
const slot = rate / 100

// voiced tells of each slot of 10 ms whether it is sound.
func voiced(pcm []float64) []bool {
	powers := make([]float64, len(pcm)/slot)
	for i := range powers {
		for _, x := range pcm[i*slot:][:slot] {
			powers[i] += x * x
		}
	}
	voice := make([]bool, len(powers))
	floor := slices.Max(powers) * math.Pow(10, quiet/10.0)
	for i, p := range powers {
		voice[i] = p >= floor
	}
	return voice
}

// biquad is a second-order filter: b0 b1 b2 a1 a2, with a0 of 1.
type biquad [5]float64

func filter(pcm []float64, f biquad) []float64 {
	out := make([]float64, len(pcm))
	var x1, x2, y1, y2 float64
	for i, x := range pcm {
		y := f[0]*x + f[1]*x1 + f[2]*x2 - f[3]*y1 - f[4]*y2
		x1, x2, y1, y2 = x, x1, y, y1
		out[i] = y
	}
	return out
}

// highPass is a Butterworth filter by the bilinear transform.
func highPass(freq float64) biquad {
	w := 2 * math.Pi * freq / rate
	sin, cos := math.Sincos(w)
	alpha := sin / math.Sqrt2
	a0 := 1 + alpha
	return biquad{(1 + cos) / 2 / a0, -(1 + cos) / a0, (1 + cos) / 2 / a0, -2 * cos / a0, (1 - alpha) / a0}
}

// allPass changes only the phase, by half a turn at a frequency.
func allPass(freq float64) biquad {
	w := 2 * math.Pi * freq / rate
	sin, cos := math.Sincos(w)
	alpha := sin / math.Sqrt2
	a0 := 1 + alpha
	return biquad{(1 - alpha) / a0, -2 * cos / a0, 1, -2 * cos / a0, (1 - alpha) / a0}
}

// highShelf raises what is above a frequency by so many decibels, with half
// of it at the frequency and the steepest slope that has no bump.
func highShelf(freq, gain float64) biquad {
	a := math.Pow(10, gain/40)
	w := 2 * math.Pi * freq / rate
	sin, cos := math.Sincos(w)
	beta := 2 * math.Sqrt(a) * sin / math.Sqrt2
	a0 := (a + 1) - (a-1)*cos + beta
	return biquad{
		a * ((a + 1) + (a-1)*cos + beta) / a0,
		-2 * a * ((a - 1) + (a+1)*cos) / a0,
		a * ((a + 1) + (a-1)*cos - beta) / a0,
		2 * ((a - 1) - (a+1)*cos) / a0,
		((a + 1) - (a-1)*cos - beta) / a0,
	}
}
