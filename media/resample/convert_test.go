package resample_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"partyline/media/resample"
)

// fileRates are those that files come at.
var fileRates = []int{8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 192000}

func converter(t fataler, from, to int) *resample.Converter {
	t.Helper()
	c, err := resample.NewConverter(from, to)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// convertTone converts half a second of a tone of amplitude 1 and gives the
// middle 200 ms of it.
func convertTone(t testing.TB, from, to int, freq float64) []float32 {
	src := make([]float32, from/2)
	for i := range src {
		src[i] = float32(math.Cos(2 * math.Pi * freq * float64(i) / float64(from)))
	}
	c := converter(t, from, to)
	out := c.Flush(c.Append(nil, src))
	if len(out) != to/2 {
		t.Fatalf("%d to %d: half a second becomes %d samples", from, to, len(out))
	}
	return out[to*3/20 : to*7/20]
}

// residue is the level of what is not the tone itself, at its right time, in
// decibels; the middle begins 150 ms into the sound.
func residue(pcm []float32, rate int, freq, amplitude float64) float64 {
	var sum float64
	for i, x := range pcm {
		d := float64(x) - amplitude*math.Cos(2*math.Pi*freq*float64(i+rate*3/20)/float64(rate))
		sum += d * d
	}
	return decibel(math.Sqrt(2 * sum / float64(len(pcm))))
}

// Tones that both rates can hold come out as they are and when they are, with
// nothing beside them; of tones that the lower rate cannot hold nothing is
// heard.
func TestConverterTones(t *testing.T) {
	for _, from := range fileRates {
		for _, to := range []int{8000, 16000} {
			low := float64(min(from, to))
			worst, alias := -300.0, -300.0
			for f := 0.01; f <= 0.44; f += 0.043 {
				worst = max(worst, residue(convertTone(t, from, to, f*low), to, f*low, 1))
			}
			for f := 0.505 * low; f < 0.5*float64(from); f += 0.171 * low {
				alias = max(alias, residue(convertTone(t, from, to, f), to, 0, 0))
			}
			t.Logf("%d to %d: residue %.1f dB, aliases %.1f dB", from, to, worst, alias)
			if worst > -60 || alias > -70 {
				t.Errorf("%d to %d: residue %.1f dB, aliases %.1f dB", from, to, worst, alias)
			}
		}
	}
}

// However the sound is cut, the same comes out, and it lasts as long as it did.
func TestConverterAnySplit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		from := rapid.SampledFrom(fileRates).Draw(rt, "from")
		to := rapid.SampledFrom([]int{8000, 16000}).Draw(rt, "to")
		src := make([]float32, rapid.IntRange(0, 3000).Draw(rt, "length"))
		seed := rapid.Uint32().Draw(rt, "seed")
		for i := range src {
			seed = seed*1664525 + 1013904223
			src[i] = float32(int32(seed)) / (1 << 31)
		}
		whole := converter(rt, from, to)
		want := whole.Flush(whole.Append(nil, src))
		if due := (len(src)*to + from - 1) / from; len(want) != due {
			rt.Fatalf("%d samples at %d become %d at %d and not %d", len(src), from, len(want), to, due)
		}
		var got []float32
		c := converter(rt, from, to)
		for rest := src; len(rest) > 0; {
			n := min(rapid.IntRange(0, 700).Draw(rt, "part"), len(rest))
			got = c.Append(got, rest[:n])
			rest = rest[n:]
		}
		if got = c.Flush(got); !slices.Equal(got, want) {
			rt.Errorf("%d to %d: the result depends on how the sound is cut", from, to)
		}
	})
}

func TestConverterRefuses(t *testing.T) {
	for _, pair := range [][2]int{{0, 8000}, {-1, 8000}, {999, 8000}, {200_001, 8000}, {8000, 0}, {191_999, 16000}} {
		if c, err := resample.NewConverter(pair[0], pair[1]); err == nil || c != nil {
			t.Errorf("%v: %v, %v", pair, c, err)
		}
	}
}

// A second of 44.1 kHz.
func BenchmarkConverter(b *testing.B) {
	src := make([]float32, 44100)
	var dst []float32
	for b.Loop() {
		c := converter(b, 44100, 16000)
		dst = c.Flush(c.Append(dst[:0], src))
	}
}

// fataler is what testing.TB and rapid.T have in common here.
type fataler interface {
	Helper()
	Fatal(...any)
}
