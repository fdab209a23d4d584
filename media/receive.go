package media

import (
	"net/netip"

	"partyline/media/dtmf"
	"partyline/media/g711"
	"partyline/media/sdp"
	"partyline/media/source"
)

const (
	reads      = 3   // packets a tick and leg: a stall of a second is made up in half
	staleReads = 64  // when what waits is to be thrown away
	takeover   = 5   // ticks a stream must be silent before another SSRC may take its place
	longest    = 480 // bytes of G.711 in one packet: 60 ms
)

// arrivals follows the audio of the far end by its SSRC.
type arrivals struct {
	known     bool
	ssrc      uint32
	last      int64 // tick of its last packet
	rival     uint32
	rivalSeq  uint16
	rivalSeen uint8
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
	if a.rivalSeen == 0 || p.ssrc != a.rival || p.seq != a.rivalSeq+1 {
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

// receive takes what has come for the leg since the last tick.
func (s *stream) receive(w *worker) {
	most := reads
	if s.flush {
		most = staleReads
	}
	for range most {
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
			break
		}
		w.count.in++
		s.packet(w, w.buffer[:n], from, w.arrival(at))
	}
	if s.flush {
		s.flush = false
		s.jit.Reset()
	}
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

func (s *stream) packet(w *worker, b []byte, from netip.AddrPort, at int64) {
	if !s.far.known {
		s.counters.discarded++ // early media: nobody hears it
		return
	}
	p, ok := parsePacket(b)
	if !ok || len(b) == len(w.buffer) {
		w.count.malformed++
		s.counters.discarded++
		return
	}
	law, audio := s.lawOf(p.pt)
	event := s.far.events && (p.pt == s.far.eventPT || p.pt == sdp.EventPT && p.pt != s.far.pt)
	if !audio && !event && p.pt != ptCN {
		w.count.unknown++ // a payload type nobody agreed on costs a look and no more
		return
	}
	if !s.lock.Check(from, p.ssrc, p.seq, w.now) {
		w.count.strangers++
		s.counters.discarded++
		return
	}
	s.aim()
	if event {
		s.event(w, &p, at)
		return
	}
	ok, fresh := s.in.accept(&p, w.tick)
	if !ok {
		w.count.strangers++
		s.counters.discarded++
		return
	}
	if audio && (len(p.payload) == 0 || len(p.payload) > longest) {
		w.count.malformed++
		s.counters.discarded++
		return
	}
	if fresh {
		s.jit.Reset()
	}
	s.control.session.Receiver.Packet(p.ssrc, p.seq, p.ts, at)
	s.alive(w)
	if !s.speaking {
		return
	}
	if audio {
		s.jit.SetLaw(law)
		s.jit.Put(p.seq, p.ts, p.payload, at)
	} else {
		s.jit.Comfort(p.seq, p.payload)
	}
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
	s.counters.received++
	if s.counters.received == 1 {
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
	s.counters.digits++
	w.emit(s.leg, Event{Kind: EventDigit, Digit: p.Digit, Duration: p.Duration})
}

// lawOf is how an audio payload type is encoded; ok is false when it is not
// audio. Both laws' own numbers are understood whichever was agreed on: far
// ends change over without a word (RFC 3264 §5.1 lets them use any offered).
func (s *stream) lawOf(pt uint8) (law g711.Law, ok bool) {
	switch pt {
	case s.far.pt:
		return s.far.law, true
	case ptPCMU:
		return g711.Mu, true
	case ptPCMA:
		return g711.A, true
	}
	return 0, false
}
