package jitter

const (
	fadeSamples = 480 // 60 ms: concealment has faded to nothing by then
	patience    = 25  // ticks that shrinking waits for silence before it splices
	slack       = int64(2e6)
)

// Get fills dst, which must hold Frame samples, with the next 20 ms. now is
// the nominal time of the tick, 20 ms after that of the last call; where the
// caller has left ticks out, the sound due at them is left out too.
func (b *Buffer) Get(dst []int16, now int64) Kind {
	dst = dst[:Frame]
	b.catchUp(now)
	b.lastTick = now
	if b.state == priming {
		b.start(now)
	}
	if b.state != playing {
		return b.pause(dst)
	}
	b.passHole()
	if b.enlarge(dst) {
		return Concealed
	}
	if b.reduce(dst) {
		return Audio
	}
	return b.play(dst)
}

// catchUp leaves out what was due at ticks the caller has skipped: after many
// of them all but the newest sound, and all of it if that is old, too.
func (b *Buffer) catchUp(now int64) {
	if b.state != idle && now-b.heardAt > capNS && now-b.lastTick > capNS {
		b.clear()
	}
	if b.state != playing {
		return
	}
	due := ((now-b.lastTick+tick/2)/tick - 1) * Frame
	held := int64(int32(b.end - b.next))
	if due > 3*Frame {
		due = max(held-2*Frame, 0)
	}
	if n := min(due, held); n > 0 {
		b.skip(int(n))
	}
}

// start begins to play when the sound held has waited long enough for the
// jitter of this line. What would be older than that is left out: it came in
// a burst after a stall.
func (b *Buffer) start(now int64) {
	if now-b.best > capNS {
		b.fresh()
	}
	wait := now - b.best - guardNS - b.target()
	if wait < 0 || wait < tick && int32(b.end-b.next) < Frame {
		return
	}
	due := b.next + uint32(min(wait/sampleNS, ringSize))
	behind := min(int64(int32(due-b.bestTS)), 0)
	from := b.bestTS + uint32(floorDiv(behind, Frame)*Frame)
	if old := int(int32(from - b.next)); old > 0 {
		b.mark(b.next, old, false)
		b.next = from
		b.best += int64(old) * sampleNS
		b.stats.Stale += uint64(old)
	}
	b.state = playing
	b.made, b.dry, b.grow, b.loud = 0, 0, 0, 0
	b.margins = margins{}
	b.margins.add(now-b.best, now)
}

// fresh drops all that is held but the last packet.
func (b *Buffer) fresh() {
	if old := int(int32(b.newest - b.next)); old > 0 {
		b.stats.Stale += uint64(old)
	}
	b.have = [ringSize / 64]uint64{}
	b.mark(b.newest, int(b.length), true)
	b.next, b.bestTS, b.best = b.newest, b.newest, b.heardAt
	b.end = b.newest + uint32(b.length)
}

// target is how much longer than Guard a spurt waits at its start.
func (b *Buffer) target() int64 {
	return min(b.spread, capNS-guardNS-2*tick)
}

// pause gives what is heard while nothing plays.
func (b *Buffer) pause(dst []int16) Kind {
	b.voice.rest(dst)
	if !b.comfort {
		return Empty
	}
	for i := range dst {
		b.seed = b.seed*1664525 + 1013904223
		dst[i] += int16(float32(int32(b.seed)) * b.noise)
	}
	return Noise
}

// stop ends a spurt: nothing more has come.
func (b *Buffer) stop() {
	if least, most, ok := b.margins.bounds(); ok {
		seen := most - least
		if b.margins.settled() {
			b.spread = seen
		}
		b.spread = max(b.spread, seen)
	}
	b.clear()
}

// passHole leaves out a hole that concealment has covered already: the
// packet was lost, not late, and waiting for it must not add delay.
func (b *Buffer) passHole() {
	for b.made > 0 && int32(b.end-b.next) > 0 {
		n, held := b.run(b.next, b.made)
		if held {
			return
		}
		n = min(n, int(b.end-b.next))
		b.skip(n)
		b.made -= n
	}
}

// play fills a frame from what is held, and makes up what is not.
func (b *Buffer) play(dst []int16) Kind {
	held := int(int32(b.end - b.next))
	if held <= 0 && (b.quiet || b.dry >= fadeSamples) {
		b.stop()
		return b.pause(dst)
	}
	lead := b.rejoin(dst)
	kind := Audio
	if lead > 0 {
		kind = Concealed
	}
	at := lead
	from := b.next - uint32(lead) // timestamp of dst[0]
	for at < min(lead+held, Frame) {
		n, real := b.run(from+uint32(at), min(lead+held, Frame)-at)
		part := dst[at : at+n]
		if real {
			b.decode(part, from+uint32(at))
			b.voice.heard(part)
			b.made, b.dry = 0, 0
		} else {
			b.voice.invent(part)
			b.stats.Concealed += uint64(n)
			kind = Concealed
		}
		at += n
	}
	b.mark(b.next, at-lead, false)
	b.next += uint32(at - lead)
	if at < Frame {
		b.lack(dst[at:])
		kind = Concealed
	}
	return kind
}

// rejoin goes on making up sound after an inserted frame until its wave
// meets the real one, which keeps a tone's phase. It returns how many samples
// of dst that took.
func (b *Buffer) rejoin(dst []int16) int {
	if b.made == 0 || !b.room(tick) {
		return 0
	}
	if n, held := b.run(b.next, overlap); !held || n < overlap || int32(b.end-b.next) < overlap {
		return 0
	}
	var ahead [overlap]int16
	b.decode(ahead[:], b.next)
	lead := b.voice.meet(ahead[:])
	b.voice.invent(dst[:lead])
	b.margins.widen(int64(lead) * sampleNS)
	b.made = 0
	return lead
}

// lack makes up the end of a frame for which nothing has come yet. The play
// position waits, so that what is merely late will still be heard, unless
// that would let sound wait longer than Cap.
func (b *Buffer) lack(dst []int16) {
	n := len(dst)
	b.voice.invent(dst)
	b.dry += n
	b.stats.Concealed += uint64(n)
	b.stats.Underruns++
	if b.room(int64(n) * sampleNS) {
		b.made += n
		b.margins.shift(int64(n) * sampleNS)
		return
	}
	b.next += uint32(n)
	b.end = b.next
}

// room tells whether the delay may grow by this much.
func (b *Buffer) room(by int64) bool {
	_, most, ok := b.margins.bounds()
	return !ok || most+by <= capNS
}

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
