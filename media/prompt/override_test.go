package prompt_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"partyline/media/prompt"
	"partyline/media/sound"
)

// wav is a file of 16 bits at 8 kHz.
func wav(pcm []int16) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32([]byte("RIFF"), uint32(36+2*len(pcm)))
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data"...)
	b = le.AppendUint32(b, uint32(2*len(pcm)))
	for _, x := range pcm {
		b = le.AppendUint16(b, uint16(x))
	}
	return b
}

func put(t *testing.T, dir, file string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A directory overrides prompt by prompt, adds languages and regions, and
// leaves the built-in library as it is.
func TestOverride(t *testing.T) {
	dir := t.TempDir()
	tone := func(freq float64) []byte { return wav(sound.Tone(freq, -9, 500*time.Millisecond)) }
	put(t, dir, "en/goodbye.wav", tone(500))
	put(t, dir, "fr/welcome.WAV", tone(700))
	put(t, dir, "es-MX/goodbye.wav", tone(900))
	put(t, dir, "en/README.txt", []byte("ours"))
	put(t, dir, ".git/HEAD", nil)
	put(t, dir, "notes.txt", nil)
	l, err := prompt.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Languages(); !slices.Equal(got, []string{"en", "es", "es-mx", "fr"}) {
		t.Errorf("%v", got)
	}
	for _, c := range []struct {
		lang string
		name prompt.Name
		freq float64 // of the tone; 0 for a voice
		like string  // that voice's language
	}{
		{"en", prompt.Goodbye, 500, ""}, {"en", prompt.Welcome, 0, "en"},
		{"fr", prompt.Welcome, 700, ""}, {"fr", prompt.Goodbye, 500, ""}, {"fr-CA", prompt.Welcome, 700, ""}, {"fr", prompt.Muted, 0, "en"},
		{"es-mx", prompt.Goodbye, 900, ""}, {"es-MX", prompt.Welcome, 0, "es"}, {"es", prompt.Goodbye, 0, "es"}, {"es-AR", prompt.Goodbye, 0, "es"},
	} {
		got := l.Say(c.lang, prompt.Part{Name: c.name})
		if c.freq == 0 {
			if !slices.Equal(got.Wide, word(c.like, c.name).Wide) {
				t.Errorf("%s, %s is not that of %s", c.lang, c.name, c.like)
			}
			continue
		}
		for rate, pcm := range map[int][]int16{8000: got.PCM, 16000: got.Wide} {
			if l := sound.Goertzel(pcm[rate/10:rate*4/10], rate, c.freq); math.Abs(l+20) > 1 {
				t.Errorf("%s, %s: %.1f dBFS of its tone at %d Hz", c.lang, c.name, l, rate)
			}
			if edge := slices.Concat(pcm[:3], pcm[len(pcm)-3:]); slices.Max(edge) > 10 || slices.Min(edge) < -10 {
				t.Errorf("%s, %s: it begins and ends with %v", c.lang, c.name, edge)
			}
		}
	}
	if slices.Equal(word("en", prompt.Goodbye).PCM, l.Say("en", prompt.Part{Name: prompt.Goodbye}).PCM) {
		t.Error("the built-in library has changed")
	}
}

// What cannot be used is named.
func TestOverrideRefuses(t *testing.T) {
	good := wav(sound.Tone(500, -9, time.Second))
	for name, c := range map[string]struct {
		files map[string][]byte
		says  string
	}{
		"no sound":       {map[string][]byte{"en/welcome.wav": []byte("hello")}, "welcome.wav"},
		"silence":        {map[string][]byte{"es/welcome.wav": wav(make([]int16, 8000))}, "welcome.wav"},
		"no such prompt": {map[string][]byte{"en/wellcome.wav": good}, "wellcome.wav"},
		"two files":      {map[string][]byte{"en/welcome.wav": good, "en/welcome.flac": good}, "welcome"},
		"no language":    {map[string][]byte{"english sounds/welcome.wav": good}, "english sounds"},
		"too long":       {map[string][]byte{"en/welcome.wav": wav(sound.Tone(500, -9, 61*time.Second))}, "welcome.wav"},
	} {
		dir := t.TempDir()
		for file, data := range c.files {
			put(t, dir, file, data)
		}
		if l, err := prompt.Open(dir); err == nil || l != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := prompt.Open(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a directory that is not there is opened")
	}
	if l, err := prompt.Open(""); err != nil || l != prompt.Builtin() {
		t.Errorf("no directory: %v", err)
	}
}
