package report

import "math/bits"

// gMin is how many packets in a row must come for a burst of losses to be
// over (RFC 3611 §4.7.2, its recommended value).
const gMin = 16

// bursts tells losses that come together from lone ones: a burst begins and
// ends with a lost packet and has nowhere gMin packets in a row that came;
// all else is a gap (RFC 3611 §4.7.2). It works only when a packet is
// missing, and only on stretches of the stream that are seen whole.
type bursts struct {
	watching bool
	begin    uint32 // extended number where this stretch begins
	seen     uint64 // packets expected in earlier stretches
	runs     uint64 // of consecutive losses
	bursts   uint64 // that are over
	length   uint64 // of them, in packets
	lost     uint64 // in them
	alone    uint64 // lost in gaps

	// The losses that may yet be a burst.
	first, last, open uint32
	recent            uint64 // bit i: last−i is lost
}

// enter begins a stretch with a packet that came.
func (b *bursts) enter(number uint32) { b.watching, b.begin = true, number }

// leave ends it after the highest number.
func (b *bursts) leave(highest uint32) {
	if !b.watching {
		return
	}
	b.settle()
	b.watching = false
	b.seen += uint64(highest - b.begin + 1)
}

// lose takes n consecutive losses.
func (b *bursts) lose(from, n uint32) {
	if !b.watching {
		return
	}
	b.runs++
	if b.open == 0 || from-b.last > gMin {
		b.settle()
		b.first, b.last, b.recent = from, from-1, 0
	}
	last := from + n - 1
	b.recent = b.recent<<(last-b.last) | (1<<n - 1)
	b.last = last
	b.open += n
}

// came takes back a loss: the packet was only late. One that is later than
// recent reaches was lost for whoever listens.
func (b *bursts) came(number uint32) {
	back := b.last - number
	if b.open == 0 || back >= 64-gMin || b.recent>>back&1 == 0 {
		return
	}
	newer := b.recent & (1<<back - 1)
	older := b.recent >> back >> 1 // bit i: number−1−i is lost
	b.runs += older&1 + newer>>(back-1)&1 - 1
	b.recent &^= 1 << back
	b.open--
	n := uint32(bits.OnesCount64(newer))
	next := b.last - uint32(bits.Len64(newer)-1)                 // lost, after number
	previous := number - 1 - uint32(bits.TrailingZeros64(older)) // lost, before it
	switch {
	case n == b.open:
		b.first = next
	case n == 0:
		b.recent >>= b.last - previous
		b.last = previous
	case next-previous > gMin: // what seemed one burst is two things
		last := b.last
		b.last, b.open = previous, b.open-n
		b.settle()
		b.first, b.last, b.open, b.recent = next, last, n, newer
	}
}

// settle finds out what the open losses were.
func (b *bursts) settle() {
	switch {
	case b.open > 1:
		b.bursts++
		b.length += uint64(b.last - b.first + 1)
		b.lost += uint64(b.open)
	case b.open == 1:
		b.alone++
	}
	b.open = 0
}

// pattern is what bursts have come to, with the highest number that came.
type pattern struct {
	runs, lost         uint64 // all losses in stretches seen whole
	bursts             uint64
	inBurst, burstLost uint64 // packets in bursts, and lost ones of them
	inGap, gapLost     uint64 // packets in gaps, and lost ones of them
}

func (b bursts) pattern(highest uint32) pattern {
	b.leave(highest)
	return pattern{
		runs: b.runs, lost: b.lost + b.alone, bursts: b.bursts,
		inBurst: b.length, burstLost: b.lost,
		inGap: b.seen - min(b.seen, b.length), gapLost: b.alone,
	}
}
