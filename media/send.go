package media

// departures is our stream to the far end: one SSRC, and sequence numbers and
// timestamps that only grow, for the leg's whole life.
type departures struct {
	seq   uint16
	base  uint32 // timestamp of tick 0
	ts    uint32 // of the first byte in packet
	tick  int64  // the last one sent for
	began bool
	mark  bool // the next packet begins a talk spurt
	size  int  // bytes of sound in one packet
	fill  int  // bytes of sound waiting in packet
	// packet holds what waits where a packet is not 20 ms: the longest payload
	// less one byte, and a tick more.
	packet *[longest + frame]byte
}

// resize changes how much sound a packet carries; what waits is left out.
func (d *departures) resize(bytes int) {
	if d.size != bytes {
		d.size, d.fill = bytes, 0
	}
	if bytes != frame && d.packet == nil {
		d.packet = new([longest + frame]byte)
	}
}

// send gives the far end its next 20 ms. After ticks with nothing sent, and
// after ticks the clock has skipped, timestamps have gone on and a marker
// says that sound begins anew (RFC 3551 §4.1).
func (s *stream) send(w *worker) {
	d := &s.out
	if !s.far.known || !s.far.dir.Sends() || d.began && d.tick >= w.tick {
		return // not yet, or its last worker was ahead of this one
	}
	if s.moved {
		s.moved = false
		s.bridge(w)
	}
	sound := s.sound(w)
	if !d.began || d.tick != w.tick-1 {
		d.mark, d.fill = true, 0
	}
	s.put(w, w.tick, sound)
}

// bridge fills with silence the ticks that fell between two workers, when one
// handed the leg over after the other had gone on. It was in no room then.
func (s *stream) bridge(w *worker) {
	d, now := &s.out, w.tick
	if !d.began || d.tick >= now-1 || now-d.tick > catchUp+1 {
		return
	}
	for tick := d.tick + 1; tick < now; tick++ {
		s.put(w, tick, s.hush(w))
	}
}

// put packs the 20 ms of a tick and sends the packets that are full.
func (s *stream) put(w *worker, tick int64, sound []byte) {
	d := &s.out
	d.began, d.tick = true, tick
	if d.fill == 0 {
		d.ts = d.base + uint32(tick)*frame
	}
	if d.size == frame { // as nearly everyone wants it
		s.depart(w, sound)
		return
	}
	copy(d.packet[d.fill:], sound)
	d.fill += frame
	for d.fill >= d.size {
		s.depart(w, d.packet[:d.size])
		d.fill -= d.size
		if d.fill > 0 {
			copy(d.packet[:], d.packet[d.size:][:d.fill])
		}
	}
}

// depart sends one packet of sound.
func (s *stream) depart(w *worker, sound []byte) {
	d := &s.out
	b := w.io.Packet()
	putHeader(b, d.mark, s.far.pt, d.seq, d.ts, s.control.session.SSRC)
	n := headerSize + copy(b[headerSize:], sound)
	if s.secure != nil {
		if n = s.seal(b, n); n == 0 {
			w.count.refused++
			return
		}
	}
	w.count.out++
	if s.connected {
		w.io.Send(s.socket.rtp, n)
	} else if !s.socket.rtp.Write(b[:n], &s.dest) {
		w.count.refused++
	}
	s.counts.sent++
	s.control.session.Sent(d.ts, len(sound), w.now)
	d.mark = false
	d.seq++
	d.ts += uint32(len(sound))
}

// sound chooses what the leg hears on this tick, from its state alone.
func (s *stream) sound(w *worker) []byte {
	if s.over != nil {
		if sound, ok := s.overlay(w); ok {
			return sound
		}
	}
	switch {
	case s.loop != nil:
		return s.share(s.loop.at(w), w)
	case s.audio.Play != nil && s.prompt(w):
		return w.private[:]
	case !s.audio.Hears || s.room == nil:
		return s.hush(w)
	case s.sounded == w.tick+1:
		return s.room.without(s, w)
	}
	return s.share(&s.room.common, w)
}

// prompt encodes the next 20 ms of a Play that does not loop; it is false
// when the Play is over, or is one over the mix that waits for its turn.
func (s *stream) prompt(w *worker) bool {
	play := s.audio.Play
	if s.playAt >= len(play.Clip.PCM) && s.playAt > 0 {
		return false
	}
	if play.Over && s.audio.Hears && s.room != nil {
		return false
	}
	s.alone(s.clipTick(w, play.Clip), w)
	if s.playAt >= len(play.Clip.PCM) {
		w.emit(s.leg, Event{Kind: EventPlayed, Play: play})
	}
	return true
}
