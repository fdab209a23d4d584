package clips_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"partyline/media/clips"
)

// What cannot be used is refused, and the error says why.
func TestDecodeRefuses(t *testing.T) {
	pcm := form{1, 8000, 1, 16, false}
	good := pcm.file(wave(8000))
	nan := form{3, 8000, 1, 32, false}.file([]float64{0.1, math.NaN(), 0.1})
	for _, c := range []struct {
		name string
		file []byte
		says string
	}{
		{"nothing", nil, "empty"},
		{"text", []byte("hello, this is not a sound at all"), "not known"},
		{"m4a", read(t, "refused.m4a"), "MPEG-4"},
		{"speex", read(t, "refused.spx"), "Speex"},
		{"header only", good[:len(good)-2*9600], "no sound"},
		{"no samples", pcm.wrap(nil), "no sound"},
		{"silence", pcm.file(make([]float64, 8000)), "silence"},
		{"not a number", nan, "no numbers"},
		{"infinite", form{3, 8000, 1, 64, false}.file([]float64{math.Inf(1)}), "no numbers"},
		{"slow", form{1, 7999, 1, 16, false}.file(wave(8000)), "rate of 7999"},
		{"fast", form{1, 192001, 1, 16, false}.file(wave(8000)), "rate of 192001"},
		{"odd rate", form{1, 191999, 1, 16, false}.file(wave(8000)), "cannot be converted"},
		{"no channels", form{1, 8000, 0, 16, false}.wrap(make([]byte, 100)), "channels"},
		{"ADPCM", form{2, 8000, 1, 4, false}.wrap(make([]byte, 100)), "0x0002"},
		{"too long", form{7, 8000, 1, 8, false}.wrap(bytes.Repeat([]byte{1, 200}, 300*8000+1)), "longer"},
		{"too large", make([]byte, clips.MaxBytes+1), "larger than 20 MB"},
		{"mp3 of nothing", append([]byte("ID3\x04\x00\x00\x00\x00\x00\x00"), make([]byte, 100)...), "mp3"},
		{"flac of nothing", []byte("fLaC"), "damaged"},
		{"ogg of nothing", []byte("OggS\x00"), "damaged"},
	} {
		clip, _, err := clips.Decode(bytes.NewReader(c.file))
		if clip != nil || !errors.Is(err, clips.ErrBadSound) || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	broken := errors.New("the line broke")
	if _, _, err := clips.Decode(failing{broken}); !errors.Is(err, broken) || errors.Is(err, clips.ErrBadSound) {
		t.Errorf("a reader that fails: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A file that is cut off is heard up to there.
func TestDecodeCutOff(t *testing.T) {
	file := form{1, 16000, 1, 16, false}.file(wave(16000))
	clip := decode(t, file[:len(file)/2])
	if d := clip.Length().Seconds(); math.Abs(d-0.6) > 0.01 {
		t.Errorf("half of 1.2 s is %g s", d)
	}
}
