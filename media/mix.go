package media

import "partyline/media/g711"

const (
	frame       = 160 // samples of a tick: 20 ms at 8 kHz
	laws        = 2   // encodings of one payload
	overlapping = 4   // announcements at once in one room; more are left out
)

// mix is a room inside its worker.
type mix struct {
	members  []*stream
	speakers []*stream // members who may be heard
	changed  bool      // speakers must be found again

	bus       [frame]int32 // the sum of all who sounded this tick
	sounded   bool         // anything at all in bus
	tick      int64        // of bus
	limit     limiter
	common    payload // for all who added nothing themselves
	announced []announcement
	place     int // in the worker's list
}

type announcement struct {
	clip  *Clip
	at    int
	since int64 // tick it was asked for
}

// payload is one tick of sound with its encodings, made when first asked for.
type payload struct {
	pcm     [frame]int16
	encoded [laws][frame]byte
	made    [laws]int64 // tick + 1 of encoded
}

// of gives this tick's sound in a law.
func (p *payload) of(law g711.Law, tick int64) []byte {
	if p.made[law] != tick+1 {
		law.Encode(p.encoded[law][:], p.pcm[:])
		p.made[law] = tick + 1
	}
	return p.encoded[law][:]
}

func (r *mix) add(s *stream) {
	s.room, s.seat = r, len(r.members)
	r.members = append(r.members, s)
	r.changed = true
}

func (r *mix) remove(s *stream) {
	last := len(r.members) - 1
	moved := r.members[last]
	r.members[s.seat], moved.seat = moved, s.seat
	r.members[last] = nil
	r.members = r.members[:last]
	s.room = nil
	r.changed = true
}

// run adds up this tick. From here to the next tick nothing changes who
// contributed what: every leg's own part is still in its stream when it is
// subtracted.
func (r *mix) run(w *worker) {
	if r.changed {
		r.find()
	}
	r.tick = w.tick
	if r.sounded {
		r.bus = [frame]int32{}
		r.sounded = false
	}
	for _, s := range r.speakers {
		if !s.take(w) {
			continue
		}
		r.sounded = true
		for i, x := range &s.pcm {
			r.bus[i] += int32(x)
		}
	}
	if len(r.announced) > 0 {
		r.announce(w.tick)
	}
	r.limit.frame(&r.common.pcm, &r.bus)
}

func (r *mix) find() {
	r.changed = false
	r.speakers = r.speakers[:0]
	for _, s := range r.members {
		if s.speaking {
			r.speakers = append(r.speakers, s)
		}
	}
}

// play puts a clip into everyone's mix; in an empty room nobody ever hears
// it. The same clip asked for twice on one
// tick is heard once: forty people who come in together make one beep.
func (r *mix) play(clip *Clip, tick int64) {
	if len(r.members) == 0 || len(r.announced) == overlapping || len(clip.PCM) == 0 {
		return
	}
	for _, a := range r.announced {
		if a.clip == clip && a.since == tick {
			return
		}
	}
	r.announced = append(r.announced, announcement{clip: clip, since: tick})
}

func (r *mix) announce(tick int64) {
	r.sounded = true
	kept := r.announced[:0]
	for _, a := range r.announced {
		part := a.clip.PCM[a.at:min(a.at+frame, len(a.clip.PCM))]
		for i, x := range part {
			r.bus[i] += int32(x)
		}
		if a.at += len(part); a.at < len(a.clip.PCM) {
			kept = append(kept, a)
		}
	}
	clear(r.announced[len(kept):])
	r.announced = kept
}

// without gives the mix as its speaker s hears it: everything but exactly
// what s put in on this tick, limited only after that.
func (r *mix) without(s *stream, w *worker) []byte {
	for i, x := range &s.pcm {
		w.bus[i] = r.bus[i] - int32(x)
	}
	s.limit.frame(&w.pcm, &w.bus)
	s.law.Encode(w.private[:], w.pcm[:])
	return w.private[:]
}
