package clips

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"partyline/media/g711"
)

// Format tags of WAV files (RFC 2361 and the extensible header, whose
// sub-format begins with such a tag).
const (
	wavPCM        = 0x0001
	wavFloat      = 0x0003
	wavALaw       = 0x0006
	wavMuLaw      = 0x0007
	wavExtensible = 0xfffe
)

// wavFormat is what a "fmt " chunk says.
type wavFormat struct {
	tag, channels, bits int
	rate                int
}

// decodeWAV reads the chunks of a RIFF file. A data chunk that claims more
// than there is, as of a recorder that was cut off or one that streamed,
// reaches to the end of the file.
func decodeWAV(file []byte, in *intake) error {
	var format *wavFormat
	for at := 12; at+8 <= len(file); {
		id, size := string(file[at:at+4]), int(binary.LittleEndian.Uint32(file[at+4:]))
		body := file[at+8:]
		body = body[:min(size, len(body))]
		switch id {
		case "fmt ":
			f, err := readFormat(body)
			if err != nil {
				return err
			}
			format = f
		case "data":
			if format == nil {
				return errors.New("the sound comes before its format")
			}
			return format.read(body, in)
		}
		at += 8 + len(body) + size&1
	}
	return errors.New("there is no sound in it")
}

func readFormat(body []byte) (*wavFormat, error) {
	if len(body) < 16 {
		return nil, errors.New("its format is cut off")
	}
	f := &wavFormat{
		tag:      int(binary.LittleEndian.Uint16(body)),
		channels: int(binary.LittleEndian.Uint16(body[2:])),
		rate:     int(binary.LittleEndian.Uint32(body[4:])),
		bits:     int(binary.LittleEndian.Uint16(body[14:])),
	}
	if f.tag == wavExtensible && len(body) >= 26 {
		f.tag = int(binary.LittleEndian.Uint16(body[24:]))
	}
	return f, nil
}

// sampler reads one sample; it is given the bytes of it.
func (f *wavFormat) sampler() (func([]byte) float32, error) {
	switch {
	case f.tag == wavPCM && f.bits == 8:
		return func(b []byte) float32 { return (float32(b[0]) - 128) / 128 }, nil
	case f.tag == wavPCM && f.bits == 16:
		return func(b []byte) float32 { return float32(int16(binary.LittleEndian.Uint16(b))) / (1 << 15) }, nil
	case f.tag == wavPCM && f.bits == 24:
		return func(b []byte) float32 {
			return float32(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / (1 << 31)
		}, nil
	case f.tag == wavPCM && f.bits == 32:
		return func(b []byte) float32 { return float32(int32(binary.LittleEndian.Uint32(b))) / (1 << 31) }, nil
	case f.tag == wavFloat && f.bits == 32:
		return func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }, nil
	case f.tag == wavFloat && f.bits == 64:
		return func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) }, nil
	case f.tag == wavALaw && f.bits == 8:
		return companded(g711.DecodeA), nil
	case f.tag == wavMuLaw && f.bits == 8:
		return companded(g711.DecodeMu), nil
	}
	return nil, fmt.Errorf("its coding %#04x of %d bits cannot be read", f.tag, f.bits)
}

func (f *wavFormat) read(data []byte, in *intake) error {
	sample, err := f.sampler()
	if err != nil {
		return err
	}
	if err := in.begin(f.rate, f.channels); err != nil {
		return err
	}
	width := f.bits / 8
	frame := width * f.channels
	var out []float32
	for data = data[:len(data)/frame*frame]; len(data) > 0; {
		part := data[:min(len(data), block/f.channels*frame)]
		out = out[:0]
		for at := 0; at < len(part); at += width {
			out = append(out, sample(part[at:at+width]))
		}
		if err := in.add(out); err != nil {
			return err
		}
		data = data[len(part):]
	}
	return nil
}

// companded is a sampler of G.711.
func companded(decode func(dst []int16, src []byte)) func([]byte) float32 {
	var all [256]byte
	var linear [256]int16
	for i := range all {
		all[i] = byte(i)
	}
	decode(linear[:], all[:])
	return func(b []byte) float32 { return float32(linear[b[0]]) / (1 << 15) }
}
