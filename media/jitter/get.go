package jitter

import "math"

// Get fills dst, which must hold Frame times Scale of the codec samples, with
// the next 20 ms. now is the nominal time of the tick, 20 ms after that of the
// last call; where the caller has left ticks out, the sound due at them is
// left out too.
func (b *Buffer) Get(dst []int16, now int64) Kind {
	dst = dst[:Frame*b.scale()]
	b.catchUp(now)
	b.lastTick = now
	if b.state == priming {
		b.start(now)
	}
	if b.state != playing {
		return b.pause(dst)
	}
	b.passHole()
	moving := b.misplaced()
	switch {
	case !moving:
		b.loud = 0
	case b.enlarge(dst):
		return Concealed
	case b.reduce(dst):
		return Audio
	}
	kind := b.play(dst)
	b.calm = moving && kind == Audio && silent(dst)
	return kind
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
	b.state, b.spurt = playing, now
	b.rested = false
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

// Resting tells that nothing plays and nothing waits: until the next packet
// every Get would be Empty, and need not be asked for.
func (b *Buffer) Resting() bool { return b.state == idle && b.rested && !b.comfort }

// pause gives what is heard while nothing plays.
func (b *Buffer) pause(dst []int16) Kind {
	b.voice.Rest(b.memory(), dst)
	if !b.comfort {
		b.rested = true
		return Empty
	}
	for i := range dst {
		b.seed = b.seed*1664525 + 1013904223
		dst[i] += int16(float32(int32(b.seed)) * b.noise)
	}
	return Noise
}

// stop ends a spurt: nothing more has come. The spread of a line that has
// become better is believed by as much as was seen of it: whoever pauses
// between sentences must get back to a short delay, too.
func (b *Buffer) stop() {
	if least, most, ok := b.margins.bounds(); ok {
		seen := most - least
		if better := b.spread - seen; better > 0 {
			length := min(b.lastTick-b.spurt, buckets*bucket)
			seen = b.spread - better*length/(buckets*bucket)
		}
		b.spread = seen
	}
	b.clear()
}

// noiseAmplitude turns the level byte of RFC 3389 (−dBov) into what an
// evenly distributed 32-bit number is multiplied with.
func noiseAmplitude(level byte) float32 {
	rms := 32768 * math.Pow(10, -float64(level&0x7F)/20)
	return float32(min(rms, 3000) * math.Sqrt(3) / (1 << 31))
}
