package sound

import "math"

// speechDepth is how far below the loudest frame, in decibels, a frame still
// counts as voice: vowels and voiced consonants lie within it, pauses, breath
// and the noise between words do not.
const speechDepth = 20

// SpeechLevel is the level of the voiced part of samples at a rate, in dBFS
// as Level has it: the root mean square of those frames of 20 ms that lie
// within 20 dB of the loudest one. Pauses thus do not count, which is the
// purpose of the active speech level of ITU-T P.56, by simpler means: what is
// measured here is short and free of noise. Digital silence is −120.
func SpeechLevel(samples []int16, rate int) float64 {
	frame := rate / 50
	if len(samples) == 0 || frame == 0 {
		return silenceDBFS
	}
	var powers []float64
	var loudest float64
	for at := 0; at < len(samples); at += frame {
		part := samples[at:min(at+frame, len(samples))]
		var sum float64
		for _, x := range part {
			sum += float64(x) * float64(x)
		}
		power := sum / float64(len(part))
		powers = append(powers, power)
		loudest = max(loudest, power)
	}
	least := loudest * math.Pow(10, -speechDepth/10.0)
	var sum float64
	var n int
	for _, p := range powers {
		if p >= least {
			sum, n = sum+p, n+1
		}
	}
	return decibel(math.Sqrt(2*sum/float64(n)) / fullScale)
}
