package media

import (
	"bytes"
	"net/netip"
	"time"

	"partyline/media/codec"
	"partyline/media/dtmf"
	"partyline/media/report"
	"partyline/media/sdp"
	"partyline/media/source"
)

const (
	takeover = 5   // ticks a stream must be silent before another SSRC may take its place
	longest  = 480 // bytes of sound in one packet: 60 ms of any of our codecs
)

// arrivals follows the audio of the far end by its SSRC.
type arrivals struct {
	known     bool
	ssrc      uint32
	last      int64 // tick of its last packet
	rival     uint32
	rivalSeq  uint16
	rivalSeen uint8
	hush      uint8 // packets of digital silence in a row
}

func (a *arrivals) forget() { *a = arrivals{} }

// accept tells whether a packet's SSRC is the one to hear, and whether it is
// a new one. Another SSRC from the right address is believed when it has sent
// as many packets in order as a new address must, and the old one is silent:
// a far end that moved its media does that, a forged packet among real ones
// does not.
func (a *arrivals) accept(p *packet, tick int64) (ok, fresh bool) {
	switch {
	case !a.known:
		*a = arrivals{known: true, ssrc: p.ssrc, last: tick}
		return true, true
	case p.ssrc == a.ssrc:
		a.last, a.rivalSeen = tick, 0
		return true, false
	}
	if step := p.seq - a.rivalSeq; a.rivalSeen == 0 || p.ssrc != a.rival || step != 1 && step != report.Sample {
		a.rival, a.rivalSeen = p.ssrc, 0
	}
	a.rivalSeq = p.seq
	a.rivalSeen = min(a.rivalSeen+1, source.Needed)
	if a.rivalSeen < source.Needed || tick-a.last < takeover {
		return false, false
	}
	*a = arrivals{known: true, ssrc: p.ssrc, last: tick}
	return true, true
}

// pauseAfter is how many packets of digital silence in a row are the end of a
// talk spurt: 200 ms of them at 20 ms. A phone that is muted at its own end
// sends nothing else for an hour, and that need not be buffered and decoded.
const pauseAfter = 10

// hushed tells whether a packet is one of a long row of digital silence.
func (a *arrivals) hushed(c codec.Codec, payload []byte) bool {
	if !c.Stateless() || payload[0] != silence[c][0] || len(payload) > frame || !bytes.Equal(payload, silence[c][:len(payload)]) {
		a.hush = 0
		return false
	}
	a.hush = min(a.hush+1, pauseAfter+1)
	return a.hush > pauseAfter
}

// receive takes what has come for the leg since the last tick.
func (s *stream) receive(w *worker) {
	turn := w.tick + int64(s.id)
	most := s.pace.most(turn)
	switch {
	case s.flush:
		most = staleReads
	case s.filtered && (s.watched || turn%filteredIn != 0):
		return
	case s.filtered:
		most = filteredReads
	}
	n, dry := s.read(w, most)
	switch {
	case s.flush:
		s.flush, s.pace = false, pace{}
		if s.mouth != nil {
			s.jit.Reset()
		}
	case !s.filtered:
		s.pace.took(n, dry)
	}
}

// peek takes what has come through the filters of legs that are watched.
func (w *worker) peek() {
	if len(w.watched) == 0 {
		return
	}
	for _, id := range w.watch.Ready() {
		if s := w.watched[LegID(id)]; s != nil && !s.flush {
			s.read(w, filteredReads)
		}
	}
}

// read takes at most this many packets of the far end, and a few of others,
// which must not keep those from being read. It tells how many there were,
// and whether it has seen the end of them.
func (s *stream) read(w *worker, most int) (count int, dry bool) {
	for strange := 0; count < most && strange < strangeReads; {
		var at int64
		var n int
		var from netip.AddrPort
		var ok bool
		if s.speaking { // for the others the cheaper call will do
			n, from, at, ok = s.socket.rtp.ReadStamped(w.buffer[:])
		} else {
			n, from, ok = s.socket.rtp.Read(w.buffer[:])
		}
		if !ok {
			return count, true
		}
		w.count.in++
		if s.packet(w, w.buffer[:n], from, w.arrival(at)) {
			count++
		} else {
			strange++
		}
	}
	return count, false
}

// arrival is a packet's time by the engine's clock. Where the kernel does not
// tell, or tells what cannot be, because the wall clock was set meanwhile, it
// is when the tick that reads it was due.
func (w *worker) arrival(stamp int64) int64 {
	if stamp == 0 || w.zero == 0 {
		return w.due
	}
	at := stamp - w.zero
	switch {
	case at < w.now-oldest:
		return w.due
	case at > w.now: // it came after this tick began
		return w.now
	}
	return at
}

