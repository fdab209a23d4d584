package clips_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"partyline/media"
	"partyline/media/clips"
	"partyline/media/sound"
)

// wave is the sound that the files in testdata hold: 1.2 s of a tone that
// rises from 300 to 3,000 Hz and swells, beside one of 500 Hz.
func wave(rate int) []float64 {
	out := make([]float64, rate*6/5)
	for i := range out {
		out[i] = waveAt(float64(i) / float64(rate))
	}
	return out
}

// waveAt is the wave at a time in seconds.
func waveAt(t float64) float64 {
	x := 0.2*math.Sin(2*math.Pi*(300*t+2700/1.2*t*t/2))*(0.6+0.4*math.Sin(2*math.Pi*4*t)) + 0.1*math.Sin(2*math.Pi*500*t)
	return x * min(1, t/0.02, (1.2-t)/0.02)
}

func decode(t testing.TB, file []byte) *media.Clip {
	t.Helper()
	clip, _, err := clips.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return clip
}

// likeness is how far what differs from the wave lies below it, in decibels,
// at the delay at which it is least, and that delay in samples at 16 kHz:
// one of those near to what is expected.
func likeness(pcm []int16, near float64) (snr, late float64) {
	snr = -100
	try := func(delay float64) {
		var xy, xx, yy float64
		for i := 1600 + int(max(delay, 0)); i < min(17600+int(delay), len(pcm)); i++ {
			x, y := waveAt((float64(i)-delay)/16000), float64(pcm[i])
			xy, xx, yy = xy+x*y, xx+x*x, yy+y*y
		}
		if rest := yy - xy*xy/xx; xy > 0 {
			if s := 10 * math.Log10(yy/max(rest, 1e-9)); s > snr {
				snr, late = s, delay
			}
		}
	}
	for d := -2.0; d <= 2; d += 0.25 {
		try(near + d)
	}
	for at, d := late, -0.2; d <= 0.2; d += 0.05 {
		try(at + d)
	}
	return snr, late
}

// The files of other programs are heard as what went into them.
func TestDecodeFiles(t *testing.T) {
	for _, c := range []struct {
		file, source string
		snr          float64 // dB: what the coding leaves
		late         float64 // samples at 16 kHz that the coder itself adds in front
	}{
		{"stereo.mp3", "mp3", 30, 818.9},
		{"mono22.mp3", "mp3", 25, 1219.8},
		{"stereo.flac", "flac", 70, 0},
		{"mono24.flac", "flac", 70, 0},
		{"silk.opus", "ogg", 15, 0},
		{"hybrid.opus", "ogg", 15, 0},
		{"celt.opus", "ogg", 35, 0},
		{"stereo.ogg", "ogg", 30, 0},
		{"mono22.ogg", "ogg", 25, 0},
	} {
		t.Run(c.file, func(t *testing.T) {
			clip, source, err := clips.Decode(bytes.NewReader(read(t, c.file)))
			if err != nil {
				t.Fatal(err)
			}
			if source != c.source {
				t.Errorf("it is said to be %s", source)
			}
			snr, late := likeness(clip.Wide, c.late)
			t.Logf("%.1f dB, %.2f samples late, %v long", snr, late, clip.Length())
			if snr < c.snr || math.Abs(late-c.late) > 1.5 {
				t.Errorf("likeness %.1f dB, %.2f samples late", snr, late)
			}
			// An MP3 file does not say how much of its end is padding.
			if d := clip.Length(); d != 1200*time.Millisecond && c.source != "mp3" || d > 1330*time.Millisecond {
				t.Errorf("%v long", d)
			}
			checkClip(t, clip)
		})
	}
}

// checkClip holds what is true of every clip.
func checkClip(t testing.TB, clip *media.Clip) {
	t.Helper()
	if len(clip.Wide) != 2*len(clip.PCM) {
		t.Errorf("%d samples at 8 kHz and %d at 16 kHz", len(clip.PCM), len(clip.Wide))
	}
	for rate, pcm := range map[int][]int16{8000: clip.PCM, 16000: clip.Wide} {
		if l := sound.SpeechLevel(pcm, rate); math.Abs(l+20) > 1 {
			t.Errorf("%.1f dBFS at %d Hz", l, rate)
		}
		for i, x := range pcm {
			if x > 23198 || x < -23198 { // −3 dBFS
				t.Errorf("sample %d at %d Hz is %d", i, rate, x)
				break
			}
		}
	}
}

// Soft and loud files come out alike; a single crack does not make the rest
// inaudible; a constant is taken out.
func TestLevelling(t *testing.T) {
	loud := wave(16000)
	for name, change := range map[string]func(i int, x float64) float64{
		"soft":     func(_ int, x float64) float64 { return x / 100 },
		"too loud": func(_ int, x float64) float64 { return min(max(x*30, -1), 1) },
		"offset":   func(_ int, x float64) float64 { return x + 0.3 },
		"crack": func(i int, x float64) float64 {
			if i == 9000 {
				return 1
			}
			return x / 10
		},
	} {
		changed := make([]float64, len(loud))
		for i, x := range loud {
			changed[i] = change(i, x)
		}
		clip := decode(t, form{1, 16000, 1, 16, false}.file(changed))
		checkClip(t, clip)
		var sum float64
		for _, x := range clip.Wide {
			sum += float64(x)
		}
		if mean := sum / float64(len(clip.Wide)); math.Abs(mean) > 20 {
			t.Errorf("%s: an offset of %.0f", name, mean)
		}
	}
}

// What another decoder makes of a file is what ours makes of it: with blocks
// of both sizes and coupled channels, and with a channel that is silent now
// and then.
func TestVorbisAsOthersDo(t *testing.T) {
	for _, name := range []string{"transients", "aside"} {
		got, want := decode(t, read(t, name+".ogg")), decode(t, read(t, name+".flac")) // by libvorbis
		if len(got.Wide) != len(want.Wide) {
			t.Fatalf("%s: %d samples and not %d", name, len(got.Wide), len(want.Wide))
		}
		var signal, rest float64
		for i, x := range want.Wide {
			d := float64(got.Wide[i]) - float64(x)
			signal, rest = signal+float64(x)*float64(x), rest+d*d
		}
		snr := 10 * math.Log10(signal/rest)
		t.Logf("%s: %.1f dB", name, snr)
		if snr < 60 {
			t.Errorf("%s: they differ: %.1f dB", name, snr)
		}
	}
}

// A page that is damaged is passed over, and so is what lies between pages:
// the rest is heard.
func TestOggDamaged(t *testing.T) {
	file := read(t, "celt.opus")
	whole := decode(t, file).Length()
	at := bytes.LastIndex(file, []byte("OggS"))
	if got := decode(t, slices.Concat(file[:at], []byte("OggS, but no page"), file[at:])).Length(); got != whole {
		t.Errorf("with something between its pages %v is %v long", whole, got)
	}
	at = bytes.LastIndex(file[:at], []byte("OggS"))
	file[at+500]++
	if got := decode(t, file).Length(); got < whole/2 || got > whole*9/10 {
		t.Errorf("with a page damaged %v is %v long", whole, got)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return file
}
