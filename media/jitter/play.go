package jitter

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
