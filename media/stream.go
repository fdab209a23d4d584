package media

import (
	"net/netip"
	"sync/atomic"

	"partyline/media/dtmf"
	"partyline/media/g711"
	"partyline/media/jitter"
	"partyline/media/source"
	"partyline/media/udp"
)

// stream is a leg inside its worker: everything the tick touches. It belongs
// to the worker in owner; only that worker's goroutine reads or writes it.
type stream struct {
	owner atomic.Pointer[worker]
	leg   *Leg
	at    int // place in the owner's list; -1 before it is taken in
	room  *mix
	seat  int // place in the room's list

	socket pair
	far    far // negotiated; zero before the first answer
	dest   udp.Dest
	sendTo netip.AddrPort // dest in another form
	lock   source.Lock

	audio    Audio
	playAt   int   // sample the one-shot Play has come to
	loop     *loop // of a looped Play
	speaking bool  // may be heard in its room: audio, direction and room say so
	moved    bool  // from another worker, and nothing sent since
	flush    bool  // what waits in the socket is stale: it came while nobody might hear it

	in       arrivals
	jit      jitter.Buffer
	keys     dtmf.Decoder
	pcm      [frame]int16 // what it put into the mix
	sounded  int64        // tick of pcm, + 1
	limit    limiter      // of the mix without itself
	law      g711.Law
	out      departures
	control  control
	silence  watch
	counters counters
}

// far is what SDP agreed on with the far end.
type far struct {
	known   bool
	addr    netip.AddrPort // RTP
	rtcp    netip.AddrPort
	law     g711.Law
	pt      uint8
	events  bool
	eventPT uint8
	bytes   int // of sound in one packet of ours
	dir     Direction
}

// counters are published to the leg's Stats now and then.
type counters struct {
	received, discarded, sent, digits uint64
}

// set gives the stream new audio.
func (s *stream) set(w *worker, a Audio) {
	if a.Play != s.audio.Play {
		w.drop(s.loop)
		s.loop, s.playAt = nil, 0
		if a.Play != nil && a.Play.Loop {
			s.loop = w.loopOf(a.Play.Clip)
		}
	}
	s.audio = a
	s.settle()
}

// agree takes the outcome of an offer and its answer.
func (s *stream) agree(w *worker, f far) {
	s.lock.Expect(f.addr, w.now)
	if s.far.known && (f.dir != s.far.dir || f.addr != s.far.addr) {
		s.silence.rearm(w.now)
	}
	if !s.far.known {
		s.silence.start(w.now)
		s.control.start(w.now)
	}
	if f.addr != s.far.addr {
		s.in.forget()
		s.flush = true
	}
	s.far = f
	s.law = f.law
	s.control.aim(f.rtcp, s)
	s.out.resize(f.bytes)
	s.aim()
	s.settle()
}

// aim sends to where the source rule says.
func (s *stream) aim() {
	if to := s.lock.Dest(); to != s.sendTo {
		s.sendTo, s.dest = to, s.socket.rtp.Dest(to)
	}
}

// settle finds out whether the leg may be heard now. One that may again
// after it might not begins with nothing in its buffers.
func (s *stream) settle() {
	speaking := s.room != nil && s.audio.Speaks && s.far.known && s.far.dir == SendRecv
	if speaking == s.speaking {
		return
	}
	s.speaking = speaking
	if speaking {
		s.jit.Reset()
		s.flush = true
	}
	if s.room != nil {
		s.room.changed = true
	}
}

// join brings the stream into a room, out of any other.
func (s *stream) join(r *mix) {
	if s.room == r {
		return
	}
	s.part()
	r.add(s)
	s.settle()
}

// part takes the stream out of its room.
func (s *stream) part() {
	if s.room == nil {
		return
	}
	s.room.remove(s)
	s.settle()
}

// take makes s.pcm this tick's sound of a speaker, and tells whether there is
// any: silence adds nothing and needs no mix of its own.
func (s *stream) take(w *worker) bool {
	kind := s.jit.Get(s.pcm[:], w.due)
	if kind == jitter.Empty || silent(&s.pcm) {
		return false
	}
	if s.sounded != w.tick {
		s.limit = s.room.limit
	}
	s.sounded = w.tick + 1
	return true
}

func silent(pcm *[frame]int16) bool {
	var any int16
	for _, x := range pcm {
		any |= x
	}
	return any == 0
}
