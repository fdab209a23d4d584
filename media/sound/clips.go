// Package sound composes the sounds callers hear from the bridge itself, as
// 16-bit samples at 8 kHz, and measures levels and tones. Everything is
// computed: there are no recordings.
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

// Each clip is made on first use and then shared: callers must not modify it.
var (
	// Beep is the short single tone that someone has joined.
	Beep = melody(0, note{880, 0, 160 * ms})
	// Chime is two falling bells: someone has left.
	Chime = melody(0, note{1046.5, 0, 350 * ms}, note{784, 220 * ms, 480 * ms})
	// PromptPIN asks for the PIN: three rising notes and a question's leap.
	PromptPIN = melody(600*ms,
		note{523.25, 0, 180 * ms}, note{659.25, 200 * ms, 180 * ms},
		note{784, 400 * ms, 180 * ms}, note{1046.5, 640 * ms, 360 * ms})
	// PromptKey asks for any key: two equal knocks and a higher one.
	PromptKey = melody(600*ms,
		note{659.25, 0, 140 * ms}, note{659.25, 200 * ms, 140 * ms}, note{880, 400 * ms, 300 * ms})
	// PromptWrong says that it was wrong: two low notes, falling.
	PromptWrong = melody(0, note{311.13, 0, 260 * ms}, note{233.08, 300 * ms, 460 * ms})
	// PromptAccepted says welcome: a quick rising triad.
	PromptAccepted = melody(0,
		note{523.25, 0, 110 * ms}, note{659.25, 120 * ms, 110 * ms}, note{784, 240 * ms, 300 * ms})
	// PromptGoodbye closes the call: a falling triad.
	PromptGoodbye = melody(0,
		note{784, 0, 200 * ms}, note{659.25, 220 * ms, 200 * ms}, note{523.25, 440 * ms, 500 * ms})
	// HoldMusic is a calm piece of sixteen seconds that loops without a seam.
	HoldMusic = sync.OnceValue(compose)
)

const ms = time.Millisecond

// melody makes a clip of notes, with silence of the given length after the
// last.
func melody(rest time.Duration, notes ...note) func() []int16 {
	return sync.OnceValue(func() []int16 {
		var end time.Duration
		for _, n := range notes {
			end = max(end, n.start+n.long)
		}
		wave := make([]float64, count(end+rest))
		for _, n := range notes {
			ring(wave, n, 0.25)
		}
		normalise(wave, level)
		return quantise(wave)
	})
}

// ring adds a note: a fundamental, two soft harmonics and a gentle decay.
// What does not fit at the end goes on at the beginning, which is what makes
// a loop seamless.
func ring(wave []float64, n note, gain float64) {
	voice := make([]float64, count(n.long))
	for i := range voice {
		t := float64(i) / Rate
		phase := 2 * math.Pi * n.freq * t
		decay := math.Exp(-2 * t / n.long.Seconds())
		voice[i] = gain * decay * (math.Sin(phase) + 0.25*math.Sin(2*phase) + 0.08*math.Sin(3*phase))
	}
	shape(voice, 8*ms)
	at := count(n.start)
	for i, x := range voice {
		wave[(at+i)%len(wave)] += x
	}
}
