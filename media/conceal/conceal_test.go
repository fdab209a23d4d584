package conceal_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"partyline/media/conceal"
)

// Five of a hundred packets lost leave a tone at least 25 dB over the damage,
// whatever its period; 10 dB are asked for, silence leaves 13 dB.
func TestToneThroughLoss(t *testing.T) {
	for _, k := range []int{1, 2} {
		for _, freq := range []float64{200, 350, 441.7, 997, 1000, 1633, 2500} {
			tone := sine(k, freq, -20, 8000*k*20)
			lost := random(1, 0.05)
			got := snr(through(tone, k, lost), k, freq)
			plain := snr(silenced(tone, k, lost), k, freq)
			t.Logf("%d kHz, %g Hz: %.1f dB, silence %.1f dB", 8*k, freq, got, plain)
			if got < 25 || got < plain+5 {
				t.Errorf("%d kHz: %g Hz is %.1f dB over the damage; %.1f with silence", 8*k, freq, got, plain)
			}
		}
	}
}

// Neither end of a burst clicks: the wave bends nowhere more than it does of
// itself by a tenth of its peak. Silence bends it by up to its whole peak.
func TestNoClick(t *testing.T) {
	for _, k := range []int{1, 2} {
		for n := 1; n <= 3; n++ {
			for _, freq := range []float64{200, 441.7, 997, 1000} {
				tone := sine(k, freq, -20, 8000*k*10)
				if worst := click(tone, through(tone, k, bursts(n)), k); worst > 0.1 {
					t.Errorf("%d kHz, %d frames: %g Hz clicks by %.2f of its peak", 8*k, n, freq, worst)
				}
			}
			for _, pitch := range []float64{90, 140, 230} {
				voice := speech(k, pitch, 1, 20)
				if worst := click(voice, through(voice, k, bursts(n)), k); worst > 0.1 {
					t.Errorf("%d kHz, %d frames: a voice of %g Hz clicks by %.2f of its peak", 8*k, n, pitch, worst)
				}
			}
		}
	}
}

// What is made up of a voice is like what was lost: silence has a segmental
// ratio of 0 dB and a spectral distance of 18.
func TestVoiceThroughLoss(t *testing.T) {
	limits := []struct{ ratio, distance float64 }{{4, 7}, {1.8, 8.5}, {0.8, 10}}
	for _, k := range []int{1, 2} {
		for n := 1; n <= 3; n++ {
			for _, pitch := range []float64{90, 120, 160, 210, 260} {
				voice := speech(k, pitch, 5, 10)
				lost := bursts(n)
				got, plain := through(voice, k, lost), silenced(voice, k, lost)
				ratio, apart := segmental(voice, got, k, lost), distance(voice, got, k, lost)
				t.Logf("%d kHz, %d frames, %g Hz: %.1f dB, distance %.1f; silence %.1f dB, %.1f", 8*k, n, pitch,
					ratio, apart, segmental(voice, plain, k, lost), distance(voice, plain, k, lost))
				if ratio < limits[n-1].ratio {
					t.Errorf("%d kHz, %d frames, %g Hz: segmental ratio %.1f dB", 8*k, n, pitch, ratio)
				}
				if apart > limits[n-1].distance || apart > distance(voice, plain, k, lost)/1.7 {
					t.Errorf("%d kHz, %d frames, %g Hz: spectral distance %.1f dB", 8*k, n, pitch, apart)
				}
			}
		}
	}
}

// A hiss repeated with one period for 60 ms hums: it is like itself by 0.66.
// With up to three periods it is less so.
func TestHissDoesNotHum(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 5))
	var sum float64
	const rounds = 50
	for range rounds {
		past := make([]int16, conceal.Memory)
		var c conceal.Concealer
		var hiss [800]int16
		for i := range hiss {
			hiss[i] = int16(r.NormFloat64() * 2000)
		}
		c.Heard(past, hiss[:])
		var out [480]int16
		c.Invent(past, out[:])
		sum += likeness(out[160:])
	}
	mean := sum / rounds
	t.Logf("made-up hiss is like itself by %.2f", mean)
	if mean > 0.4 {
		t.Errorf("made-up hiss is like itself by %.2f", mean)
	}
}

