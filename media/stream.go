package media

import (
	"net/netip"
	"sync/atomic"

	"partyline/media/codec"
	"partyline/media/dtmf"
	"partyline/media/jitter"
	"partyline/media/source"
	"partyline/media/srtp"
	"partyline/media/udp"
)

// stream is a leg inside its worker: everything the tick touches. It belongs
// to the worker in owner; only that worker's goroutine reads or writes it.
// What a listener's tick needs comes first.
type stream struct {
	owner    atomic.Pointer[worker]
	id       LegID // the leg's, here so that a tick need not look for it
	at       int   // place in the owner's list; -1 before it is taken in
	*mouth         // nil until it may be heard
	socket   pair
	room     *mix
	loop     *loop // of a looped Play
	sounded  int64 // tick of pcm, + 1
	secure   *srtp.Session
	speaking bool // is listened to: it may be heard in its room, or audio says so
	mixed    bool // may be heard in its room: audio, direction and room say so
	opening  bool // will be speaking when this tick is over

	moved     bool // from another worker, and nothing sent since
	flush     bool // what waits in the socket is stale: it came while nobody might hear it
	settled   bool // a connection to sendTo has been tried
	connected bool // the socket takes packets from sendTo alone
	filtered  bool // the kernel drops most of what comes
	tended    bool // in the worker's list of those whose socket is to be changed
	watched   bool // the worker is told when something comes through the filter
	pace      pace

	out     departures
	far     far // negotiated; zero before the first answer
	audio   Audio
	control control
	silence watch
	counts  counts
	lock    source.Lock
	in      arrivals
	keys    dtmf.Decoder

	leg    *Leg
	seat   int  // place in the room's list
	keyed  keys // what secure was made of
	drops  drops
	dest   udp.Dest
	sendTo netip.AddrPort // dest in another form
	voice  *voice         // where the codec has a memory
	playAt int            // sample the one-shot Play has come to
	up     *crossing      // of a Play, for a leg that hears 16 kHz
	over   *over          // of a Play over the mix
}

// far is what SDP agreed on with the far end.
type far struct {
	known   bool
	codec   codec.Codec
	pt      uint8
	events  bool
	eventPT uint8
	clock   int // of events, in Hz
	dir     Direction
	metrics bool // it takes XR VoIP metrics
	bytes   int  // of sound in one packet of ours
	addr    netip.AddrPort
	rtcp    netip.AddrPort
}

// counts are published to the leg's Stats now and then.
type counts struct {
	received, discarded, sent, digits uint64
}

// set gives the stream new audio.
func (s *stream) set(w *worker, a Audio) {
	if a.Play != s.audio.Play {
		w.drop(s.loop)
		s.loop, s.playAt = nil, 0
		if a.Play != nil && a.Play.Over && !a.Play.Loop {
			s.lay()
		} else if s.over != nil {
			s.over.done = true
		}
		s.voice.part()
		if a.Play != nil && a.Play.Loop {
			s.loop = w.loopOf(a.Play.Clip, s.far.codec)
		}
	}
	s.audio = a
	s.settle(w)
}

// agree takes the outcome of an offer and its answer.
func (s *stream) agree(w *worker, f far, k keys) {
	s.rekey(k)
	s.lock.Expect(f.addr, w.now)
	if !s.lock.Locked() {
		s.loosen(w)
	}
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
	if f.codec != s.far.codec || !s.far.known {
		s.recode(w, f.codec)
	}
	if s.filtered && (f.events != s.far.events || f.eventPT != s.far.eventPT) {
		s.unfilter(w) // and anew, with the new type of digits
		w.tend(s)
	}
	s.far = f
	s.control.aim(f.rtcp, s)
	s.out.resize(f.bytes)
	s.aim()
	s.settle(w)
}

// recode begins to send in another codec.
func (s *stream) recode(w *worker, c codec.Codec) {
	s.voice = nil
	if !c.Stateless() {
		s.voice = new(voice)
		s.voice.own.Reset(c)
	}
	if s.loop != nil {
		l := s.loop
		s.loop = w.loopOf(l.clip, c)
		w.drop(l)
	}
	if s.room != nil {
		s.room.changed = true
	}
	s.up = nil
	if s.mouth != nil {
		s.cross = nil
	}
}

// aim sends to where the source rule says.
func (s *stream) aim() {
	if to := s.lock.Dest(); to != s.sendTo {
		s.sendTo, s.dest = to, s.socket.rtp.Dest(to)
	}
}

// settle finds out whether the leg may be heard now, or is listened to. One
// that may not is not from this tick on. One that may again is heard from the
// next tick on, with what came after this one: see open. What somebody said
// while they were only listened to is not for the mix, either.
func (s *stream) settle(w *worker) {
	there := s.far.known && s.far.dir == SendRecv
	mixed := there && s.room != nil && s.audio.Speaks
	may := mixed || there && s.audio.Listen
	if mixed != s.mixed {
		s.mixed = mixed
		s.hushTalk(w)
		if s.room != nil {
			s.room.changed = true
		}
		if mixed && s.speaking {
			s.speaking, s.opening = false, true
			w.tend(s)
		}
	}
	if may == (s.speaking || s.opening) {
		return
	}
	s.opening = may
	if !may {
		s.speaking = false
		s.hushTalk(w)
	}
	if s.room != nil {
		s.room.changed = true
	}
	w.tend(s)
}

// lay prepares for a Play over the mix; one that comes while another is being
// played begins with the mix as far down as it is.
func (s *stream) lay() {
	if s.over == nil {
		s.over = &over{gain: 1}
	}
	s.over.done = false
}

// join brings the stream into a room, out of any other.
func (s *stream) join(w *worker, r *mix) {
	if s.room == r {
		return
	}
	s.part(w)
	r.add(s)
	s.settle(w)
}

// part takes the stream out of its room.
func (s *stream) part(w *worker) {
	if s.room == nil {
		return
	}
	s.voice.part()
	s.room.remove(s)
	s.settle(w)
}

// take makes s.pcm this tick's sound of one who may be heard, if there is any:
// silence adds nothing and needs no mix of its own.
func (s *stream) take(w *worker) {
	if !s.speaking {
		return
	}
	if s.jit.Resting() {
		if s.talk.pause() {
			s.told(w)
		}
		return
	}
	rate := rateOf(s.far.codec)
	pcm := s.pcm[:perTick(rate)]
	if from := rateOf(s.jit.Codec()); from != rate {
		s.takeOther(w, pcm, from)
	} else {
		s.jit.Get(pcm, w.due) // Empty, too, may end in a fade
	}
	s.heed(w, pcm)
	if !s.mixed || silent(pcm) {
		return
	}
	if s.sounded != w.tick {
		s.limit = s.room.limits[rate]
	}
	s.sounded = w.tick + 1
}

// takeOther is take for a far end that sends at another rate than it is sent.
func (s *stream) takeOther(w *worker, pcm []int16, from int) {
	if s.cross == nil {
		s.cross = newCrossing(from)
	}
	heard := w.pcm[:perTick(from)]
	if s.jit.Get(heard, w.due) == jitter.Empty {
		clear(heard)
	}
	s.cross.convert(pcm, heard, w)
}

func silent(pcm []int16) bool {
	var any int16
	for _, x := range pcm {
		any |= x
	}
	return any == 0
}
