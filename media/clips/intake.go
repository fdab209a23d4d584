package clips

import (
	"errors"
	"fmt"
	"math"
	"time"

	"partyline/media"
	"partyline/media/resample"
)

// wideRate is what clips are made at, in samples a second; the 8 kHz that
// telephones mostly hear are made from it.
const wideRate = 16000

// maxChannels of a file: 7.1.
const maxChannels = 8

// intake takes sound from a decoder as it comes, mixes its channels, converts
// its rate and stops it when it gets too long: whatever a small file claims or
// unpacks to, no more than MaxLength at 16 kHz is ever held.
type intake struct {
	channels  int
	most      int // frames
	frames    int
	converter *resample.Converter
	mixed     []float32
	wide      []float32
}

// begin says what comes: frames of so many samples, one for each channel.
func (in *intake) begin(rate, channels int) error {
	switch {
	case rate < 8000 || rate > 192_000:
		return fmt.Errorf("a rate of %d samples a second is not between 8,000 and 192,000", rate)
	case channels < 1 || channels > maxChannels:
		return fmt.Errorf("%d channels are not 1 to %d", channels, maxChannels)
	}
	converter, err := resample.NewConverter(rate, wideRate)
	if err != nil {
		return fmt.Errorf("a rate of %d samples a second cannot be converted", rate)
	}
	in.converter, in.channels, in.most = converter, channels, rate*int(MaxLength/time.Second)
	return nil
}

// block is how many samples a decoder should add at a time, at most: it
// bounds what is held twice.
const block = 1 << 14

// errTooLong ends a decoder early.
var errTooLong = fmt.Errorf("it is longer than %v", MaxLength)

// add takes whole frames of samples, where ±1 is full scale.
func (in *intake) add(samples []float32) error {
	in.mixed = in.mixed[:0]
	share := 1 / float32(in.channels)
	for i := 0; i+in.channels <= len(samples); i += in.channels {
		var sum float32
		for _, x := range samples[i : i+in.channels] {
			sum += x
		}
		sum *= share
		// No file is meant to exceed full scale a thousandfold; what is not a
		// number fails this test, too.
		if !(math.Abs(float64(sum)) < 1000) {
			return errors.New("it has samples that are no numbers")
		}
		in.mixed = append(in.mixed, sum)
	}
	in.frames += len(in.mixed)
	if in.frames > in.most {
		return errTooLong
	}
	in.wide = in.converter.Append(in.wide, in.mixed)
	return nil
}

// end gives all of the sound at 16 kHz, in an even number of samples.
func (in *intake) end() ([]float32, error) {
	if in.frames == 0 {
		return nil, errors.New("there is no sound in it")
	}
	wide := in.converter.Flush(in.wide)
	if len(wide)%2 != 0 {
		wide = append(wide, 0)
	}
	return wide, nil
}

// Both makes a clip of sound at 16 kHz: its other rate is made from it, with
// no delay between the two.
func Both(name string, wide []int16) (*media.Clip, error) {
	if len(wide)%2 != 0 {
		wide = append(wide, 0)
	}
	down, err := resample.NewConverter(wideRate, wideRate/2)
	if err != nil {
		return nil, err
	}
	pcm := make([]int16, 0, len(wide)/2)
	var in, out []float32
	for at := 0; at < len(wide); at += block {
		in, out = in[:0], out[:0]
		for _, x := range wide[at:min(at+block, len(wide))] {
			in = append(in, float32(x))
		}
		pcm = appendRounded(pcm, down.Append(out, in))
	}
	pcm = appendRounded(pcm, down.Flush(nil))
	return &media.Clip{Name: name, PCM: pcm, Wide: wide}, nil
}

func appendRounded(dst []int16, src []float32) []int16 {
	for _, x := range src {
		dst = append(dst, int16(math.Round(min(max(float64(x), math.MinInt16), math.MaxInt16))))
	}
	return dst
}

func quantise(sound []float32) []int16 {
	scaled := make([]int16, len(sound))
	for i, x := range sound {
		scaled[i] = int16(math.Round(min(max(float64(x)*math.MaxInt16, -math.MaxInt16), math.MaxInt16)))
	}
	return scaled
}
