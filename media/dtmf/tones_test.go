package dtmf_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"partyline/media/dtmf"
	"partyline/media/prompt"
)

var (
	rows    = []float64{697, 770, 852, 941}
	columns = []float64{1209, 1336, 1477, 1633}
	pad     = [4]string{"123A", "456B", "789C", "*0#D"}
)

// key makes sound of a key: both tones at their levels in dBFS, off by a share
// of their frequency.
type key struct {
	row, column int
	low, high   float64
	off         float64
	noise       float64 // dBFS of a uniform noise; 0 is none
}

func (k key) sound(rate, ms int) []int16 {
	pcm := make([]int16, rate*ms/1000)
	a, b := 32767*math.Pow(10, k.low/20), 32767*math.Pow(10, k.high/20)
	n := 0.0
	if k.noise != 0 {
		n = 32767 * math.Pow(10, k.noise/20) * math.Sqrt(1.5)
	}
	random := rand.New(rand.NewPCG(1, uint64(ms)))
	for i := range pcm {
		t := 2 * math.Pi * float64(i) / float64(rate)
		pcm[i] = int16(a*math.Sin(t*rows[k.row]*(1+k.off)) + b*math.Sin(t*columns[k.column]*(1+k.off)) + n*(2*random.Float64()-1))
	}
	return pcm
}

// hear gives a detector sound in pieces of 20 ms, from a place within the
// first piece on; it returns what was pressed and how many samples of sound
// louder than −50 dBFS were let through.
func hear(pcm []int16, rate, shift int) (pressed string, leaked int) {
	var d dtmf.Tones
	step := rate / 50
	all := append(make([]int16, step+shift), pcm...)
	all = append(all, make([]int16, 10*step)...)
	for at := 0; at+step <= len(all); at += step {
		piece := all[at : at+step]
		present, p := d.Hear(piece, rate == 16000)
		if p != 0 {
			pressed += string(p)
		}
		if !present {
			for _, x := range piece {
				if x > 100 || x < -100 {
					leaked++
				}
			}
		}
	}
	return pressed, leaked
}

// Every key, at both rates, wherever the ticks fall: found once, and no more
// of it is heard than the pieces in which it is not whole.
func TestEveryKeyIsFoundOnceAndTakenOut(t *testing.T) {
	for r := range rows {
		for c := range columns {
			for _, rate := range []int{8000, 16000} {
				for shift := 0; shift < rate/50; shift += rate / 400 {
					k := key{row: r, column: c, low: -12, high: -10}
					got, leaked := hear(k.sound(rate, 100), rate, shift)
					if want := string(pad[r][c]); got != want {
						t.Errorf("%s at %d Hz, shift %d: heard %q", want, rate, shift, got)
					}
					if most := rate * 20 / 1000; leaked > most {
						t.Errorf("%c at %d Hz, shift %d: %d ms of it are heard", pad[r][c], rate, shift, leaked*1000/rate)
					}
				}
			}
		}
	}
}

// What Q.24 asks of a receiver, and what it must not take for a key.
func TestKeysAtTheEdge(t *testing.T) {
	for _, c := range []struct {
		name string
		k    key
		ms   int
		want bool
	}{
		{"loud", key{low: -7, high: -7}, 60, true},
		{"faint", key{low: -32, high: -31}, 60, true},
		{"too faint", key{low: -48, high: -48}, 100, false},
		{"1.5 % high", key{low: -12, high: -12, off: 0.015}, 80, true},
		{"1.5 % low", key{low: -12, high: -12, off: -0.015}, 80, true},
		{"3.5 % high", key{low: -12, high: -12, off: 0.035}, 100, false},
		{"3.5 % low", key{low: -12, high: -12, off: -0.035}, 100, false},
		{"twist of 4 dB", key{low: -16, high: -12}, 60, true},
		{"reverse twist of 6 dB", key{low: -10, high: -16}, 60, true},
		{"twist of 12 dB", key{low: -24, high: -12}, 100, false},
		{"in noise of 15 dB less", key{low: -14, high: -14, noise: -29}, 80, true},
		{"a click of it", key{low: -10, high: -10}, 20, false},
	} {
		for col := range 3 {
			k := c.k
			k.row, k.column = 1, col
			got, _ := hear(k.sound(8000, c.ms), 8000, 0)
			if (got != "") != c.want {
				t.Errorf("%s, column %d: heard %q", c.name, col, got)
			}
		}
	}
}

// Two presses with a pause of 60 ms are two, the same key or not.
func TestPressesInARow(t *testing.T) {
	var pcm []int16
	for range 3 {
		pcm = append(pcm, key{row: 1, column: 1, low: -12, high: -12}.sound(8000, 80)...)
		pcm = append(pcm, make([]int16, 480)...)
	}
	for shift := 0; shift < 160; shift += 16 {
		if got, _ := hear(pcm, 8000, shift); got != "555" {
			t.Errorf("shift %d: heard %q", shift, got)
		}
	}
}

// Tones of one kind are no keys, nor is speech: all prompts in both languages,
// five minutes of it, press nothing and lose next to nothing.
func TestSpeechAndTonesAreNoKeys(t *testing.T) {
	single := key{low: -10, high: -90}.sound(8000, 500)
	if got, leaked := hear(single, 8000, 0); got != "" || leaked < len(single)*9/10 {
		t.Errorf("a single tone: %q, %d of %d heard", got, leaked, len(single))
	}
	pieces, taken := 0, 0
	for _, lang := range []string{"en", "es"} {
		for _, name := range prompt.Names() {
			clip := prompt.Builtin().Say(lang, prompt.Words(name)...)
			var d dtmf.Tones
			for at := 0; at+160 <= len(clip.PCM); at += 160 {
				present, p := d.Hear(clip.PCM[at:at+160], false)
				if p != 0 {
					t.Errorf("%s %s presses %c", lang, name, p)
				}
				pieces++
				if present {
					taken++
				}
			}
		}
	}
	if taken*1000 > pieces {
		t.Errorf("%d of %d pieces of speech were taken out", taken, pieces)
	}
	t.Logf("%d of %d pieces of speech were taken out", taken, pieces)
}

func BenchmarkTones(b *testing.B) {
	var d dtmf.Tones
	pcm := key{low: -20, high: -60, noise: -20}.sound(8000, 20)
	b.ReportAllocs()
	for b.Loop() {
		d.Hear(pcm, false)
	}
}
