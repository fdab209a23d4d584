package jitter

const (
	maxLeap = 100 // packets: two seconds at 20 ms; more is a new beginning
	window  = 64  // sequence numbers remembered against duplicates
)

// Put takes one audio packet that arrived at now: best the kernel's time of
// arrival, for then it waits for its tick 5 to 25 ms on a clean line. The time
// it was read at a tick will do, but hides how early it came, and it waits for
// the tick after: 20 to 40 ms. The marker bit is not needed: a new spurt shows
// in the timestamps.
func (b *Buffer) Put(seq uint16, ts uint32, payload []byte, now int64) Verdict {
	if len(payload) == 0 || len(payload) > MaxPayload {
		b.stats.Malformed++
		return Malformed
	}
	newer, step, verdict := b.order(seq)
	if verdict != Accepted {
		return verdict
	}
	if !newer && b.state != playing && b.played && int32(ts-b.floor) < 0 {
		b.stats.Late++
		return Late
	}
	b.comfort, b.quiet = false, false
	if b.state != idle && !b.follows(ts, newer, step) {
		b.stats.Strange++
		return Strange
	}
	if b.state == playing {
		return b.enter(ts, payload, now)
	}
	return b.prime(ts, payload, now)
}

// follows compares a packet's timestamp with what is held: after a leap the
// packet begins anew, and a pause that the sender made, for its sequence
// numbers have no gap, is filled with silence. It is false for an old packet
// with an odd timestamp.
func (b *Buffer) follows(ts uint32, newer bool, step int) bool {
	gap := int32(ts - b.end)
	ahead := int32(ts - b.next)
	switch {
	case gap >= -ringSize && gap < -MaxPayload && !newer:
		return true // old indeed
	case gap < -MaxPayload || gap > maxLeap*Frame:
		if newer {
			b.restart()
		}
		return newer
	case gap > 0 && step == 1 && ahead > int32(capNS/sampleNS)+Frame:
		b.restart()
	case gap > 0 && step == 1:
		b.silence(b.end, int(gap))
		b.end = ts
	}
	return true
}

// Comfort takes a comfort noise packet (payload type 13, RFC 3389): the far
// end falls silent and tells how loud its silence is.
func (b *Buffer) Comfort(seq uint16, payload []byte) Verdict {
	if len(payload) == 0 {
		b.stats.Malformed++
		return Malformed
	}
	newer, _, verdict := b.order(seq)
	if verdict == Accepted && newer {
		b.quiet, b.comfort = true, true
		b.noise = noiseAmplitude(payload[0])
	}
	return verdict
}

// Event takes the sequence number of a packet of this stream that has no
// sound, such as a telephone event: sound may pause for it, and no sound is
// made up meanwhile.
func (b *Buffer) Event(seq uint16) Verdict {
	newer, _, verdict := b.order(seq)
	if verdict == Accepted && newer {
		b.quiet = true
	}
	return verdict
}

// order judges a sequence number. step is how far it is beyond the newest
// one before it.
func (b *Buffer) order(seq uint16) (newer bool, step int, verdict Verdict) {
	if !b.began {
		b.began, b.top, b.seen = true, seq, 1
		return true, 1, Accepted
	}
	step = int(int16(seq - b.top))
	switch {
	case step > maxLeap || step <= -window:
		if !b.probing || seq != b.probe+1 {
			b.probing, b.probe = true, seq
			b.stats.Strange++
			return false, step, Strange
		}
		b.restart()
		b.top, b.seen, b.probing = seq, 1, false
		return true, 1, Accepted
	case step > 0:
		b.top = seq
		b.seen = b.seen<<step | 1
		b.probing = false
		return true, step, Accepted
	}
	bit := uint64(1) << -step
	if b.seen&bit != 0 {
		b.stats.Duplicates++
		return false, step, Duplicate
	}
	b.seen |= bit
	return false, step, Accepted
}

// restart drops all sound held after a leap; the next packet begins a new
// spurt.
func (b *Buffer) restart() {
	b.clear()
	b.played = false
	b.stats.Resyncs++
}

// clear empties the ring and keeps what is known of the line.
func (b *Buffer) clear() {
	if b.state == playing {
		b.floor, b.played = b.next, true
	}
	b.have = [ringSize / 64]uint64{}
	b.state, b.made, b.grow = idle, 0, 0
}

// prime stores a packet before play has begun. best is the least transit
// time of the spurt so far: arrival less the packet's place in the spurt.
func (b *Buffer) prime(ts uint32, payload []byte, now int64) Verdict {
	if b.state == idle {
		b.clear()
		b.state, b.next, b.end = priming, ts, ts
		b.best, b.bestTS = now, ts
	}
	if int32(ts-b.next) < 0 {
		if b.end-ts > ringSize-Frame {
			b.stats.Late++
			return Late
		}
		b.best -= int64(b.next-ts) * sampleNS
		b.next = ts
	}
	if over := int(ts-b.next) + len(payload) - (ringSize - Frame); over > 0 {
		b.mark(b.next, min(over, ringSize), false)
		b.best += int64(over) * sampleNS
		b.next += uint32(over)
		b.stats.Stale += uint64(over)
	}
	if transit := now - int64(int32(ts-b.next))*sampleNS; transit < b.best {
		b.best, b.bestTS = transit, ts
	}
	b.keep(ts, payload, now)
	return Accepted
}

// keep stores a packet and moves the end.
func (b *Buffer) keep(ts uint32, payload []byte, now int64) {
	b.heardAt = now
	if n := uint16(len(payload)); n != b.length {
		b.length, b.unit = n, 0
		if n%Frame == 0 || Frame%n == 0 {
			b.unit = min(n, Frame)
		}
	}
	b.newest = ts
	b.store(ts, payload)
	b.reach(ts + uint32(len(payload)))
}

// reach moves the end of what is held up to ts.
func (b *Buffer) reach(ts uint32) {
	if int32(ts-b.end) > 0 {
		b.end = ts
	}
}

// enter stores a packet while playing.
func (b *Buffer) enter(ts uint32, payload []byte, now int64) Verdict {
	ahead := int64(int32(ts - b.next))
	margin := b.lastTick + tick*(1+floorDiv(ahead, Frame)) - now
	for margin > capNS || ahead+int64(len(payload)) > ringSize-Frame {
		b.skip(Frame)
		b.stats.Stale += Frame
		margin -= tick
		ahead -= Frame
	}
	b.margins.add(margin, now)
	if ahead+int64(len(payload)) <= 0 {
		b.stats.Late++
		if need := guardNS - margin; need > b.grow && need < capNS {
			b.grow = need
		}
		return Late
	}
	if ahead < 0 {
		b.store(b.next, payload[-ahead:])
		b.reach(ts + uint32(len(payload)))
		return Accepted
	}
	b.keep(ts, payload, now)
	return Accepted
}

// skip moves the play position over n samples unplayed.
func (b *Buffer) skip(n int) {
	b.pass(b.next, n)
	b.mark(b.next, n, false)
	b.next += uint32(n)
	if int32(b.end-b.next) < 0 {
		b.end = b.next
	}
	b.margins.shift(-int64(n) * sampleNS)
}

func floorDiv(a, n int64) int64 {
	q := a / n
	if a%n < 0 {
		q--
	}
	return q
}
