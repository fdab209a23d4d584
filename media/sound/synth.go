package sound

import (
	"math"
	"time"

	"partyline/media/resample"
)

// edge is the length of the raised-cosine rise and fall of every tone: long
// enough that no click is heard, short enough to keep a beep crisp.
const edge = 5 * time.Millisecond

// wideRate is what clips are composed at.
const wideRate = 2 * Rate

// Tone is a sine of the given level at 8 kHz, where 0 dBFS touches full scale,
// with edges of 5 ms.
func Tone(freq, dBFS float64, d time.Duration) []int16 {
	wave := make([]float64, count(d, Rate))
	amplitude := math.Pow(10, dBFS/20)
	for i := range wave {
		wave[i] = amplitude * math.Sin(2*math.Pi*freq*float64(i)/Rate)
	}
	shape(wave, count(edge, Rate))
	return quantise(wave)
}

func count(d time.Duration, rate int) int { return int(d * time.Duration(rate) / time.Second) }

// shape applies a raised cosine of n samples to both ends.
func shape(wave []float64, n int) {
	n = min(n, len(wave)/2)
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

// around is how much of a loop's other end is put before and after it when it
// is converted: more than any filter reaches.
const around = 400

// halve brings a wave from 16 to 8 kHz. It is taken as a loop: what is before
// its beginning is its end.
func halve(wave []float64) []float64 {
	down, err := resample.NewConverter(wideRate, Rate)
	if err != nil {
		panic(err) // both rates are known
	}
	in := make([]float32, 0, len(wave)+2*around)
	for i := -around; i < len(wave)+around; i++ {
		in = append(in, float32(wave[(i+len(wave))%len(wave)]))
	}
	out := down.Flush(down.Append(nil, in))[around/2:]
	half := make([]float64, len(wave)/2)
	for i := range half {
		half[i] = float64(out[i])
	}
	return half
}

// normalise scales a wave at 16 kHz so that its loudest 100 ms are at the
// given level.
func normalise(wave []float64, dBFS float64) {
	var loudest float64
	window := count(100*time.Millisecond, wideRate)
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
