package g722_test

import (
	"math"
	"math/rand/v2"
)

const rate = 16000

// sweep is a sine from 50 to 7950 Hz at 90 % of full scale.
func sweep(samples int) []int16 {
	pcm := make([]int16, samples)
	phase := 0.0
	for i := range pcm {
		phase += 2 * math.Pi * (50 + 7900*float64(i)/float64(samples)) / rate
		pcm[i] = int16(29491 * math.Sin(phase))
	}
	return pcm
}

// noise is white, its level rising from nothing to full scale.
func noise(samples int, seed uint64) []int16 {
	pcm := make([]int16, samples)
	dice := rand.New(rand.NewPCG(seed, 0))
	for i := range pcm {
		pcm[i] = int16((2*dice.Float64() - 1) * 32767 * float64(i) / float64(samples))
	}
	return pcm
}

func tone(freq, dBFS float64, samples int) []int16 {
	pcm := make([]int16, samples)
	amplitude := 32767 * math.Pow(10, dBFS/20)
	for i := range pcm {
		pcm[i] = int16(math.Round(amplitude * math.Sin(2*math.Pi*freq*float64(i)/rate)))
	}
	return pcm
}

// speech sounds like a voice without words: a gliding train of pulses and
// some breath through three moving resonances, in syllables of 250 ms with
// rests between phrases. Its loudest syllables are at about −20 dBFS.
func speech(samples int, seed uint64) []int16 {
	dice := rand.New(rand.NewPCG(seed, 1))
	pcm := make([]int16, samples)
	var mouth [3]resonance
	const syllable = rate / 4
	var loud, voiced, pitch, period float64
	for i := range pcm {
		at := i % syllable
		if at == 0 {
			pitch = 90 + 80*dice.Float64()
			voiced = 1
			if dice.IntN(4) == 0 {
				voiced = 0 // a consonant
			}
			loud = 0.3 + 0.7*dice.Float64()
			if i/syllable%8 >= 6 {
				loud = 0
			}
			mouth[0].aim(300+500*dice.Float64(), 80)
			mouth[1].aim(900+1400*dice.Float64(), 120)
			mouth[2].aim(2400+4000*dice.Float64(), 300)
		}
		breath := 0.03 * (1 + 5*(1-voiced)) * dice.NormFloat64()
		if period -= 1; period <= 0 {
			period += rate / (pitch * (1 + 0.1*math.Sin(float64(i)/3000)))
			breath += voiced
		}
		shape := math.Sin(math.Pi * float64(at) / syllable)
		x := breath * loud * shape * 6000
		y := 0.0
		for j := range mouth {
			y += mouth[j].next(x)
		}
		pcm[i] = int16(math.Round(min(max(y, -32768), 32767)))
	}
	return pcm
}

// resonance is a pair of poles.
type resonance struct{ a, b, g, y1, y2 float64 }

func (r *resonance) aim(freq, width float64) {
	radius := math.Exp(-math.Pi * width / rate)
	r.a, r.b = 2*radius*math.Cos(2*math.Pi*freq/rate), -radius*radius
	r.g = 1 - radius*radius
	r.g = math.Sqrt(r.g)
}

func (r *resonance) next(x float64) float64 {
	y := r.g*x + r.a*r.y1 + r.b*r.y2
	r.y1, r.y2 = y, r.y1
	return y
}

// snr is how far what differs lies below what is meant, in dB.
func snr(want, got []int16) float64 {
	var signal, wrong float64
	for i := range want {
		d := float64(want[i]) - float64(got[i])
		signal += float64(want[i]) * float64(want[i])
		wrong += d * d
	}
	if wrong == 0 {
		return 200
	}
	return 10 * math.Log10(signal/wrong)
}
