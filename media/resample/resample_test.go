package resample_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"partyline/media/resample"
)

// pairs are all conversions that change something.
var pairs = [][2]int{{8000, 16000}, {16000, 8000}, {8000, 48000}, {48000, 8000}, {16000, 48000}, {48000, 16000}}

func resampler(t testing.TB, pair [2]int) *resample.Resampler {
	t.Helper()
	r, err := resample.New(pair[0], pair[1])
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// convert makes all of src at once.
func convert(t testing.TB, pair [2]int, src []int32) []int32 {
	dst := make([]int32, len(src)*pair[1]/pair[0])
	resampler(t, pair).Process(dst, src)
	return dst
}

// sine is loud enough that rounding lies 160 dB below it.
func sine(freq float64, rate, samples int) []int32 {
	out := make([]int32, samples)
	for i := range out {
		out[i] = int32(math.Round(loud * math.Cos(2*math.Pi*freq*float64(i)/float64(rate))))
	}
	return out
}

const loud = 1 << 27

// spectrum gives the amplitude of each frequency that is a multiple of 50 Hz
// from 0 to half the rate, and its phase. pcm must be 20 ms long or a
// multiple of it.
func spectrum(pcm []int32, rate int) (amplitude, phase []float64) {
	bins, turn := rate/100, rate/50
	sin, cos := make([]float64, turn), make([]float64, turn)
	for i := range turn {
		sin[i], cos[i] = math.Sincos(2 * math.Pi * float64(i) / float64(turn))
	}
	for k := range bins + 1 {
		var re, im float64
		for i, x := range pcm {
			re, im = re+float64(x)*cos[k*i%turn], im-float64(x)*sin[k*i%turn]
		}
		scale := 2 / float64(len(pcm))
		if k == 0 || k == bins {
			scale /= 2
		}
		amplitude = append(amplitude, math.Hypot(re, im)*scale)
		phase = append(phase, math.Atan2(im, re))
	}
	return amplitude, phase
}

func decibel(x float64) float64 { return 20 * math.Log10(x+1e-15) }

// Tones every 50 Hz: those of the pass-band come out as they are and nothing
// else does; of those above it at the input that a lower rate cannot hold,
// nothing comes out. And all are late by Delay.
func TestResponse(t *testing.T) {
	for _, pair := range pairs {
		from, to := pair[0], pair[1]
		low := min(from, to)
		pass, stop := 0.42*float64(low), 0.58*float64(low)
		ripple, image, alias, lateness := 0.0, -300.0, -300.0, 0.0
		delay := resampler(t, pair).Delay().Seconds()
		for freq := 50; freq < from/2; freq += 50 {
			f := float64(freq)
			if f > pass && f < stop {
				continue // the band of transition
			}
			out := convert(t, pair, sine(f, from, from/10))
			amplitude, phase := spectrum(out[to/50:to/25], to)
			if f <= pass {
				ripple = max(ripple, math.Abs(decibel(amplitude[freq/50]/loud)))
				late := math.Remainder(phase[freq/50]+2*math.Pi*f*delay, 2*math.Pi) / (2 * math.Pi * f)
				lateness = max(lateness, math.Abs(late))
				amplitude[freq/50] = 0
				image = max(image, decibel(slices.Max(amplitude)/loud))
			} else {
				alias = max(alias, decibel(slices.Max(amplitude)/loud))
			}
		}
		t.Logf("%d to %d: pass-band within %.4f dB to %g Hz, images %.1f dB, aliases %.1f dB, delay %v within %.1f ns",
			from, to, ripple, pass, image, alias, resampler(t, pair).Delay(), lateness*1e9)
		if ripple > 0.05 {
			t.Errorf("%d to %d: ripple %.3f dB", from, to, ripple)
		}
		if image > -70 || alias > -70 {
			t.Errorf("%d to %d: images %.1f dB, aliases %.1f dB", from, to, image, alias)
		}
		if lateness > 1e-6 {
			t.Errorf("%d to %d: the delay is %v and not %v", from, to, delay+lateness, delay)
		}
	}
}

// A constant comes out as itself, to the last bit.
func TestConstant(t *testing.T) {
	for _, pair := range pairs {
		for _, level := range []int32{0, 1, -1, 7, 32767, -32768, 1 << 25, -(1 << 25), 1234567, math.MaxInt32} {
			src := make([]int32, pair[0]/10)
			for i := range src {
				src[i] = level
			}
			out := convert(t, pair, src)
			for i, x := range out[pair[1]/100:] {
				if x != level {
					t.Fatalf("%v: sample %d of a constant %d is %d", pair, i, level, x)
				}
			}
		}
	}
}

// Rounding is to the nearest: it adds no offset to the faintest sound.
func TestNoOffset(t *testing.T) {
	for _, pair := range pairs {
		src := make([]int32, pair[0])
		state := uint32(1)
		var in, out float64
		for i := range src {
			state = state*1664525 + 1013904223
			src[i] = int32(state>>16)%7 - 3
			in += float64(src[i]) / float64(len(src))
		}
		dst := convert(t, pair, src)
		for _, x := range dst {
			out += float64(x) / float64(len(dst))
		}
		if math.Abs(out-in) > 0.05 {
			t.Errorf("%v: a mean of %.3f becomes %.3f", pair, in, out)
		}
	}
}

// A thousand speakers at full scale, as square waves of the worst kind, do
// not overflow: the same sound 40 dB lower has the same shape.
func TestThousandSpeakers(t *testing.T) {
	for _, pair := range pairs {
		for _, level := range []int32{1000 * 32768, 1 << 25, math.MaxInt32 / 3} {
			loud, soft := make([]int32, pair[0]/5), make([]int32, pair[0]/5)
			state := uint32(1)
			for i := range loud {
				state = state*1664525 + 1013904223
				sign := int32(state>>31)*2 - 1
				if i < len(loud)/2 {
					sign = int32(i/7%2)*2 - 1
				}
				loud[i], soft[i] = sign*level, sign*(level/100)
			}
			a, b := convert(t, pair, loud), convert(t, pair, soft)
			for i := range a {
				if d := math.Abs(float64(a[i]) - 100*float64(b[i])); d > 500 {
					t.Fatalf("%v: sample %d is %d at a level of %d, %d at a hundredth of it", pair, i, a[i], level, b[i])
				}
			}
		}
		// What not even 32 bits can hold is limited, and does not wrap.
		src := make([]int32, pair[0]/50)
		for i := range src {
			src[i] = math.MaxInt32
			if i > len(src)/2 {
				src[i] = math.MinInt32
			}
		}
		out := convert(t, pair, src)
		for i, x := range out[:len(out)/2] {
			if x < -(1 << 29) {
				t.Fatalf("%v: sample %d of a step to full scale is %d", pair, i, x)
			}
		}
	}
}

// However the sound is cut into frames, the same comes out.
func TestAnySplit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pair := rapid.SampledFrom(pairs).Draw(rt, "rates")
		unit := [2]int{pair[0] / min(pair[0], pair[1]), pair[1] / min(pair[0], pair[1])}
		const units = 1500
		src := make([]int32, units*unit[0])
		seed := rapid.Uint32().Draw(rt, "seed")
		for i := range src {
			seed = seed*1664525 + 1013904223
			src[i] = int32(seed) >> 5
		}
		want := convert(t, pair, src)
		got := make([]int32, len(want))
		r := resampler(t, pair)
		for at := 0; at < units; {
			n := min(rapid.IntRange(0, 700).Draw(rt, "length"), units-at)
			r.Process(got[at*unit[1]:][:n*unit[1]], src[at*unit[0]:][:n*unit[0]])
			at += n
		}
		if !slices.Equal(got, want) {
			rt.Errorf("%v: the result depends on how the sound is cut", pair)
		}
		r.Reset()
		r.Process(got, src)
		if !slices.Equal(got, want) {
			rt.Errorf("%v: something is left after Reset", pair)
		}
	})
}

