package record

import (
	"partyline/media"
	"partyline/media/resample"
)

// sum is what is added up of one tick, at each of the rates it may be said at.
type sum struct {
	narrow, wide [wideTick]int32
	sounds       [2]bool // narrow, wide
}

const (
	narrowTick = 160 // samples in 20 ms at 8 kHz
	wideTick   = 320
)

func (s *sum) clear() {
	if s.sounds != [2]bool{} {
		*s = sum{}
	}
}

// at is the sum at a rate.
func (s *sum) at(rate int) []int32 {
	if rate == 16000 {
		return s.wide[:]
	}
	return s.narrow[:narrowTick]
}

func (s *sum) set(rate int, from []int32) {
	if from != nil {
		copy(s.at(rate), from)
		s.sounds[rate/16000] = true
	}
}

// add adds what one leg said, times sign.
func (s *sum) add(v media.Spoken, sign int32) {
	to := s.at(v.Rate)
	for i, x := range v.PCM[:len(to)] {
		to[i] += sign * int32(x)
	}
	s.sounds[v.Rate/16000] = true
}

// blend makes one sound, at the rate of the recording, of what was said at
// both.
type blend struct {
	rate  int
	by    *resample.Resampler
	quiet int // ticks on which nothing came at the other rate
}

// drained is after how many silent ticks nothing is left in a resampler.
const drained = 2

func newBlend(rate int) blend {
	by, err := resample.New(24000-rate, rate) // 8000 to 16000, or back
	if err != nil {
		panic(err) // the rate was checked
	}
	return blend{rate: rate, by: by, quiet: drained}
}

// frame adds the other rate to the recording's own and gives that; nil is
// silence. The sum is used up.
func (b *blend) frame(s *sum) []int32 {
	out, other := s.at(b.rate), s.at(24000-b.rate)
	sounds := s.sounds[b.rate/16000]
	if s.sounds[(24000-b.rate)/16000] {
		b.quiet = 0
	} else {
		b.quiet = min(b.quiet+1, drained+1)
	}
	if b.quiet > drained {
		if !sounds {
			return nil
		}
		return out
	}
	var brought [wideTick]int32
	b.by.Process(brought[:len(out)], other)
	for i := range out {
		out[i] += brought[i]
	}
	return out
}

// side is a channel of the mix.
type side struct {
	sum   sum
	blend blend
	limit media.Limiter
	pcm   [wideTick]int16
}

// frame is the channel's sound of this tick, and whether it is any.
func (s *side) frame() ([]int16, bool) {
	out := s.pcm[:s.blend.rate/50]
	sum := s.blend.frame(&s.sum)
	if sum == nil {
		sum = s.sum.at(s.blend.rate) // silence; the limiter lets go meanwhile
	}
	s.limit.Frame(out, sum)
	s.sum.clear()
	for _, x := range out {
		if x != 0 {
			return out, true
		}
	}
	return out, false
}

// mixdown makes the mix of what comes out of a room.
type mixdown struct {
	left, right side // mono: left alone
	stereo      bool
	pair        [2 * wideTick]int16
}

func newMixdown(rate int, stereo bool) *mixdown {
	return &mixdown{
		stereo: stereo,
		left:   side{blend: newBlend(rate)},
		right:  side{blend: newBlend(rate)},
	}
}

// frame is the mix of one tick; false is silence. left tells whose voice is
// on the left.
//
// What the room itself says, prompts and announcements, is what is left of
// the sum without the voices, and comes from both sides: a side is the sum
// without the voices of the other.
func (d *mixdown) frame(m *media.Moment, left func(media.LegID) bool) ([]int16, bool) {
	if !d.stereo {
		d.left.sum.set(8000, m.Narrow)
		d.left.sum.set(16000, m.Wide)
		return d.left.frame()
	}
	if m.Whole {
		for _, s := range []*side{&d.left, &d.right} {
			s.sum.set(8000, m.Narrow)
			s.sum.set(16000, m.Wide)
		}
	}
	for _, v := range m.Voices {
		on, off := &d.right, &d.left
		if left(v.Leg) {
			on, off = off, on
		}
		if m.Whole {
			off.sum.add(v, -1)
		} else {
			on.sum.add(v, 1)
		}
	}
	l, any := d.left.frame()
	r, more := d.right.frame()
	for i := range l {
		d.pair[2*i], d.pair[2*i+1] = l[i], r[i]
	}
	return d.pair[:2*len(l)], any || more
}

// track is one participant's file, and what its legs say on this tick.
type track struct {
	wave  *wave
	sum   sum
	blend blend
	pcm   [wideTick]int16
}

// frame adds this tick to the file: exactly what was said.
func (t *track) frame() {
	out := t.pcm[:t.blend.rate/50]
	sum := t.blend.frame(&t.sum)
	if sum == nil {
		t.wave.skip(len(out))
	} else {
		for i, x := range sum {
			out[i] = int16(min(max(x, -1<<15), 1<<15-1))
		}
		t.wave.put(out)
	}
	t.sum.clear()
}
