package clips

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/hajimehoshi/go-mp3"
)

// decodeMP3 reads MPEG-1 and MPEG-2 layer III. A file that is damaged after
// its beginning is taken up to there, as players do.
func decodeMP3(file []byte, in *intake) error {
	// Only a reader: given a seeker, the decoder first scans all of it.
	decoder, err := mp3.NewDecoder(struct{ io.Reader }{bytes.NewReader(file)})
	if err != nil {
		return errors.New("no frames of MPEG-1 or MPEG-2 layer III are in it")
	}
	// It always gives 16 bits of two channels, the same twice for mono.
	if err := in.begin(decoder.SampleRate(), 2); err != nil {
		return err
	}
	bytes, out := make([]byte, block*2), make([]float32, block)
	for {
		n, err := io.ReadFull(decoder, bytes)
		n = n / 4 * 2
		for i := range n {
			out[i] = float32(int16(binary.LittleEndian.Uint16(bytes[2*i:]))) / (1 << 15)
		}
		if err := in.add(out[:n]); err != nil {
			return err
		}
		if err != nil {
			return nil
		}
	}
}
