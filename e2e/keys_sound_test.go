package e2e

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"partyline/media/g711"
)

// keyOne is the key 1 as a phone without telephone events sends it: silence,
// two tones of 120 ms, silence; µ-law.
func keyOne() []byte {
	pcm := make([]int16, 2*rate)
	for i := range 960 {
		t := 2 * math.Pi * float64(i) / rate
		pcm[rate+i] = int16(7000*math.Sin(697*t) + 8000*math.Sin(1209*t))
	}
	code := make([]byte, len(pcm))
	g711.EncodeMu(code, pcm)
	return code
}

// layKeys puts the sound where SIPp's scenarios look for it.
func layKeys(t *testing.T, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "keys.raw"), keyOne(), 0o600); err != nil {
		t.Fatal(err)
	}
}
