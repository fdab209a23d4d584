package media

import (
	"partyline/media/codec"
	"partyline/media/g711"
)

// The rates sound is mixed at. Each leg hears and speaks at the rate of its
// codec; what is said at one is brought to the other once per room.
const (
	narrow = iota // 8 kHz
	wide          // 16 kHz
	rates
)

const (
	frame     = 160 // samples of a tick at 8 kHz, and bytes of it in every codec of codec
	wideFrame = 320 // samples of a tick at 16 kHz
)

// perTick is how many samples a tick has at a rate.
func perTick(rate int) int { return frame << rate }

// rateOf is the rate of a codec's sound.
func rateOf(c codec.Codec) int { return c.Scale() - 1 }

// bus is a sum of any number of voices for one tick.
type bus [wideFrame]int32

// payload is a stream of sound for many legs, with each tick's encodings,
// made when first asked for. What has no sound at a rate leaves it zero.
type payload struct {
	narrow  [frame]int16
	wide    [wideFrame]int16
	encoded [codec.Count][frame]byte
	made    [codec.Count]int64 // tick + 1 of encoded

	// Of the codec with a memory: as it is after the last encoding, and as
	// it was before.
	after, before codec.Encoder
}

// of gives this tick's sound in a codec.
func (p *payload) of(c codec.Codec, tick int64) []byte {
	if p.made[c] == tick+1 {
		return p.encoded[c][:]
	}
	p.made[c] = tick + 1
	switch c {
	case codec.PCMU:
		g711.Mu.Encode(p.encoded[c][:], p.narrow[:])
	case codec.PCMA:
		g711.A.Encode(p.encoded[c][:], p.narrow[:])
	default:
		p.before = p.after
		p.after.Encode(p.encoded[c][:], p.wide[:])
	}
	return p.encoded[c][:]
}

// known is the encoder of a codec with a memory as it was before this tick,
// which is how a far end that has not been sent this tick knows it.
func (p *payload) known(c codec.Codec, tick int64) *codec.Encoder {
	if p.made[c] == tick+1 {
		return &p.before
	}
	return &p.after
}

// voice is a leg's encoder where the codec has a memory. The far end's
// decoder follows the encoder it has heard, so a leg that goes from a shared
// payload to sound of its own takes a copy of that encoder with it; and on
// its way back it goes on encoding for itself, the same sound as the shared
// encoder and towards its state, until both are equal.
type voice struct {
	own   codec.Encoder
	with  *payload // whose encoder the far end follows; nil: own
	apart int      // ticks since it encodes the same sound as a shared payload
}

// apartMost is when a leg follows a shared encoder however far its own is from
// it: a second, when what is left cannot be heard (codec's convergence test).
const apartMost = 50

// leave makes the voice independent of the payload it follows, whose encoder
// the far end knows in this state.
func (v *voice) leave(known *codec.Encoder) {
	v.own = *known
	v.with, v.apart = nil, 0
}

// part is leave between two ticks: the leg has been sent all there is.
func (v *voice) part() {
	if v != nil && v.with != nil {
		v.leave(&v.with.after)
	}
}

// share gives a leg this tick of a payload that many hear.
func (s *stream) share(p *payload, w *worker) []byte {
	c := s.far.codec
	if c.Stateless() || s.voice.with == p {
		return p.of(c, w.tick)
	}
	v := s.voice
	if v.with != nil {
		v.leave(v.with.known(c, w.tick))
	}
	if p.made[c] < w.tick { // nobody hears it yet: it goes on where this leg is
		p.after = v.own
		v.with = p
		return p.of(c, w.tick)
	}
	v.own.Follow(w.private[:], p.wide[:], p.of(c, w.tick))
	if v.apart++; v.own == p.after || v.apart > apartMost {
		v.with = p
	}
	return w.private[:]
}

// alone encodes a tick of sound for one leg only, at the leg's rate.
func (s *stream) alone(pcm []int16, w *worker) []byte {
	switch c := s.far.codec; c {
	case codec.PCMU:
		g711.Mu.Encode(w.private[:], pcm)
	case codec.PCMA:
		g711.A.Encode(w.private[:], pcm)
	default:
		if v := s.voice.with; v != nil {
			s.voice.leave(v.known(c, w.tick))
		}
		s.voice.apart = 0
		s.voice.own.Encode(w.private[:], pcm)
	}
	return w.private[:]
}

// hush gives a leg this tick of nothing.
func (s *stream) hush(w *worker) []byte {
	if c := s.far.codec; c.Stateless() {
		return silence[c][:]
	}
	return s.share(&w.hushed, w)
}

// silence is a tick of nothing in each codec; a codec with a memory is given
// an encoding of digital silence instead.
var silence = func() (all [codec.Count][frame]byte) {
	for c := range codec.Codec(codec.Count) {
		codec.Silence(c, all[c][:])
	}
	return all
}()