// likeness is the greatest normalised correlation of a sound with itself a
// pitch period later.
func likeness(x []int16) float64 {
	best := 0.0
	for lag := 40; lag <= 120; lag++ {
		var xy, xx, yy float64
		for i := lag; i < len(x); i++ {
			a, b := float64(x[i]), float64(x[i-lag])
			xy, xx, yy = xy+a*b, xx+a*a, yy+b*b
		}
		best = max(best, xy/math.Sqrt(xx*yy+1))
	}
	return best
}

// The level stays for 10 ms, falls by a fifth each 10 ms and is nothing from
// 60 ms on.
func TestFadesToNothing(t *testing.T) {
	for _, k := range []int{1, 2} {
		past := make([]int16, conceal.Memory*k)
		var c conceal.Concealer
		c.Heard(past, sine(k, 1000, -10, 1600*k))
		out := make([]int16, 800*k)
		for part := out; len(part) > 0; part = part[40*k:] { // in pieces
			c.Invent(past, part[:40*k])
		}
		full := 32767 * math.Pow(10, -0.5) / math.Sqrt2
		for block, want := range []float64{1, 0.9, 0.7, 0.5, 0.3, 0.1, 0, 0, 0, 0} {
			var sum float64
			for _, x := range out[block*80*k:][:80*k] {
				sum += float64(x) * float64(x)
			}
			if got := math.Sqrt(sum/float64(80*k)) / full; math.Abs(got-want) > 0.04 {
				t.Errorf("%d kHz: %d ms after the loss the level is %.2f of the sound's, want %.2f", 8*k, block*10, got, want)
			}
		}
		for i, x := range out[480*k:] {
			if x != 0 {
				t.Fatalf("%d kHz: sample %d after 60 ms is %d", 8*k, i, x)
			}
		}
	}
}

// What is made up does not depend on how it is asked for.
func TestPiecesAreTheWhole(t *testing.T) {
	voice := speech(1, 130, 2, 2)
	for _, piece := range []int{1, 7, 80, 160, 480} {
		t.Run(fmt.Sprint(piece), func(t *testing.T) {
			var a, b conceal.Concealer
			pastA, pastB := make([]int16, conceal.Memory), make([]int16, conceal.Memory)
			a.Heard(pastA, voice[:5000])
			for i := 0; i < 5000; i += 125 {
				b.Heard(pastB, append([]int16(nil), voice[i:i+125]...))
			}
			want, got := make([]int16, 480), make([]int16, 0, 480)
			a.Invent(pastA, want)
			for len(got) < 480 {
				n := min(piece, 480-len(got))
				got = got[:len(got)+n]
				b.Invent(pastB, got[len(got)-n:])
			}
			for i := range want {
				if want[i] != got[i] {
					t.Fatalf("sample %d is %d in pieces, %d at once", i, got[i], want[i])
				}
			}
		})
	}
}

func TestExtendKeepsTheLevel(t *testing.T) {
	past := make([]int16, conceal.Memory)
	var c conceal.Concealer
	dual := mixed(sine(1, 770, -12, 1600), sine(1, 1336, -12, 1600)) // a DTMF 5
	c.Heard(past, dual)
	out := make([]int16, 160)
	c.Extend(past, out)
	if got, want := power(out), power(dual); got < want*0.7 {
		t.Errorf("the extension has %.2f of the power", got/want)
	}
	c.Invent(past, out) // and nothing came after it
	c.Invent(past, out)
	if got := power(out); got > 0 {
		t.Errorf("a digit goes on 20 ms after it should have come")
	}
}