func TestSameRate(t *testing.T) {
	src := sine(440, 8000, 160)
	if got := convert(t, [2]int{8000, 8000}, src); !slices.Equal(got, src) {
		t.Error("the same rate changes the sound")
	}
	if d := resampler(t, [2]int{8000, 8000}).Delay(); d != 0 {
		t.Errorf("the same rate delays by %v", d)
	}
}

func TestDelay(t *testing.T) {
	for _, pair := range pairs {
		if d := resampler(t, pair).Delay(); d <= 0 || d > 2*time.Millisecond {
			t.Errorf("%v: %v", pair, d)
		}
	}
}

func TestWrongUse(t *testing.T) {
	for _, pair := range [][2]int{{8000, 44100}, {0, 8000}, {16000, 0}, {-8000, 8000}, {32000, 16000}} {
		if r, err := resample.New(pair[0], pair[1]); err == nil || r != nil {
			t.Errorf("%v: %v, %v", pair, r, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("lengths that do not agree are taken")
		}
	}()
	resampler(t, pairs[0]).Process(make([]int32, 160), make([]int32, 160))
}

func TestNoAllocation(t *testing.T) {
	for _, pair := range pairs {
		src, dst, r := make([]int32, pair[0]/50), make([]int32, pair[1]/50), resampler(t, pair)
		if n := testing.AllocsPerRun(100, func() { r.Process(dst, src) }); n != 0 {
			t.Errorf("%v: %g allocations", pair, n)
		}
	}
}

// 20 ms of each conversion.
func BenchmarkProcess(b *testing.B) {
	for _, pair := range pairs {
		b.Run(fmt.Sprintf("%d-%d", pair[0]/1000, pair[1]/1000), func(b *testing.B) {
			src, dst, r := sine(440, pair[0], pair[0]/50), make([]int32, pair[1]/50), resampler(b, pair)
			b.ReportAllocs()
			for b.Loop() {
				r.Process(dst, src)
			}
		})
	}
}
