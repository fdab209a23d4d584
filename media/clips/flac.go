package clips

import (
	"bytes"
	"errors"
	"io"

	"github.com/mewkiz/flac"
)

// decodeFLAC reads frame by frame: a frame holds 65,536 samples a channel at
// most.
func decodeFLAC(file []byte, in *intake) error {
	stream, err := flac.New(bytes.NewReader(file))
	if err != nil {
		return errors.New("the file is damaged")
	}
	channels, bits := int(stream.Info.NChannels), stream.Info.BitsPerSample
	if bits < 4 || bits > 32 {
		return errors.New("the file is damaged")
	}
	if err := in.begin(int(stream.Info.SampleRate), channels); err != nil {
		return err
	}
	if stream.Info.NSamples > uint64(in.most) {
		return errTooLong
	}
	scale := 1 / float32(int64(1)<<(bits-1))
	var out []float32
	for {
		frame, err := stream.ParseNext()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil || len(frame.Subframes) != channels {
			return errors.New("the file is damaged")
		}
		out = out[:0]
		for i := range frame.Subframes[0].Samples {
			for _, s := range frame.Subframes {
				out = append(out, float32(s.Samples[i])*scale)
			}
		}
		if err := in.add(out); err != nil {
			return err
		}
	}
}