func TestMeetFindsThePhase(t *testing.T) {
	for _, freq := range []float64{130, 441.7, 1000} {
		tone := sine(1, freq, -12, 4000)
		for shift := 0; shift < 60; shift += 7 {
			past := make([]int16, conceal.Memory)
			var c conceal.Concealer
			c.Heard(past, append([]int16(nil), tone[:2000]...))
			var made [160]int16
			c.Extend(past, made[:])
			rest := append([]int16(nil), tone[2000+shift:]...)
			n, _ := c.Meet(past, rest)
			lead := make([]int16, n)
			c.Invent(past, lead)
			c.Heard(past, rest)
			out := append(append(append([]int16(nil), tone[:2000]...), made[:]...), lead...)
			out = append(out, rest[:400]...)
			if worst := click(tone, out, 1); worst > 0.1 {
				t.Errorf("%g Hz, %d samples on: clicks by %.2f of its peak", freq, shift, worst)
			}
			if got := power(out[2100:2400]); got < 0.7*power(tone) {
				t.Errorf("%g Hz, %d samples on: the tone falls to %.2f of its power", freq, shift, got/power(tone))
			}
		}
	}
}

// Sound that swells is joined to the softer period before it without a click,
// whatever the phase it is lost in.
func TestSwellingSound(t *testing.T) {
	tone := sine(1, 300, -8, 2000)
	for i := range tone {
		tone[i] = int16(float64(tone[i]) * math.Exp(float64(i-2000)/200))
	}
	for end := 1700; end < 1727; end++ {
		past := make([]int16, conceal.Memory)
		var c conceal.Concealer
		got := append([]int16(nil), tone[:end+160]...)
		c.Heard(past, got[:end])
		c.Invent(past, got[end:])
		if worst := click(tone[:end], got[:end+40], 1); worst > 0.05 {
			t.Errorf("lost after %d samples: clicks by %.2f of the peak", end, worst)
		}
	}
}

// Of a tone that has begun a moment before, what was heard of it is repeated.
func TestLossAtTheBeginning(t *testing.T) {
	for _, k := range []int{1, 2} {
		for _, heard := range []int{160, 240, 320} {
			tone := sine(k, 441.7, -12, (heard+160)*k)
			past := make([]int16, conceal.Memory*k)
			var c conceal.Concealer
			got := append([]int16(nil), tone...)
			c.Heard(past, got[:heard*k])
			c.Invent(past, got[heard*k:])
			if worst := click(tone, got, k); worst > 0.1 {
				t.Errorf("%d kHz, %d samples heard: clicks by %.2f of the peak", 8*k, heard*k, worst)
			}
			if part := got[heard*k:]; power(part) < 0.7*power(tone) {
				t.Errorf("%d kHz, %d samples heard: the tone falls to %.2f of its power", 8*k, heard*k, power(part)/power(tone))
			}
		}
	}
}

func TestRestFadesAndForgets(t *testing.T) {
	past := make([]int16, conceal.Memory)
	var c conceal.Concealer
	tone := sine(1, 500, -10, 1600)
	c.Heard(past, append([]int16(nil), tone...))
	out := make([]int16, 160)
	c.Rest(past, out)
	if worst := click(tone, append(tone, out...), 1); worst > 0.1 {
		t.Errorf("the end clicks by %.2f of the peak", worst)
	}
	if power(out[:32]) == 0 || power(out[32:]) > 0 {
		t.Error("the end is not faded within 4 ms")
	}
	out[5] = 99
	c.Rest(past, out)
	c.Invent(past, out)
	if power(out) > 0 {
		t.Error("something is heard after the rest")
	}
}

func power(x []int16) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum / float64(len(x))
}

func TestNoAllocation(t *testing.T) {
	past := make([]int16, conceal.Memory)
	var c conceal.Concealer
	frame := sine(1, 500, -10, 160)
	if n := testing.AllocsPerRun(500, func() {
		c.Heard(past, frame)
		c.Extend(past, frame)
		c.Meet(past, frame)
		c.Invent(past, frame)
		c.Heard(past, frame)
		c.Rest(past, frame)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
