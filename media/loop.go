package media

import "partyline/media/codec"

// loop is a clip played over and over to any number of legs of one worker.
// Where it is follows from the tick alone, so all hear the same and one
// encoding serves them.
type loop struct {
	clip  *Clip
	users int
	tick  int64 // + 1, of sound
	sound payload
	up    *crossing // to 16 kHz, once somebody hears it there
}

// loopOf gives the worker's loop of a clip and counts its user.
func (w *worker) loopOf(clip *Clip, c codec.Codec) *loop {
	l := w.loops[clip]
	if l == nil {
		l = &loop{clip: clip}
		w.loops[clip] = l
	}
	if rateOf(c) == wide && l.up == nil {
		l.up = newCrossing(narrow)
	}
	l.users++
	return l
}

// drop takes a user off a loop; nil is none.
func (w *worker) drop(l *loop) {
	if l == nil {
		return
	}
	if l.users--; l.users == 0 {
		delete(w.loops, l.clip)
	}
}

// at is the loop's sound on a tick.
func (l *loop) at(w *worker) *payload {
	if l.tick == w.tick+1 {
		return &l.sound
	}
	l.tick = w.tick + 1
	clip := l.clip.PCM
	if len(clip) == 0 {
		return &l.sound
	}
	from := int(w.tick * frame % int64(len(clip)))
	for n := 0; n < frame; from = 0 {
		n += copy(l.sound.narrow[n:], clip[from:])
	}
	if l.up != nil && len(l.clip.Wide) == 2*len(clip) {
		for n, from := 0, int(w.tick*wideFrame%int64(2*len(clip))); n < wideFrame; from = 0 {
			n += copy(l.sound.wide[n:], l.clip.Wide[from:])
		}
	} else if l.up != nil {
		l.up.convert(l.sound.wide[:], l.sound.narrow[:], w)
	}
	return &l.sound
}
