package jitter

import (
	"math/bits"

	"partyline/media/codec"
)

// store copies a payload into the ring and marks its samples as held.
func (b *Buffer) store(ts uint32, payload []byte) {
	at := ts & ringMask
	n := copy(b.data[at:], payload)
	copy(b.data[:], payload[n:])
	b.mark(ts, len(payload), true)
}

// silence marks n samples from ts as held and silent.
func (b *Buffer) silence(ts uint32, n int) {
	at := int(ts & ringMask)
	first := min(n, ringSize-at)
	codec.Silence(b.codec, b.data[at:at+first])
	codec.Silence(b.codec, b.data[:n-first])
	b.mark(ts, n, true)
}

// mark sets or clears the held bits of n samples from ts.
func (b *Buffer) mark(ts uint32, n int, held bool) {
	at := int(ts & ringMask)
	for n > 0 {
		bit := at & 63
		run := min(64-bit, n)
		mask := ^uint64(0) >> (64 - run) << bit
		if held {
			b.have[at>>6] |= mask
		} else {
			b.have[at>>6] &^= mask
		}
		at = (at + run) & ringMask
		n -= run
	}
}

// run tells how many samples from ts on, at most n, are alike: all held or
// all missing.
func (b *Buffer) run(ts uint32, n int) (length int, held bool) {
	at := int(ts & ringMask)
	held = b.have[at>>6]>>(at&63)&1 == 1
	for length < n {
		bit := at & 63
		word := b.have[at>>6] >> bit
		if held {
			word = ^word
		}
		same := min(bits.TrailingZeros64(word), 64-bit)
		length += same
		if same < 64-bit {
			break
		}
		at = (at + same) & ringMask
	}
	return min(length, n), held
}
