package media

import (
	"math"
	"testing"

	"partyline/media/sound"
)

// tone is a voice: a sine that never ends.
func tone(freq, dBFS float64) func(int64) int16 {
	amplitude := 32767 * math.Pow(10, dBFS/20)
	return func(n int64) int16 {
		return int16(math.Round(amplitude * math.Sin(2*math.Pi*freq*float64(n)/8000)))
	}
}

// hears is the level of a frequency in what the phone heard.
func (p *phone) hears(freq float64) float64 {
	return sound.Goertzel(p.heard, 8000, freq)
}

var (
	talks   = Audio{Speaks: true, Hears: true}
	listens = Audio{Hears: true}
)

func TestTwoLegsHearEachOtherAndNotThemselves(t *testing.T) {
	for _, workers := range []int{1, 2} {
		r := newRig(t, workers)
		a, b := r.call(tone(1000, -10)), r.call(tone(1600, -10))
		room := r.e.NewRoom()
		room.Update(Change{a.leg.ID(), talks}, Change{b.leg.ID(), talks})
		r.ticks(20)
		a.forget()
		b.forget()
		r.ticks(50)
		if got := a.hears(1600); got < -10.5 || got > -9.5 {
			t.Errorf("%d workers: a hears b at %.1f dBFS, want -10", workers, got)
		}
		if got := a.hears(1000); got > -80 {
			t.Errorf("%d workers: a hears itself at %.1f dBFS", workers, got)
		}
		if got := b.hears(1000); got < -10.5 || got > -9.5 {
			t.Errorf("%d workers: b hears a at %.1f dBFS, want -10", workers, got)
		}
		if got := b.hears(1600); got > -80 {
			t.Errorf("%d workers: b hears itself at %.1f dBFS", workers, got)
		}
	}
}
