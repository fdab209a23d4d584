package dtmf

// Decoder turns the telephone-event packets of one leg into key presses. A
// press is known by its SSRC and timestamp, not by its packets: lost starts,
// lost ends, the customary three end packets and retransmissions of RFC 2198
// all make one press. The zero value is ready. Times are nanoseconds of any
// monotonic clock. A Decoder is not safe for concurrent use.
type Decoder struct {
	current press
	done    [8]mark // presses already told, so that their late packets count no more
	at      uint8   // where in done the next goes
	waiting [4]Press
	queued  uint8
}

// press is a key that is down.
type press struct {
	down  bool
	mark  mark
	event byte
	base  uint32 // duration of earlier segments, in timestamp units
	last  uint16 // the duration field's last value
	heard int64  // when the last packet came
}

// mark names a press.
type mark struct {
	ssrc, ts uint32
	used     bool
}

// Packet takes one packet of the telephone-event payload type. It reports a
// press when one has ended with it. A press whose end is never told by a
// packet comes from Expire, which must be called now and then while Active.
func (d *Decoder) Packet(ssrc, ts uint32, marker bool, body []byte, now int64) (Press, bool) {
	p, ok := parse(body)
	if !ok {
		return d.Expire(now)
	}
	m := mark{ssrc: ssrc, ts: ts, used: true}
	switch {
	case d.told(m):
		return d.Expire(now)
	case d.current.down && d.current.mark == m:
		d.current.extend(p.duration)
	case d.current.down && d.current.continues(m, p, marker):
		d.remember(d.current.mark)
		d.current.base = d.current.length()
		d.current.mark, d.current.last = m, p.duration
	default:
		d.finish()
		d.current = press{down: true, mark: m, event: p.event, last: p.duration}
	}
	d.current.heard = now
	if p.end {
		d.finish()
	}
	return d.next()
}

// Expire reports a press whose packets stopped Quiet ago without an end, and
// one that Packet could not report because two ended with one packet.
func (d *Decoder) Expire(now int64) (Press, bool) {
	if d.current.down && now-d.current.heard >= int64(Quiet) {
		d.finish()
	}
	return d.next()
}

// Active tells whether a key is down or a press waits for Expire.
func (d *Decoder) Active() bool { return d.current.down || d.queued > 0 }

func (d *Decoder) finish() {
	if !d.current.down {
		return
	}
	d.current.down = false
	d.remember(d.current.mark)
	if int(d.queued) == len(d.waiting) {
		return
	}
	d.waiting[d.queued] = Press{
		Digit:    keys[d.current.event],
		Duration: samples(d.current.length()),
	}
	d.queued++
}

func (d *Decoder) next() (Press, bool) {
	if d.queued == 0 {
		return Press{}, false
	}
	first := d.waiting[0]
	d.queued--
	copy(d.waiting[:], d.waiting[1:])
	return first, true
}

func (d *Decoder) told(m mark) bool {
	for i := range d.done {
		if d.done[i] == m {
			return true
		}
	}
	return false
}

func (d *Decoder) remember(m mark) {
	d.done[d.at] = m
	d.at = (d.at + 1) % uint8(len(d.done))
}

// continues tells whether m is the next segment of a press longer than the
// duration field can say (RFC 4733 §2.5.1.3): it begins where the last
// segment ended, at the field's greatest value, and has no marker.
func (p *press) continues(m mark, next payload, marker bool) bool {
	return !marker && next.event == p.event && m.ssrc == p.mark.ssrc &&
		p.last > 0xF000 && m.ts-p.mark.ts >= uint32(p.last) && m.ts-p.mark.ts <= 0x10000
}

// extend takes a newer duration. A great fall is the field wrapping, as some
// phones let it; a small one is a packet that came late.
func (p *press) extend(duration uint16) {
	switch {
	case duration >= p.last:
		p.last = duration
	case p.last-duration > 0x8000:
		p.base += 0x10000
		p.last = duration
	}
}

func (p *press) length() uint32 { return p.base + uint32(p.last) }
