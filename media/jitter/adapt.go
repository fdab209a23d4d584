package jitter

const (
	patience = 75             // ticks that shrinking waits for silence before it splices sound
	haste    = 25             // and when there are two frames to leave out
	shrinkNS = guardNS + tick // margin beyond which the delay shrinks: what is left is no less than Guard
)

// misplaced tells whether the delay, or the place where frames begin, should
// move, or would be the better for it when there is silence.
func (b *Buffer) misplaced() bool {
	least, _, ok := b.margins.bounds()
	return b.grow > 0 || ok && (least < guardNS/2 || least >= shrinkNS) || b.offset() != 0
}

// enlarge inserts a made-up frame when packets have come too late, or, in
// silence, when they are about to.
func (b *Buffer) enlarge(dst []int16) bool {
	least, _, ok := b.margins.bounds()
	want := b.grow > 0
	if !want && ok && least < guardNS/2 && least >= 0 {
		want = least < guardNS/8 || b.lull()
	}
	if !want || !b.room(tick) {
		b.grow = 0
		return false
	}
	b.grow = max(b.grow-tick, 0)
	b.margins.shift(tick)
	b.voice.Extend(b.memory(), dst)
	b.made += Frame
	b.stats.Grown++
	return true
}

// reduce leaves out sound when even the slowest packet of the last seconds
// came a whole frame too early: a frame of silence at once, and of sound,
// after some patience, as much as fits its wave. It tells whether it has
// filled dst.
func (b *Buffer) reduce(dst []int16) bool {
	silent := b.lull()
	if silent {
		b.align()
	}
	least, _, ok := b.margins.bounds()
	if !ok || !b.margins.settled() || least < shrinkNS {
		b.loud = 0
		return false
	}
	if n, held := b.run(b.next, 2*Frame); !held || n < 2*Frame {
		return false
	}
	if silent {
		b.skip(Frame)
		b.stats.Shrunk++
		return false
	}
	b.loud++
	if b.loud < haste || b.loud < patience && least < shrinkNS+tick {
		return false
	}
	b.loud = 0
	var frames [2 * 2 * Frame]int16
	scale := b.scale()
	wave := frames[:2*Frame*scale]
	b.peek(wave, b.next)
	n := splice(dst, wave, scale) / scale
	b.voice.Heard(b.memory(), dst)
	b.pass(b.next, n+Frame)
	if b.offset() < n { // a packet is needed a tick sooner from here on
		b.margins.shift(-tick)
	}
	b.mark(b.next, n+Frame, false)
	b.next += uint32(n + Frame)
	b.stats.Shrunk++
	return true
}

// offset is how far before the play position a packet begins.
func (b *Buffer) offset() int {
	if b.unit == 0 {
		return 0
	}
	off := int(int32(b.newest-b.next)) % int(b.unit)
	if off < 0 {
		off += int(b.unit)
	}
	return off
}

// align moves the play position, in silence, to where a packet begins: a
// frame that spans two packets must wait for the second.
func (b *Buffer) align() {
	n := b.offset()
	if n == 0 {
		return
	}
	if run, held := b.run(b.next, n+Frame); !held || run < n+Frame {
		return
	}
	b.pass(b.next, n)
	b.mark(b.next, n, false)
	b.next += uint32(n)
}

// lull tells whether the last frame was and the next one is quieter than
// −45 dBFS. The next one is only decoded for that when the last one was, so
// that steady sound costs nothing.
func (b *Buffer) lull() bool {
	if !b.calm {
		return false
	}
	if n, held := b.run(b.next, Frame); !held || n < Frame {
		return false
	}
	var frame [2 * Frame]int16
	next := frame[:Frame*b.scale()]
	b.peek(next, b.next)
	return silent(next)
}

func silent(pcm []int16) bool {
	for _, x := range pcm {
		if x > 184 || x < -184 {
			return false
		}
	}
	return true
}
