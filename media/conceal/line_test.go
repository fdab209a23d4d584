package conceal_test

import (
	"math"
	"math/rand/v2"

	"partyline/media/conceal"
)

// sine of a level in dBFS, at a rate of k times 8 kHz.
func sine(k int, freq, dBFS float64, n int) []int16 {
	amplitude := 32767 * math.Pow(10, dBFS/20)
	out := make([]int16, n)
	for i := range out {
		out[i] = int16(math.Round(amplitude * math.Sin(2*math.Pi*freq*float64(i)/float64(8000*k))))
	}
	return out
}

func mixed(a, b []int16) []int16 {
	out := make([]int16, len(a))
	for i := range out {
		out[i] = a[i] + b[i]
	}
	return out
}

// speech is something like a voice: syllables of a quarter of a second, of
// pulses whose pitch glides around the given one through the resonances of a
// vowel each, led in by hissing noise, every fifth left silent.
func speech(k int, pitch float64, seed uint64, seconds int) []int16 {
	vowels := [][3]float64{{730, 1090, 2440}, {270, 2290, 3010}, {300, 870, 2240}, {530, 1840, 2480}, {570, 840, 2410}}
	random := rand.New(rand.NewPCG(seed, 7))
	rate := float64(8000 * k)
	out := make([]int16, 0, 8000*k*seconds)
	var phase, tilt float64
	var state [3][2]float64
	for syllable := 0; len(out) < cap(out); syllable++ {
		vowel := vowels[random.IntN(len(vowels))]
		from, to := pitch*(0.85+0.3*random.Float64()), pitch*(0.85+0.3*random.Float64())
		level := 2500 * (0.5 + random.Float64())
		silent := syllable%5 == 4
		const length = 2000
		for i := range length * k {
			at := float64(i) / float64(length*k)
			hiss := at < 0.15
			var x float64
			switch {
			case silent:
			case hiss:
				x = random.NormFloat64() * 0.15
			default:
				if phase += (from + (to-from)*at) / rate; phase >= 1 {
					phase--
					x = 8
				}
				x += random.NormFloat64() * 0.02
			}
			tilt = 0.9*tilt + x
			y := tilt
			for r := range state {
				y = resonate(&state[r], y, vowel[r], 80+40*float64(r), rate)
			}
			envelope := math.Sin(math.Pi * at)
			out = append(out, int16(min(max(y*level*envelope, -30000), 30000)))
		}
	}
	return out[:cap(out)]
}

// resonate is a filter of two poles with a gain of one at its frequency's
// foot.
func resonate(s *[2]float64, x, freq, width, rate float64) float64 {
	r := math.Exp(-math.Pi * width / rate)
	a1, a2 := 2*r*math.Cos(2*math.Pi*freq/rate), -r*r
	y := (1-a1-a2)*x + a1*s[0] + a2*s[1]
	s[0], s[1] = y, s[0]
	return y
}

// through sends sound through a line that loses frames of 20 ms.
func through(pcm []int16, k int, lost func(i int) bool) []int16 {
	var c conceal.Concealer
	past := make([]int16, conceal.Memory*k)
	out := make([]int16, len(pcm))
	copy(out, pcm)
	for i := 0; (i+1)*160*k <= len(out); i++ {
		frame := out[i*160*k:][:160*k]
		if lost(i) {
			c.Invent(past, frame)
		} else {
			c.Heard(past, frame)
		}
	}
	return out
}

// silenced is the same line when lost frames are left silent.
func silenced(pcm []int16, k int, lost func(i int) bool) []int16 {
	out := make([]int16, len(pcm))
	copy(out, pcm)
	for i := 0; (i+1)*160*k <= len(out); i++ {
		if lost(i) {
			clear(out[i*160*k:][:160*k])
		}
	}
	return out
}

// random loses a share of the frames, never any of the first ten.
func random(seed uint64, share float64) func(int) bool {
	r := rand.New(rand.NewPCG(seed, 3))
	lost := make([]bool, 100000)
	for i := 10; i < len(lost); i++ {
		lost[i] = r.Float64() < share
	}
	return func(i int) bool { return lost[i] }
}

// bursts loses n frames in a row of every 23.
func bursts(n int) func(int) bool {
	return func(i int) bool { return i > 10 && i%23 < n }
}

// snr is the ratio of a tone to all else in dB.
func snr(pcm []int16, k int, freq float64) float64 {
	var re, im, total float64
	for i, x := range pcm {
		sin, cos := math.Sincos(2 * math.Pi * freq * float64(i) / float64(8000*k))
		re += float64(x) * cos
		im += float64(x) * sin
		total += float64(x) * float64(x)
	}
	tone := (re*re + im*im) * 2 / float64(len(pcm))
	return 10 * math.Log10(tone/max(total-tone, 1))
}

// segmental is the mean over lost frames of the ratio of sound to error in
// dB, each held within −10 to 35 as is usual, where there was sound to lose.
func segmental(want, got []int16, k int, lost func(int) bool) float64 {
	var sum float64
	n := 0
	for i := 0; (i+1)*160*k <= len(want); i++ {
		if !lost(i) {
			continue
		}
		var signal, noise float64
		for j := i * 160 * k; j < (i+1)*160*k; j++ {
			d := float64(want[j]) - float64(got[j])
			signal += float64(want[j]) * float64(want[j])
			noise += d * d
		}
		if signal > 160*float64(k)*50*50 {
			sum += min(max(10*math.Log10(signal/max(noise, 1)), -10), 35)
			n++
		}
	}
	return sum / float64(n)
}

// distance is the mean over lost frames of the difference of the spectra in
// dB, in 16 bands of 200 Hz from 200 Hz on, each no quieter than 40 dB under
// the loudest.
func distance(want, got []int16, k int, lost func(int) bool) float64 {
	var sum float64
	n := 0
	for i := 0; (i+1)*160*k <= len(want); i++ {
		a, b := bands(want[i*160*k:][:160*k], k), bands(got[i*160*k:][:160*k], k)
		loudest := 0.0
		for _, x := range a {
			loudest = max(loudest, x)
		}
		if !lost(i) || loudest < 50 {
			continue
		}
		var square float64
		for j := range a {
			d := 20 * math.Log10(max(a[j], loudest/100)/max(b[j], loudest/100))
			square += d * d
		}
		sum += math.Sqrt(square / float64(len(a)))
		n++
	}
	return sum / float64(n)
}

func bands(part []int16, k int) (level [16]float64) {
	smooth := make([]float64, len(part))
	for i, x := range part {
		smooth[i] = float64(x) * (0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(len(part))))
	}
	for j := range level {
		turn := 2 * math.Cos(2*math.Pi*float64(200+200*j)/float64(8000*k))
		var s1, s2 float64
		for _, x := range smooth {
			s1, s2 = x+turn*s1-s2, s1
		}
		level[j] = math.Sqrt(max(s1*s1+s2*s2-turn*s1*s2, 0)) / float64(len(part))
	}
	return level
}

// click is the most that two second differences in a row of got exceed the
// greatest of want within 10 ms around, relative to want's peak.
func click(want, got []int16, k int) float64 {
	bend := func(x []int16, i int) float64 {
		return math.Abs(float64(x[i+1]) - 2*float64(x[i]) + float64(x[i-1]))
	}
	var worst, peak float64
	for _, x := range want {
		peak = max(peak, math.Abs(float64(x)))
	}
	var usual float64
	for i := 1; i+1 < len(want); i++ {
		usual = max(usual, bend(want, i))
	}
	for i := 1; i+1 < len(got); i++ {
		worst = max(worst, bend(got, i)-usual)
	}
	return worst / peak
}
