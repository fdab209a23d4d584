package clips

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/pion/opus"
)

// opusRate is what Opus in Ogg counts in (RFC 7845, 4). It is decoded at
// wideRate: the decoder leaves out what is above by itself.
const opusRate = 48000

// decodeOpus reads one Opus stream of one or two channels (RFC 7845, channel
// mapping family 0). Packets that cannot be decoded are silence of the length
// of the one before, as when one is lost.
func decodeOpus(r *oggReader, head []byte, in *intake) error {
	if len(head) < 19 || head[8]>>4 != 0 {
		return errors.New("the file is damaged")
	}
	channels, family := int(head[9]), head[18]
	if family != 0 || channels < 1 || channels > 2 {
		return errors.New("more than two channels of Opus cannot be read")
	}
	const ratio = opusRate / wideRate
	skip := int64(binary.LittleEndian.Uint16(head[10:])) / ratio
	gain := float32(math.Pow(10, float64(int16(binary.LittleEndian.Uint16(head[16:])))/256/20))
	if err := in.begin(wideRate, channels); err != nil {
		return err
	}
	if _, ok := r.next(); !ok { // the comments
		return errors.New("there is no sound in it")
	}
	decoder, err := opus.NewDecoderWithOutput(wideRate, channels)
	if err != nil {
		return err
	}
	out := make([]float32, wideRate*120/1000*channels)
	var position int64 // of the end of what was decoded, with what is skipped
	var good, lost, n int
	for {
		packet, ok := r.next()
		if !ok {
			break
		}
		if m, err := opusPacket(&decoder, packet, out); err == nil {
			n, good = m, good+1
		} else {
			lost++
			clear(out[:n*channels])
		}
		from := min(max(skip-position, 0), int64(n))
		position += int64(n)
		to := int64(n)
		if len(r.rest) == 0 && r.granule >= 0 && position > r.granule/ratio {
			to = max(from, to-(position-r.granule/ratio)) // the last page says where the sound ends
		}
		part := out[from*int64(channels) : to*int64(channels)]
		for i := range part {
			part[i] *= gain
		}
		if err := in.add(part); err != nil {
			return err
		}
	}
	if lost > good {
		return errors.New("its Opus packets cannot be decoded")
	}
	return nil
}

// opusPacket decodes a packet; a panic of the library is a packet that cannot
// be decoded.
func opusPacket(decoder *opus.Decoder, packet []byte, out []float32) (n int, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the packet is damaged")
		}
	}()
	return decoder.DecodeToFloat32(packet, out)
}
