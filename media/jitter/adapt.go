package jitter

const (
	patience = 25         // ticks that shrinking waits for silence before it splices
	slack    = int64(2e6) // nanoseconds beyond a frame that shrinking leaves
)

// enlarge inserts a made-up frame when packets have come too late, or, in
// silence, when they are about to.
func (b *Buffer) enlarge(dst []int16) bool {
	least, _, ok := b.margins.bounds()
	want := b.grow > 0
	if !want && ok && least < guardNS/2 && least >= 0 {
		want = least < guardNS/8 || b.silent(b.next)
	}
	if !want || !b.room(tick) {
		b.grow = 0
		return false
	}
	b.grow = max(b.grow-tick, 0)
	b.margins.shift(tick)
	b.voice.invent(dst)
	b.made += Frame
	b.stats.Grown++
	return true
}

// reduce leaves out sound when even the slowest packet of the last seconds
// came a whole frame too early: a frame of silence at once, and of sound,
// after some patience, as much as fits its wave. It tells whether it has
// filled dst.
func (b *Buffer) reduce(dst []int16) bool {
	silent := b.silent(b.next)
	if silent {
		b.align()
	}
	least, _, ok := b.margins.bounds()
	if !ok || !b.margins.settled() || least < guardNS+tick+slack {
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
	if b.loud < patience {
		return false
	}
	b.loud = 0
	var wave [2 * Frame]int16
	b.decode(wave[:], b.next)
	n := splice(dst, wave[:])
	b.voice.heard(dst)
	b.mark(b.next, n+Frame, false)
	b.next += uint32(n + Frame)
	b.margins.shift(-tick)
	b.stats.Shrunk++
	return true
}

// align moves the play position, in silence, to where a packet begins: a
// frame that spans two packets must wait for the second.
func (b *Buffer) align() {
	unit := int64(b.length)
	if unit == 0 || unit%Frame != 0 && Frame%unit != 0 {
		return
	}
	unit = min(unit, Frame)
	off := int64(int32(b.newest - b.next))
	n := int(off - floorDiv(off, unit)*unit)
	if run, held := b.run(b.next, n+Frame); n == 0 || !held || run < n+Frame {
		return
	}
	b.mark(b.next, n, false)
	b.next += uint32(n)
}

// silent tells whether the frame at ts is held and quieter than −45 dBFS.
func (b *Buffer) silent(ts uint32) bool {
	if n, held := b.run(ts, Frame); !held || n < Frame {
		return false
	}
	var frame [Frame]int16
	b.decode(frame[:], ts)
	for _, x := range frame {
		if x > 184 || x < -184 {
			return false
		}
	}
	return true
}
