package g722_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"partyline/media/g722"
)

// delay of coding and decoding, in samples: two filters of 24 taps.
const delay = 22

// golden are the signals in testdata, see the README there, and the least
// SNR that an encoder and decoder together reach with them, in dB. The sweep
// spends half its time in the high band, and noise fills it.
var golden = []struct {
	name string
	snr  float64
}{{"speech", 18}, {"sweep", 18}, {"noise", 7}}

// Every byte and every sample is that of another implementation.
func TestGolden(t *testing.T) {
	for _, g := range golden {
		pcm := samples(load(t, g.name+".pcm"))
		wantCode := load(t, g.name+".g722")
		wantPCM := samples(load(t, g.name+".decoded"))

		code := make([]byte, len(pcm)/2)
		new(g722.Encoder).Encode(code, pcm)
		if at := differ(code, wantCode); at >= 0 {
			t.Errorf("%s: byte %d of %d differs", g.name, at, len(wantCode))
		}
		out := make([]int16, 2*len(wantCode))
		new(g722.Decoder).Decode(out, wantCode)
		if at := differ(out, wantPCM); at >= 0 {
			t.Errorf("%s: sample %d of %d differs", g.name, at, len(wantPCM))
		}
		quality := snr(pcm[:len(pcm)-delay], out[delay:])
		t.Logf("%s: %.1f dB", g.name, quality)
		if quality < g.snr {
			t.Errorf("%s: SNR %.1f dB, want %g", g.name, quality, g.snr)
		}
	}
}

// The same against the program itself, over longer signals, where it is
// installed. TestGolden has its answers where it is not.
func TestLive(t *testing.T) {
	program, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Log("ffmpeg is not installed: its stored answers alone were compared")
		return
	}
	for name, pcm := range map[string][]int16{
		"speech": speech(5*rate, 77), "sweep": sweep(2 * rate), "noise": noise(2*rate, 78),
		"tone": tone(1000, -10, 2*rate), "silence": make([]int16, rate),
		"faint": tone(400, -80, rate),
	} {
		code := make([]byte, len(pcm)/2)
		new(g722.Encoder).Encode(code, pcm)
		want := convert(t, program, raw(pcm), "-f", "s16le", "-ar", "16000", "-ac", "1", "-i", "-", "-f", "g722", "-")
		if at := differ(code, want); at >= 0 {
			t.Errorf("%s: byte %d of %d differs", name, at, len(want))
		}
		compareDecoding(t, program, name, code)
	}
	dice := []byte{}
	for _, x := range noise(2*rate, 79) {
		dice = append(dice, byte(x*7))
	}
	compareDecoding(t, program, "random bytes", dice)
}

func compareDecoding(t *testing.T, program, name string, code []byte) {
	t.Helper()
	out := make([]int16, 2*len(code))
	new(g722.Decoder).Decode(out, code)
	want := samples(convert(t, program, code, "-f", "g722", "-ac", "1", "-i", "-", "-f", "s16le", "-"))
	if at := differ(out, want); at >= 0 {
		t.Errorf("%s: sample %d of %d differs", name, at, len(want))
	}
}

// Tones come out as loud as they went in, and clean: at 1 kHz far cleaner
// than G.711, whose best is 38 dB.
func TestToneQuality(t *testing.T) {
	for _, c := range []struct{ freq, dBFS, least float64 }{
		{1000, -10, 40}, {1000, -20, 40}, {1000, -40, 30}, {300, -20, 40}, {3000, -20, 30}, {6000, -20, 12},
	} {
		pcm := tone(c.freq, c.dBFS, rate)
		code := make([]byte, len(pcm)/2)
		new(g722.Encoder).Encode(code, pcm)
		out := make([]int16, len(pcm))
		new(g722.Decoder).Decode(out, code)
		var re, im, all float64
		heard := out[rate/2:] // whole periods
		for i, x := range heard {
			sin, cos := math.Sincos(2 * math.Pi * c.freq * float64(i) / rate)
			re, im, all = re+float64(x)*cos, im+float64(x)*sin, all+float64(x)*float64(x)
		}
		n := float64(len(heard))
		power := 2 * (re*re + im*im) / n
		got := 10 * math.Log10(power/(all-power))
		level := 20 * math.Log10(math.Sqrt(2*power/n)/32767)
		t.Logf("%g Hz at %g dBFS: SNR %.1f dB, level %.2f dBFS", c.freq, c.dBFS, got, level)
		if got < c.least {
			t.Errorf("%g Hz at %g dBFS: SNR %.1f dB, want %g", c.freq, c.dBFS, got, c.least)
		}
		if math.Abs(level-c.dBFS) > 0.5 {
			t.Errorf("%g Hz at %g dBFS comes out at %.2f", c.freq, c.dBFS, level)
		}
	}
}

func load(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func convert(t *testing.T, program string, in []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, append([]string{"-loglevel", "error"}, args...)...)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// raw and samples go between samples and little-endian bytes.
func raw(pcm []int16) []byte {
	out := make([]byte, 0, 2*len(pcm))
	for _, x := range pcm {
		out = binary.LittleEndian.AppendUint16(out, uint16(x))
	}
	return out
}

func samples(data []byte) []int16 {
	out := make([]int16, 0, len(data)/2)
	for pair := range slices.Chunk(data, 2) {
		out = append(out, int16(binary.LittleEndian.Uint16(pair)))
	}
	return out
}

// differ is the first place where two slices differ, or −1.
func differ[T comparable](a, b []T) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	return -1
}
