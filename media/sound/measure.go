package sound

import "math"

// Rate of all sound here, in samples a second.
const Rate = 8000

// silenceDBFS is what the measuring functions say of digital silence, whose
// level in decibels is otherwise −∞.
const silenceDBFS = -120

// Goertzel is the level of one frequency in samples, in dBFS: 0 is a sine
// that touches full scale. Digital silence is −120. The window is
// rectangular: whole periods within samples measure exactly.
func Goertzel(samples []int16, rate int, freq float64) float64 {
	if len(samples) == 0 || rate <= 0 {
		return silenceDBFS
	}
	omega := 2 * math.Pi * freq / float64(rate)
	turn := 2 * math.Cos(omega)
	var s1, s2 float64
	for _, x := range samples {
		s1, s2 = float64(x)+turn*s1-s2, s1
	}
	power := s1*s1 + s2*s2 - turn*s1*s2
	return decibel(math.Sqrt(max(power, 0)) * 2 / float64(len(samples)) / fullScale)
}

// Level is the root mean square of samples in dBFS, where 0 is a sine that
// touches full scale. Digital silence is −120.
func Level(samples []int16) float64 {
	if len(samples) == 0 {
		return silenceDBFS
	}
	var sum float64
	for _, x := range samples {
		sum += float64(x) * float64(x)
	}
	return decibel(math.Sqrt(2*sum/float64(len(samples))) / fullScale)
}

const fullScale = 32767

func decibel(ratio float64) float64 {
	if ratio <= 0 {
		return silenceDBFS
	}
	return max(20*math.Log10(ratio), silenceDBFS)
}
