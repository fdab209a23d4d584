package sound_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"partyline/media/sound"
)

var clips = map[string]func() []int16{
	"beep": sound.Beep, "chime": sound.Chime, "hold music": sound.HoldMusic,
	"PIN": sound.PromptPIN, "key": sound.PromptKey, "wrong": sound.PromptWrong,
	"accepted": sound.PromptAccepted, "goodbye": sound.PromptGoodbye,
}

// Every clip is as loud as speech on a trunk, does not clip, and begins and
// ends without a click.
func TestClips(t *testing.T) {
	for name, clip := range clips {
		pcm := clip()
		if len(pcm) < 800 || len(pcm)%160 != 0 {
			t.Errorf("%s: %d samples", name, len(pcm))
		}
		loudest := -120.0
		for part := range slices.Chunk(pcm, 800) {
			loudest = max(loudest, sound.Level(part))
		}
		if math.Abs(loudest+20) > 2 {
			t.Errorf("%s: %.1f dBFS at its loudest", name, loudest)
		}
		if peak := peakOf(pcm); peak > 16000 {
			t.Errorf("%s: peak %d", name, peak)
		}
		begin, end := pcm[:4], pcm[len(pcm)-4:] // half a millisecond
		if name != "hold music" && (peakOf(begin) > 100 || peakOf(end) > 100) {
			t.Errorf("%s: begins with %v and ends with %v", name, begin, end)
		}
		if &pcm[0] != &clip()[0] {
			t.Errorf("%s is made anew each time", name)
		}
	}
}

func TestClipsDiffer(t *testing.T) {
	for a, clip := range clips {
		for b, other := range clips {
			if a != b && slices.Equal(clip(), other()) {
				t.Errorf("%s and %s are the same", a, b)
			}
		}
	}
}

// The seam of the loop is as smooth as the rest of the piece, in the wave and
// in its loudness.
func TestHoldMusicLoops(t *testing.T) {
	pcm := sound.HoldMusic()
	if d := time.Duration(len(pcm)) * time.Second / sound.Rate; d < 8*time.Second {
		t.Errorf("only %v long", d)
	}
	twice := slices.Concat(pcm, pcm)
	seam := twice[len(pcm)-400 : len(pcm)+400]
	if at, before := bend(twice[len(pcm)-3:len(pcm)+3]), bend(twice[len(pcm)-803:len(pcm)-3]); at > before {
		t.Errorf("the wave bends by %d at the seam, by %d at most before it", at, before)
	}
	before, after := sound.Level(seam[:400]), sound.Level(seam[400:])
	if math.Abs(before-after) > 10 {
		t.Errorf("%.1f dBFS before the seam, %.1f after it", before, after)
	}
	for i := 0; i+800 <= len(twice); i += 800 {
		if level := sound.Level(twice[i : i+800]); level < -40 {
			t.Errorf("a hole of %.1f dBFS at %v", level, time.Duration(i)*time.Second/sound.Rate)
		}
	}
}

func TestTone(t *testing.T) {
	for _, freq := range []float64{440, 1000, 2010} {
		for _, level := range []float64{-40, -20, -3, 0} {
			pcm := sound.Tone(freq, level, time.Second)
			if len(pcm) != 8000 {
				t.Fatalf("%d samples", len(pcm))
			}
			middle := pcm[1600:6400]
			if got := sound.Goertzel(middle, sound.Rate, freq); math.Abs(got-level) > 0.1 {
				t.Errorf("%g Hz at %g dBFS measures %.2f", freq, level, got)
			}
			if got := sound.Level(middle); math.Abs(got-level) > 0.1 {
				t.Errorf("%g Hz at %g dBFS has a level of %.2f", freq, level, got)
			}
			if got := sound.Goertzel(middle, sound.Rate, freq+300); got > level-60 && got > -85 {
				t.Errorf("%g Hz at %g dBFS: %.1f dBFS beside it", freq, level, got)
			}
		}
	}
	if edge := sound.Tone(2000, 0, time.Second); peakOf(edge[:4]) > 600 || peakOf(edge[len(edge)-4:]) > 600 {
		t.Errorf("a tone begins with %v and ends with %v", edge[:4], edge[len(edge)-4:])
	}
	if got := sound.Tone(1000, -20, 0); len(got) != 0 {
		t.Errorf("a tone of no length has %d samples", len(got))
	}
	if peak := peakOf(sound.Tone(1000, 20, time.Second)); peak != 32767 {
		t.Errorf("a tone beyond full scale peaks at %d", peak)
	}
}

func TestMeasuringSilence(t *testing.T) {
	for _, pcm := range [][]int16{nil, make([]int16, 160)} {
		if sound.Level(pcm) != -120 || sound.Goertzel(pcm, sound.Rate, 1000) != -120 {
			t.Errorf("silence of %d samples measures %v and %v", len(pcm), sound.Level(pcm), sound.Goertzel(pcm, sound.Rate, 1000))
		}
	}
}

func peakOf(pcm []int16) int {
	peak := 0
	for _, x := range pcm {
		peak = max(peak, abs(x))
	}
	return peak
}

// bend is the greatest second difference.
func bend(pcm []int16) int {
	most := 0
	for i := 2; i < len(pcm); i++ {
		most = max(most, abs(pcm[i]-2*pcm[i-1]+pcm[i-2]))
	}
	return most
}

func abs(x int16) int { return int(math.Abs(float64(x))) }
