package conceal_test

import (
	"math"
	"testing"

	"partyline/media/conceal"
)

// made is what is made up in place of 60 ms after sound.
func made(k int, sound []int16) []int16 {
	past := make([]int16, conceal.Memory*k)
	var c conceal.Concealer
	c.Heard(past, append([]int16(nil), sound...))
	out := make([]int16, 480*k)
	c.Invent(past, out)
	return out
}

// silentAfter tells whether a loss after sound is silent but for a fade of
// 4 ms.
func silentAfter(k int, sound []int16) bool {
	out := made(k, sound)
	return power(out[32*k:]) == 0
}

func TestSignallingIsNotMadeUp(t *testing.T) {
	for _, k := range []int{1, 2} {
		for _, low := range []float64{697, 770, 852, 941} {
			for _, high := range []float64{1209, 1336, 1477, 1633} {
				for _, off := range []float64{0.99, 1, 1.01} {
					digit := mixed(sine(k, low*off, -16, 400*k), sine(k, high*off, -12, 400*k))
					if !silentAfter(k, digit) {
						t.Errorf("%d kHz: DTMF of %g and %g Hz is repeated", 8*k, low*off, high*off)
					}
				}
			}
		}
		for _, freq := range []float64{1100, 2085, 2100, 2115, 2225} {
			for _, level := range []float64{-40, -10} {
				if !silentAfter(k, sine(k, freq, level, 400*k)) {
					t.Errorf("%d kHz: %g Hz of signalling is repeated", 8*k, freq)
				}
			}
		}
	}
}

// ANSam (ITU-T V.8 clause 7.2) is 2100 Hz with its amplitude modulated at
// 15 Hz and its phase reversed every 450 ms.
func TestAnsamIsNotMadeUp(t *testing.T) {
	pcm := sine(1, 2100, -12, 8000)
	for i := range pcm {
		x := float64(pcm[i]) * (1 + 0.2*math.Sin(2*math.Pi*15*float64(i)/8000))
		if i/3600%2 == 1 {
			x = -x
		}
		pcm[i] = int16(x)
	}
	for end := 800; end <= len(pcm); end += 20 {
		if !silentAfter(1, pcm[:end]) {
			t.Errorf("ANSam is repeated %d samples after its beginning", end)
		}
	}
}

// Tones that signal nothing, and voices, are made up.
func TestOtherSoundIsMadeUp(t *testing.T) {
	for _, k := range []int{1, 2} {
		for _, freq := range []float64{300, 440, 697, 1000, 1209, 1633, 2000, 2300} {
			if silentAfter(k, sine(k, freq, -12, 400*k)) {
				t.Errorf("%d kHz: nothing is made up of %g Hz", 8*k, freq)
			}
		}
		if silentAfter(k, mixed(sine(k, 350, -15, 400*k), sine(k, 440, -15, 400*k))) {
			t.Errorf("%d kHz: nothing is made up of a dial tone", 8*k)
		}
	}
	taken, ends := 0, 0
	for _, pitch := range []float64{80, 110, 150, 200, 260, 330} {
		voice := speech(1, pitch, 9, 20)
		for end := 800; end < len(voice); end += 160 {
			if power(voice[end-80:end]) < 300*300 {
				continue
			}
			ends++
			if silentAfter(1, voice[end-400:end]) {
				taken++
			}
		}
	}
	t.Logf("%d of %d frames of voices taken for signalling", taken, ends)
	if taken > ends/200 {
		t.Errorf("%d of %d frames of voices are taken for signalling", taken, ends)
	}
}
