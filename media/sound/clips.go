// Package sound composes the sounds callers hear from the bridge itself, as
// 16-bit samples at 8 and at 16 kHz, and measures levels and tones. Everything
// is computed: there are no recordings.
package sound

import (
	"math"
	"sync"
	"time"
)

// level of every clip: what G.711 trunks carry as comfortable speech.
const level = -20

// note is a sound within a melody.
type note struct {
	freq  float64 // Hz; 0 is a rest
	start time.Duration
	long  time.Duration
}

// clip is a sound at both rates.
type clip struct{ narrow, wide []int16 }

// Each clip is made on first use and then shared: callers must not modify it.
var (
	beep  = melody(note{880, 0, 160 * ms})
	chime = melody(note{1046.5, 0, 350 * ms}, note{784, 220 * ms, 480 * ms})
	music = sync.OnceValue(compose)
)

// Beep is the short single tone that someone has joined, at 8 kHz.
func Beep() []int16 { return beep().narrow }

// BeepWide is Beep at 16 kHz.
func BeepWide() []int16 { return beep().wide }

// Chime is two falling bells, at 8 kHz: someone has left.
func Chime() []int16 { return chime().narrow }

// ChimeWide is Chime at 16 kHz.
func ChimeWide() []int16 { return chime().wide }

// HoldMusic is a calm piece of 51 seconds that loops without a seam, at 8 kHz.
func HoldMusic() []int16 { return music().narrow }

// HoldMusicWide is HoldMusic at 16 kHz.
func HoldMusicWide() []int16 { return music().wide }

const ms = time.Millisecond

// melody makes a clip of notes.
func melody(notes ...note) func() clip {
	return sync.OnceValue(func() clip {
		var end time.Duration
		for _, n := range notes {
			end = max(end, n.start+n.long)
		}
		wave := make([]float64, count(end, wideRate))
		for _, n := range notes {
			bell(wave, n, 0.25)
		}
		normalise(wave, level)
		return clip{narrow: quantise(halve(wave)), wide: quantise(wave)}
	})
}

// bell adds a note: a fundamental, two soft harmonics and a gentle decay.
func bell(wave []float64, n note, gain float64) {
	voice := make([]float64, count(n.long, wideRate))
	for i := range voice {
		t := float64(i) / wideRate
		phase := 2 * math.Pi * n.freq * t
		decay := math.Exp(-2 * t / n.long.Seconds())
		voice[i] = gain * decay * (math.Sin(phase) + 0.25*math.Sin(2*phase) + 0.08*math.Sin(3*phase))
	}
	shape(voice, count(8*ms, wideRate))
	mix(wave, voice, n.start)
}

// mix adds a voice at its time. What does not fit at the end goes on at the
// beginning, which is what makes a loop seamless.
func mix(wave, voice []float64, start time.Duration) {
	at := count(start, wideRate)
	for i, x := range voice {
		wave[(at+i)%len(wave)] += x
	}
}
