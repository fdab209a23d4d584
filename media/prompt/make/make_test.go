package main

import (
	"math"
	"testing"

	"partyline/media/sound"
)

func TestSpelling(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"Please enter your PIN.", "Please enter your pin."},
		{"Too many wrong PINs. Goodbye.", "Too many wrong pins. Goodbye."},
		{"You are invited to the conference:", "You are invited to the conference,"},
		{"Press", "Press,"},
		{"zero", "zero,"},
		{"Lo sentimos, ese PIN no es correcto.", "Lo sentimos, ese pin no es correcto."},
		{"cinco", "cinco,"},
	} {
		if got := spelling(c.text); got != c.want {
			t.Errorf("%q is given as %q and not %q", c.text, got, c.want)
		}
	}
}

// What comes out is at its level, without a constant, and between silences
// that do not depend on what was around the speech; pauses are short.
func TestFinish(t *testing.T) {
	pcm := make([]float64, 4*rate)
	for i := range pcm {
		pcm[i] = 0.001 // a constant
		if s := float64(i) / rate; s > 0.5 && s < 1 || s > 2.5 && s < 3 {
			pcm[i] += 0.4 * math.Sin(2*math.Pi*500*s)
		}
	}
	out := finish(pcm)
	if l := sound.SpeechLevel(out, rate); math.Abs(l-target) > 0.1 {
		t.Errorf("%.2f dBFS", l)
	}
	want := 0.05 + 0.5 + 0.32 + 0.5 + 0.06
	if got := float64(len(out)) / rate; math.Abs(got-want) > 0.04 || len(out)%2 != 0 {
		t.Errorf("%g s and not %g", got, want)
	}
	var sum float64
	for _, x := range out {
		sum += float64(x)
	}
	if mean := sum / float64(len(out)); math.Abs(mean) > 5 {
		t.Errorf("an offset of %.1f", mean)
	}
	if out[0] != 0 || out[len(out)-1] != 0 {
		t.Errorf("it begins with %d and ends with %d", out[0], out[len(out)-1])
	}
}
