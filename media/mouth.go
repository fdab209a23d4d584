package media

import (
	"partyline/media/dtmf"
	"partyline/media/jitter"
)

// mouth is what a leg needs once it may be heard. Most legs of a webinar never
// are.
type mouth struct {
	jit   jitter.Buffer
	pcm   [wideFrame]int16 // what it put into the mix, at its codec's rate
	limit limiter          // of the mix without itself
	cross *crossing        // from the rate it speaks at, where that is another
	talk  talk
	level leveller
	dual  dtmf.Tones // keys in its sound
}

// open lets a leg be heard from now on. What waits in its socket was said
// before and is thrown away, but for digits.
func (s *stream) open(w *worker) {
	s.read(w, staleReads)
	if s.mouth == nil {
		s.mouth = w.mouths.take()
	}
	s.jit.Reset()
	s.cross, s.flush, s.pace = nil, false, pace{}
	s.opening, s.speaking = false, true
	s.dual = dtmf.Tones{}
	if s.room != nil {
		s.room.changed = true
	}
}

// shutMouth gives back what a closed leg had.
func (s *stream) shutMouth(w *worker) {
	if s.mouth != nil {
		*s.mouth = mouth{}
		w.mouths.back(s.mouth)
		s.mouth = nil
	}
}
