package ear

import (
	"math"

	"partyline/media/g711"
)

// The grid of tones: every period divides 10 ms, so that a tone looks the same
// in each 20 ms frame and all tones are orthogonal over one.
const (
	Rate      = 8000 // samples a second
	FrameSize = 160  // samples of 20 ms
	Tones     = 30   // 400, 500 … 3300 Hz

	fold     = 80   // samples of 10 ms, after which every tone repeats
	markFreq = 3500 // Hz; above all tones
)

// Level is the amplitude of each tone and of a mark: −26 dBFS, so that ten of
// them stay below any limiter.
const Level = 1642.0

// Frequency of a tone in Hz.
func Frequency(tone int) float64 { return 400 + 100*float64(tone) }

// Frame is 20 ms in PCMU.
type Frame [FrameSize]byte

// Voice is a frame of one tone; a negative tone is digital silence.
func Voice(tone int) *Frame { return frame(tone, false) }

// Marked is Voice with a mark: a burst of 3500 Hz that fills the frame.
func Marked(tone int) *Frame { return frame(tone, true) }

func frame(tone int, marked bool) *Frame {
	var pcm [FrameSize]int16
	for i := range pcm {
		t, x := float64(i)/Rate, 0.0
		if tone >= 0 {
			x += math.Sin(2 * math.Pi * Frequency(tone) * t)
		}
		if marked {
			x += math.Sin(2 * math.Pi * markFreq * t)
		}
		pcm[i] = int16(math.Round(Level * x))
	}
	var f Frame
	g711.EncodeMu(f[:], pcm[:])
	return &f
}

// wave holds one period grid of a frequency for correlation, scaled so that a
// sum over 80 samples is an amplitude.
type wave struct{ cos, sin [fold]float32 }

func newWave(freq float64) (w wave) {
	for i := range fold {
		p := 2 * math.Pi * freq * float64(i) / Rate
		w.cos[i], w.sin[i] = float32(math.Cos(p)*2/fold), float32(math.Sin(p)*2/fold)
	}
	return w
}

var (
	waves = func() (ws [Tones]wave) {
		for t := range ws {
			ws[t] = newWave(Frequency(t))
		}
		return ws
	}()
	markWave = newWave(markFreq)
	linear   = func() (table [256]int32) {
		var pcm [1]int16
		for code := range table {
			g711.DecodeMu(pcm[:], []byte{byte(code)})
			table[code] = int32(pcm[0])
		}
		return table
	}()
)

// at correlates folded samples with the wave.
func (w *wave) at(x *[fold]int32) (re, im float32) {
	for i, v := range x {
		re += float32(v) * w.cos[i]
		im += float32(v) * w.sin[i]
	}
	return re, im
}

func amplitude(re, im float32) float64 { return math.Hypot(float64(re), float64(im)) }
