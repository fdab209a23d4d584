package sound_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"partyline/media/sound"
)

// The seam of the loop is as smooth as the rest of the piece, in the wave and
// in its loudness, at both rates.
func TestHoldMusicLoops(t *testing.T) {
	for rate, pcm := range map[int][]int16{8000: sound.HoldMusic(), 16000: sound.HoldMusicWide()} {
		if d := time.Duration(len(pcm)) * time.Second / time.Duration(rate); d < 30*time.Second || d > time.Minute {
			t.Errorf("%v long", d)
		}
		frame := rate / 20
		twice := slices.Concat(pcm, pcm)
		seam := twice[len(pcm)-frame : len(pcm)+frame]
		if at, before := bend(twice[len(pcm)-3:len(pcm)+3]), bend(twice[len(pcm)-2*frame-3:len(pcm)-3]); at > before {
			t.Errorf("%d Hz: the wave bends by %d at the seam, by %d at most before it", rate, at, before)
		}
		before, after := sound.Level(seam[:frame]), sound.Level(seam[frame:])
		if math.Abs(before-after) > 10 {
			t.Errorf("%d Hz: %.1f dBFS before the seam, %.1f after it", rate, before, after)
		}
		for i := 0; i+2*frame <= len(twice); i += 2 * frame {
			if level := sound.Level(twice[i : i+2*frame]); level < -32 {
				t.Errorf("%d Hz: a hole of %.1f dBFS at %v", rate, level, time.Duration(i)*time.Second/time.Duration(rate))
			}
		}
	}
}

// Hold music is as loud as the prompts around it, hour after hour, and holds
// no attack that startles: from one 50 ms to the next it grows by 8 dB at most.
func TestHoldMusicIsCalm(t *testing.T) {
	for rate, pcm := range map[int][]int16{8000: sound.HoldMusic(), 16000: sound.HoldMusicWide()} {
		if l := sound.Level(pcm); l < -24 || l > -20 {
			t.Errorf("%.1f dBFS at %d Hz", l, rate)
		}
		last, steepest := 0.0, 0.0
		for part := range slices.Chunk(pcm, rate/20) {
			l := sound.Level(part)
			if last != 0 {
				steepest = max(steepest, l-last)
			}
			last = l
		}
		t.Logf("%d Hz: %.1f dBFS, it grows by %.1f dB in 50 ms at most", rate, sound.Level(pcm), steepest)
		if steepest > 8 {
			t.Errorf("%d Hz: it grows by %.1f dB in 50 ms", rate, steepest)
		}
	}
}
