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
}

// wide are the clips that are there at 16 kHz, too.
var wide = map[string]func() []int16{
	"beep": sound.BeepWide, "chime": sound.ChimeWide, "hold music": sound.HoldMusicWide,
}

// At 16 kHz a clip is the same sound at the same time, equally clean.
func TestWideClips(t *testing.T) {
	for name, clip := range wide {
		narrow, pcm := clips[name](), clip()
		if len(pcm) != 2*len(narrow) {
			t.Fatalf("%s: %d samples at 8 kHz and %d at 16 kHz", name, len(narrow), len(pcm))
		}
		var xy, xx, yy float64
		for i, x := range narrow {
			// Music has nothing near the end of the band, nor at its seam: it
			// is the same to the last bits.
			if d := int(x) - int(pcm[2*i]); name == "hold music" && (d > 3 || d < -3) {
				t.Fatalf("%s: at %d it is %d at 8 kHz and %d at 16 kHz", name, i, x, pcm[2*i])
			}
			y := float64(pcm[2*i])
			xy, xx, yy = xy+float64(x)*y, xx+float64(x)*float64(x), yy+y*y
		}
		if r := xy / math.Sqrt(xx*yy); r < 0.9999 {
			t.Errorf("%s: correlation %.5f", name, r)
		}
		if begin, end := pcm[:8], pcm[len(pcm)-8:]; name != "hold music" && (peakOf(begin) > 100 || peakOf(end) > 100) {
			t.Errorf("%s: begins with %v and ends with %v", name, begin, end)
		}
		if &pcm[0] != &clip()[0] {
			t.Errorf("%s is made anew each time", name)
		}
	}
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

// The voiced part is measured, and not the pauses.
func TestSpeechLevel(t *testing.T) {
	for rate, tone := range map[int][]int16{8000: sound.Tone(400, -20, time.Second), 16000: sound.Tone(800, -20, time.Second)} {
		// What is at 8 kHz is taken for 16 kHz: half as long, twice as high.
		tone = tone[rate/100 : len(tone)-rate/100]
		if got := sound.SpeechLevel(tone, rate); math.Abs(got+20) > 0.2 {
			t.Errorf("a tone of −20 dBFS measures %.2f", got)
		}
		paused := slices.Concat(make([]int16, rate), tone, make([]int16, 4*rate), tone)
		for i := range paused {
			paused[i] += int16(i % 2) // a murmur
		}
		if got := sound.SpeechLevel(paused, rate); math.Abs(got+20) > 0.4 {
			t.Errorf("with pauses it measures %.2f", got)
		}
	}
	if got := sound.SpeechLevel(nil, 8000); got != -120 {
		t.Errorf("nothing measures %.1f", got)
	}
	if got := sound.SpeechLevel(make([]int16, 800), 8000); got != -120 {
		t.Errorf("silence measures %.1f", got)
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
