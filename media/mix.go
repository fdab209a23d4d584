package media

import "slices"

const overlapping = 4 // announcements at once in one room; more are left out

// mix is a room inside a worker: all of it, or the share of it that this
// worker serves.
type mix struct {
	members  []*stream
	speakers []*stream   // members who may be heard
	hears    [rates]bool // a member's codec is of this rate
	changed  bool        // speakers and hears must be found again
	place    int         // in the worker's list

	sum     [rates]bus  // of the speakers of this share, at the rate of each
	sounded [rates]bool // anything at all in sum
	peers   []*mix      // the room's other shares
	part    part        // sum, for the peers

	all       [rates]bus // the whole room as it is heard at each rate
	crossings [rates]*crossing
	limits    [rates]limiter
	common    payload // for all who added nothing themselves
	announced []announcement
	feeds     []*feed // into the taps of recordings

	says             []saying
	home             bool    // this share adds the words of says
	gainFrom, gainTo float32 // of the speakers on this tick, while says has any
	comfort          comfort
}

type announcement struct {
	clip  *Clip
	at    int
	since int64 // tick it was asked for
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

// gather adds up what this share's speakers say on this tick. From here to
// the next tick nothing changes who contributed what: every leg's own part is
// still in its stream when it is subtracted.
func (r *mix) gather(w *worker) {
	if r.changed {
		r.find()
	}
	for rate := range r.sum {
		if r.sounded[rate] {
			clear(r.sum[rate][:perTick(rate)])
			r.sounded[rate] = false
		}
	}
	r.sayNow(w.tick)
	for _, s := range r.speakers {
		if s.sounded != w.tick+1 {
			continue
		}
		rate := rateOf(s.far.codec)
		r.sounded[rate] = true
		sum := r.sum[rate][:perTick(rate)]
		if len(r.says) > 0 {
			r.turnDown(s.pcm[:len(sum)])
		}
		for i, x := range s.pcm[:len(sum)] {
			sum[i] += int32(x)
		}
	}
	if len(r.says) > 0 {
		r.speak(w.tick)
	}
	if len(r.announced) > 0 {
		r.announce()
	}
	if len(r.peers) > 0 {
		r.part.publish(r, w.tick)
	}
	if len(r.feeds) > 0 {
		r.overhear(w)
	}
}

func (r *mix) find() {
	r.changed = false
	r.speakers = r.speakers[:0]
	r.hears = [rates]bool{}
	for _, s := range r.members {
		if s.speaking && s.mixed {
			r.speakers = append(r.speakers, s)
		}
		if s.far.known {
			r.hears[rateOf(s.far.codec)] = true
		}
	}
	if r.hears[wide] && r.crossings[narrow] == nil {
		r.crossings[narrow], r.crossings[wide] = newCrossing(narrow), newCrossing(wide)
	}
}

// join makes what the room hears of all its shares: the sum at each rate, and
// on it what was said at the other.
func (r *mix) join(w *worker) {
	sounds := r.sounded
	for rate := range r.all {
		n := perTick(rate)
		copy(r.all[rate][:n], r.sum[rate][:n])
	}
	whole := true
	for _, peer := range r.peers {
		whole = peer.part.addTo(&r.all, &sounds, w.tick) && whole
	}
	if len(r.feeds) > 0 { // what is added to all from here on is in no recording
		r.tapped(w, sounds, whole)
	}
	if r.crossings[narrow] != nil {
		r.cross(w, sounds)
	}
	for rate := range r.all {
		if !r.hears[rate] {
			continue
		}
		if r.comfort.on {
			r.comfort.add(r.all[rate][:perTick(rate)])
		}
		out := r.common.narrow[:]
		if rate == wide {
			out = r.common.wide[:]
		}
		r.limits[rate].frame(out, r.all[rate][:len(out)])
	}
}

// cross adds what was said at each rate to the other, from the sums as they
// are before anything is added.
func (r *mix) cross(w *worker, sounds [rates]bool) {
	plain := w.other[:frame]
	copy(plain, r.all[narrow][:frame])
	if r.hears[narrow] {
		r.crossings[wide].add(r.all[narrow][:frame], r.all[wide][:], sounds[wide], &w.bus)
	}
	if r.hears[wide] {
		r.crossings[narrow].add(r.all[wide][:], plain, sounds[narrow], &w.bus)
	}
}

// play puts a clip into everyone's mix; in an empty room nobody ever hears
// it. The same clip asked for twice on one tick is heard once: forty people
// who come in together make one beep.
func (r *mix) play(clip *Clip, tick int64) {
	if len(r.members) == 0 && len(r.peers) == 0 || len(r.announced) == overlapping || len(clip.PCM) == 0 {
		return
	}
	for _, a := range r.announced {
		if a.clip == clip && a.since == tick {
			return
		}
	}
	r.announced = append(r.announced, announcement{clip: clip, since: tick})
}

func (r *mix) announce() {
	for k := range r.announced {
		a := &r.announced[k]
		r.put(a.clip, a.at)
		a.at += frame
	}
	r.announced = slices.DeleteFunc(r.announced, func(a announcement) bool { return a.at >= len(a.clip.PCM) })
}

// without gives the mix as its speaker s hears it: everything but exactly
// what s put in on this tick, limited only after that.
func (r *mix) without(s *stream, w *worker) []byte {
	rate := rateOf(s.far.codec)
	all, rest, out := r.all[rate][:perTick(rate)], w.bus[:perTick(rate)], w.pcm[:perTick(rate)]
	for i, x := range s.pcm[:len(rest)] {
		rest[i] = all[i] - int32(x)
	}
	s.limit.frame(out, rest)
	return s.alone(out, w)
}
