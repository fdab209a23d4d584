package e2e

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"slices"
	"testing"

	"partyline/media/sound"
)

const rate = 8000

func writeWAVAt(t *testing.T, file string, hz int, pcm []int16) {
	t.Helper()
	var b bytes.Buffer
	put := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	b.WriteString("RIFF")
	put(uint32(36 + 2*len(pcm)))
	b.WriteString("WAVEfmt ")
	put(struct {
		Size             uint32
		Format, Channels uint16
		Rate, Bytes      uint32
		Align, Bits      uint16
	}{16, 1, 1, uint32(hz), uint32(2 * hz), 2, 16})
	b.WriteString("data")
	put(uint32(2 * len(pcm)))
	put(pcm)
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// readWAV returns the samples behind the data header, whatever length it
// claims: the recorder may not have closed the file.
func readWAV(t *testing.T, file string) []int16 {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	i := bytes.Index(b, []byte("data"))
	if i < 0 {
		t.Fatalf("%s is no WAV file", file)
	}
	b = b[i+8:]
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return pcm
}

// tone is a steady voice at −16 dBFS.
func tone(freq float64, seconds int) []int16 { return toneAt(rate, freq, seconds) }

func toneAt(hz int, freq float64, seconds int) []int16 {
	pcm := make([]int16, seconds*hz)
	for i := range pcm {
		pcm[i] = int16(5190 * math.Sin(2*math.Pi*freq*float64(i)/float64(hz)))
	}
	return pcm
}

// levelOf is the median level of one frequency in dBFS over windows of 100 ms.
// On a busy machine a softphone loses a frame now and then; such a break of
// phase weakens a tone in its window and spills a little into all others.
func levelOf(pcm []int16, freq float64) float64 { return levelAt(rate, pcm, freq) }

func levelAt(hz int, pcm []int16, freq float64) float64 {
	window := hz / 10
	var levels []float64
	for at := 0; at+window <= len(pcm); at += window {
		levels = append(levels, sound.Goertzel(pcm[at:at+window], hz, freq))
	}
	slices.Sort(levels)
	return levels[len(levels)/2]
}
