package jitter

const faded = 3 * Frame // made-up sound has faded to nothing by then

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
	if held <= 0 && (b.quiet || b.dry >= faded) {
		b.stop()
		return b.pause(dst)
	}
	if b.made == 0 && held >= Frame {
		if n, real := b.run(b.next, Frame); real && n == Frame {
			b.sound(dst, b.next)
			b.mark(b.next, Frame, false)
			b.next += Frame
			return Audio
		}
	}
	return b.patch(dst, held)
}

// sound decodes real sound from ts on.
func (b *Buffer) sound(dst []int16, ts uint32) {
	b.decode(dst, ts)
	b.voice.Heard(b.memory(), dst)
	b.made, b.dry = 0, 0
}

// patch fills a frame of which not all is held.
func (b *Buffer) patch(dst []int16, held int) Kind {
	scale := b.scale()
	lead := b.rejoin(dst)
	kind := Audio
	if lead > 0 {
		kind = Concealed
	}
	at := lead
	from := b.next - uint32(lead) // timestamp of dst[0]
	for at < min(lead+held, Frame) {
		n, real := b.run(from+uint32(at), min(lead+held, Frame)-at)
		part := dst[at*scale : (at+n)*scale]
		if real {
			b.sound(part, from+uint32(at))
		} else {
			b.voice.Invent(b.memory(), part)
			b.stats.Concealed += uint64(n)
			kind = Concealed
		}
		at += n
	}
	b.mark(b.next, at-lead, false)
	b.next += uint32(at - lead)
	if at < Frame {
		b.lack(dst[at*scale:])
		kind = Concealed
	}
	return kind
}

// rejoin joins real sound to an inserted frame where its wave meets the real
// one, which keeps a tone's phase: it makes up some more sound, and returns
// how much of dst that took, or leaves some real sound out. It does the latter
// whenever that only takes back what was made up so before, so that frames do
// not fall back behind the packets ever more.
func (b *Buffer) rejoin(dst []int16) int {
	if b.made == 0 || !b.room(tick) {
		return 0
	}
	if n, held := b.run(b.next, overlap); !held || n < overlap || int32(b.end-b.next) < overlap {
		return 0
	}
	scale := b.scale()
	var frame [2 * overlap]int16
	ahead := frame[:overlap*scale]
	b.peek(ahead, b.next)
	more, fewer := b.voice.Meet(b.memory(), ahead)
	b.made = 0
	lead, over := more/scale, fewer/scale
	if lead > 0 && over <= b.offset() {
		if n, held := b.run(b.next, over+Frame); held && n == over+Frame {
			b.pass(b.next, over)
			b.mark(b.next, over, false)
			b.next += uint32(over)
			return 0
		}
	}
	b.voice.Invent(b.memory(), dst[:lead*scale])
	b.margins.widen(int64(lead) * sampleNS)
	return lead
}

// lack makes up the end of a frame for which nothing has come yet. The play
// position waits, so that what is merely late will still be heard, unless
// that would let sound wait longer than Cap.
func (b *Buffer) lack(dst []int16) {
	n := len(dst) / b.scale()
	b.voice.Invent(b.memory(), dst)
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
