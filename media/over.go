package media

// over is a one-shot Play over the mix that a leg hears, which is turned down
// while it lasts and comes back when it is over.
type over struct {
	gain float32 // of the mix, at the end of the last tick
	lim  limiter
	done bool // the clip has ended: the mix comes back
}

// overlay makes this tick of a leg that hears the mix under a Play of its own;
// false: there is none, or no longer. What is being said to the whole room is
// not spoken into: the Play waits for its end.
func (s *stream) overlay(w *worker) ([]byte, bool) {
	o := s.over
	if o == nil || s.room == nil || !s.audio.Hears {
		return nil, false
	}
	play := s.audio.Play
	playing := play != nil && play.Over && !o.done
	if playing && s.playAt == 0 && s.room.saidNow(w.tick) {
		return nil, false
	}
	to := float32(1)
	if playing {
		to = ducked
	}
	if to == 1 && o.gain == 1 {
		s.over = nil
		return nil, false
	}
	rate := rateOf(s.far.codec)
	n := perTick(rate)
	all, rest, out := s.room.all[rate][:n], w.bus[:n], w.pcm[:n]
	own := s.sounded == w.tick+1
	step := (to - o.gain) / float32(n)
	for i, x := range all {
		if own {
			x -= int32(s.pcm[i])
		}
		o.gain += step
		rest[i] = int32(float32(x) * o.gain)
	}
	o.gain = to
	if playing {
		s.addPlay(w, rest, play.Clip)
		if s.playAt >= len(play.Clip.PCM) {
			o.done = true
			w.emit(s.leg, Event{Kind: EventPlayed, Play: play})
		}
	}
	o.lim.frame(out, rest)
	return s.alone(out, w), true
}

// addPlay adds the next tick of a clip to a bus at the leg's rate.
func (s *stream) addPlay(w *worker, to []int32, clip *Clip) {
	pcm := s.clipTick(w, clip)
	for i, x := range pcm {
		to[i] += int32(x)
	}
}

// clipTick is the next 20 ms of a clip at the rate the leg hears, silence
// after its end. It moves on.
func (s *stream) clipTick(w *worker, clip *Clip) []int16 {
	at := s.playAt
	s.playAt += frame
	if rateOf(s.far.codec) == wide {
		if len(clip.Wide) > 0 {
			return tickOf(w.wide[:], clip.Wide, 2*at)
		}
		if s.up == nil {
			s.up = newCrossing(narrow)
		}
		plain := tickOf(w.slice[:], clip.PCM, at)
		in, out := w.other[:frame], w.third[:wideFrame]
		for i, v := range plain {
			in[i] = int32(v)
		}
		s.up.by.Process(out, in)
		for i, v := range out {
			w.wide[i] = int16(min(max(v, -1<<15), 1<<15-1))
		}
		return w.wide[:]
	}
	return tickOf(w.slice[:], clip.PCM, at)
}

func tickOf(dst, pcm []int16, at int) []int16 {
	n := 0
	if at < len(pcm) {
		n = copy(dst, pcm[at:])
	}
	clear(dst[n:])
	return dst
}