// oldest a packet can be when it is read, in nanoseconds: the socket holds no
// more.
const oldest = int64(2e9)

// packet takes one packet. It is false for what is not the far end's, or
// nothing we know.
func (s *stream) packet(w *worker, b []byte, from netip.AddrPort, at int64) bool {
	if !s.far.known {
		s.counts.discarded++ // early media: nobody hears it
		return false
	}
	if s.secure != nil { // nothing is learned from a packet that is not authentic
		clear, err := s.secure.Unprotect(w.clear[:0], b)
		if err != nil {
			return s.stranger(w)
		}
		b = clear
	}
	p, ok := parsePacket(b)
	if !ok || len(b) == len(w.buffer) {
		return s.malformed(w)
	}
	c, audio := s.codecOf(p.pt)
	event := s.far.events && (p.pt == s.far.eventPT || p.pt == sdp.EventPT && p.pt != s.far.pt)
	if !audio && !event && p.pt != ptCN {
		w.count.unknown++ // a payload type nobody agreed on costs a look and no more
		return false
	}
	if !s.believes(w, from, &p) {
		return s.stranger(w)
	}
	if event {
		s.event(w, &p, at)
		return true
	}
	ok, fresh := s.in.accept(&p, w.tick)
	if !ok {
		return s.stranger(w)
	}
	if audio && (len(p.payload) == 0 || len(p.payload) > longest) {
		return s.malformed(w)
	}
	if fresh && s.mouth != nil {
		s.jit.Reset()
	}
	s.control.session.Receiver.Packet(p.ssrc, p.seq, p.ts, at)
	s.alive(w)
	if !s.speaking {
		return true
	}
	switch {
	case audio && s.in.hushed(c, p.payload):
		s.jit.Event(p.seq)
	case audio:
		s.jit.SetCodec(c)
		s.jit.Put(p.seq, p.ts, p.payload, at)
	default:
		s.jit.Comfort(p.seq, p.payload)
	}
	return true
}

// believes applies the source rule, which has nothing more to say once the
// socket is connected.
func (s *stream) believes(w *worker, from netip.AddrPort, p *packet) bool {
	if s.connected {
		return from == s.sendTo // others may still wait from before
	}
	if !s.lock.Check(from, p.ssrc, p.seq, w.now) {
		return false
	}
	s.aim()
	if !s.settled {
		w.tend(s)
	}
	return true
}

func (s *stream) malformed(w *worker) bool {
	w.count.malformed++
	s.counts.discarded++
	return false
}

func (s *stream) stranger(w *worker) bool {
	w.count.strangers++
	s.counts.discarded++
	return false
}

// event takes a telephone-event packet. Some phones send them with an SSRC
// of their own: then they are no part of the audio's sequence.
func (s *stream) event(w *worker, p *packet, at int64) {
	s.alive(w)
	if s.in.known && p.ssrc == s.in.ssrc {
		s.in.last = w.tick
		s.control.session.Receiver.Packet(p.ssrc, p.seq, p.ts, at)
		if s.speaking {
			s.jit.Event(p.seq)
		}
	}
	if press, ok := s.keys.Packet(p.ssrc, p.ts, p.marker, p.payload, w.now); ok {
		s.pressed(w, press)
	}
}

// alive notes that the far end is there.
func (s *stream) alive(w *worker) {
	s.counts.received++
	if s.counts.received == 1 {
		w.emit(s.leg, Event{Kind: EventFlowing})
	}
	s.silence.heard(w.now)
}

// expire tells of a press whose end was lost.
func (s *stream) expire(w *worker) {
	if !s.keys.Active() {
		return
	}
	if press, ok := s.keys.Expire(w.now); ok {
		s.pressed(w, press)
	}
}

// pressed tells of a key press.
func (s *stream) pressed(w *worker, p dtmf.Press) {
	s.counts.digits++
	long := p.Duration // by a clock of 8 kHz
	if s.far.clock > 0 {
		long = long * 8000 / time.Duration(s.far.clock)
	}
	w.emit(s.leg, Event{Kind: EventDigit, Digit: p.Digit, Duration: long})
}

// codecOf is how an audio payload type is encoded; ok is false when it is not
// audio. The codecs' own numbers are understood whichever was agreed on: far
// ends change over without a word (RFC 3264 §5.1 lets them use any offered).
func (s *stream) codecOf(pt uint8) (c codec.Codec, ok bool) {
	switch pt {
	case s.far.pt:
		return s.far.codec, true
	case ptPCMU:
		return codec.PCMU, true
	case ptPCMA:
		return codec.PCMA, true
	case ptG722:
		return codec.G722, true
	}
	return 0, false
}
