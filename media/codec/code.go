package codec

import (
	"partyline/media/g711"
	"partyline/media/g722"
)

// Encoder makes payload of one stream. The zero value makes PCMU. It has no
// pointers: it is copied by assignment, and two that compare equal give the
// same bytes for the same samples from then on. It allocates nothing and is
// not safe for concurrent use.
type Encoder struct {
	codec Codec
	g722  g722.Encoder
}

// Reset makes e a new encoder of a codec.
func (e *Encoder) Reset(c Codec) { *e = Encoder{codec: c} }

// Codec is the codec of e.
func (e *Encoder) Codec() Codec { return e.codec }

// Encode fills dst with the code of pcm, which holds Scale samples a byte,
// Rate samples a second.
func (e *Encoder) Encode(dst []byte, pcm []int16) {
	switch e.codec {
	case PCMU:
		g711.EncodeMu(dst, pcm[:len(dst)])
	case PCMA:
		g711.EncodeA(dst, pcm[:len(dst)])
	case G722:
		e.g722.Encode(dst, pcm)
	}
}

// Follow encodes like Encode but works towards the state of another encoder
// of the same codec, whose code of the same samples is lead: see
// [g722.Encoder.Follow]. Of a stateless codec it is lead.
func (e *Encoder) Follow(dst []byte, pcm []int16, lead []byte) {
	if e.codec == G722 {
		e.g722.Follow(dst, pcm, lead)
		return
	}
	copy(dst, lead[:len(dst)])
}

// Decoder makes samples of one stream's payload. The zero value takes PCMU.
// What is said of Encoder holds for it, too.
type Decoder struct {
	codec Codec
	g722  g722.Decoder
}

// Reset makes d a new decoder of a codec.
func (d *Decoder) Reset(c Codec) { *d = Decoder{codec: c} }

// Codec is the codec of d.
func (d *Decoder) Codec() Codec { return d.codec }

// Decode fills dst, which must have room for Scale samples a byte, with the
// sound of code.
func (d *Decoder) Decode(dst []int16, code []byte) {
	switch d.codec {
	case PCMU:
		g711.DecodeMu(dst, code)
	case PCMA:
		g711.DecodeA(dst, code)
	case G722:
		d.g722.Decode(dst, code)
	}
}

// quiet is the G.722 byte for no difference from the prediction: from
// whatever state, what a decoder makes of it has died away below −50 dBFS
// after 20 ms. An encoder's own answer to digital silence begins with 44
// bytes of 0xFA, but a decoder in another state can make a steady offset of
// 232 of that.
const quiet = 0xFD

// Silence fills dst with code that is heard as silence. A G.711 decoder and
// a new G.722 decoder make samples of at most 8 of it. One of G.722 that has
// decoded other sound is left with up to 70 after 20 ms, most of it a steady
// offset and 8 kHz. An Encoder that goes on after Silence does not know of it:
// what keeps one should give it digital silence instead.
func Silence(c Codec, dst []byte) {
	code := byte(quiet)
	switch c {
	case PCMU:
		code = g711.Mu.Silence()
	case PCMA:
		code = g711.A.Silence()
	}
	for i := range dst {
		dst[i] = code
	}
}
