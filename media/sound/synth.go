package sound

import (
	"math"
	"time"
)

// edge is the length of the raised-cosine rise and fall of every note: long
// enough that no click is heard, short enough to keep a beep crisp.
const edge = 5 * time.Millisecond

// Tone is a sine of the given level, where 0 dBFS touches full scale, with
// edges of 5 ms.
func Tone(freq, dBFS float64, d time.Duration) []int16 {
	wave := make([]float64, count(d))
	amplitude := math.Pow(10, dBFS/20)
	for i := range wave {
		wave[i] = amplitude * math.Sin(2*math.Pi*freq*float64(i)/Rate)
	}
	shape(wave, edge)
	return quantise(wave)
}

func count(d time.Duration) int { return int(d * Rate / time.Second) }

// shape applies a raised cosine to both ends.
func shape(wave []float64, edge time.Duration) {
	n := min(count(edge), len(wave)/2)
	for i := range n {
		gain := 0.5 - 0.5*math.Cos(math.Pi*float64(i)/float64(n))
		wave[i] *= gain
		wave[len(wave)-1-i] *= gain
	}
}

// quantise rounds a wave of ±1 to samples.
func quantise(wave []float64) []int16 {
	out := make([]int16, len(wave))
	for i, x := range wave {
		out[i] = int16(math.Round(min(max(x, -1), 1) * fullScale))
	}
	return out
}

// normalise scales a wave so that its loudest 100 ms are at the given level.
func normalise(wave []float64, dBFS float64) {
	var loudest float64
	window := count(100 * time.Millisecond)
	for start := 0; start < len(wave); start += window {
		part := wave[start:min(start+window, len(wave))]
		var sum float64
		for _, x := range part {
			sum += x * x
		}
		loudest = max(loudest, math.Sqrt(2*sum/float64(len(part))))
	}
	if loudest == 0 {
		return
	}
	gain := math.Pow(10, dBFS/20) / loudest
	for i := range wave {
		wave[i] *= gain
	}
}
