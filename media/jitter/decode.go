package jitter

import (
	"partyline/media/codec"
	"partyline/media/conceal"
	"partyline/media/g711"
)

// wide is what a codec with state needs beside a Buffer.
type wide struct {
	past    [2 * conceal.Memory]int16 // what voice has heard
	decoder codec.Decoder             // as after the last sample played
}

// scale is how many samples one unit of the timestamp is.
func (b *Buffer) scale() int {
	if b.double {
		return 2
	}
	return 1
}

// memory is the past of voice.
func (b *Buffer) memory() []int16 {
	if b.double {
		return b.wide.past[:]
	}
	return b.past[:]
}

// decode expands held bytes from ts on to fill dst: they are played, or left
// out for good.
func (b *Buffer) decode(dst []int16, ts uint32) {
	switch b.codec {
	case codec.PCMU:
		first, rest := b.bytes(ts, len(dst))
		g711.DecodeMu(dst, first)
		g711.DecodeMu(dst[len(first):], rest)
	case codec.PCMA:
		first, rest := b.bytes(ts, len(dst))
		g711.DecodeA(dst, first)
		g711.DecodeA(dst[len(first):], rest)
	default:
		b.expand(&b.wide.decoder, dst, ts)
	}
}

// peek expands held bytes that will be decoded again later.
func (b *Buffer) peek(dst []int16, ts uint32) {
	if b.codec.Stateless() {
		b.decode(dst, ts)
		return
	}
	trial := b.wide.decoder
	b.expand(&trial, dst, ts)
}

func (b *Buffer) expand(d *codec.Decoder, dst []int16, ts uint32) {
	scale := b.scale()
	first, rest := b.bytes(ts, len(dst)/scale)
	d.Decode(dst[:len(first)*scale], first)
	d.Decode(dst[len(first)*scale:], rest)
}

// bytes are n bytes from ts on, in the two parts the ring has them in.
func (b *Buffer) bytes(ts uint32, n int) (first, rest []byte) {
	at := int(ts & ringMask)
	if over := at + n - ringSize; over > 0 {
		return b.data[at:], b.data[:over]
	}
	return b.data[at : at+n], nil
}

// pass lets a decoder with state hear what is left out of n bytes from ts on,
// so that it is right for what comes after.
func (b *Buffer) pass(ts uint32, n int) {
	if b.codec.Stateless() {
		return
	}
	var unheard [2 * Frame]int16
	for n > 0 {
		some, held := b.run(ts, min(n, Frame))
		if held {
			b.decode(unheard[:some*b.scale()], ts)
		}
		ts += uint32(some)
		n -= some
	}
}
