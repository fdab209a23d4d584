package ear

import "math"

// A speaker in spurts says 80 frames (1.6 s) of its tone, then nothing for 20.
const (
	SpurtFrames = 80
	SpurtPeriod = 100

	spurtOver = 10 // quiet frames that end a spurt; fewer are a hole in it
)

// Spurts listens to such a speaker: each spurt must arrive as sixteen whole
// windows of 100 ms, of which one may be lost to where it begins.
type Spurts struct {
	Heard   uint64 // spurts that have ended
	Windows uint64 // that should have been heard
	Damaged uint64 // of these: weak, broken, or not there

	re, im float64
	n      int // frames in the window
	whole  uint64
	quiet  int
	inside bool
	fresh  bool // no spurt was cut by the beginning of listening
}

// Zero begins to count anew, in the midst of whatever is being said.
func (s *Spurts) Zero() { s.Heard, s.Windows, s.Damaged = 0, 0, 0 }

// Frame takes 20 ms, of which a tone is looked at.
func (s *Spurts) Frame(payload []byte, tone int) {
	if len(payload) != FrameSize {
		s.Damaged++
		return
	}
	var x [fold]int32
	for i := range fold {
		x[i] = linear[payload[i]] + linear[payload[i+fold]]
	}
	re, im := waves[tone].at(&x)
	s.hear(float64(re), float64(im))
}

// Lost stands for a packet that never came.
func (s *Spurts) Lost() { s.hear(0, 0) }

func (s *Spurts) hear(re, im float64) {
	if math.Hypot(re, im) < 2*present {
		s.hush()
		return
	}
	if !s.inside {
		s.inside, s.quiet, s.n, s.whole = true, 0, 0, 0
		s.re, s.im = 0, 0
		return // the first frame may be a part of one
	}
	if s.quiet > 0 { // it was no end but a hole
		s.broken(uint64(s.quiet/windowFrames + 1))
		s.quiet = 0
	}
	s.re += re
	s.im += im
	if s.n++; s.n == windowFrames {
		if math.Hypot(s.re, s.im) < 2*windowFrames*present {
			s.broken(1)
		}
		s.whole++
		s.n, s.re, s.im = 0, 0, 0
	}
}

func (s *Spurts) broken(windows uint64) {
	if s.fresh {
		s.Damaged += windows
	}
}

func (s *Spurts) hush() {
	if !s.inside {
		s.fresh = true
		return
	}
	if s.quiet++; s.quiet < spurtOver {
		return
	}
	s.inside = false
	if !s.fresh {
		s.fresh = true
		return
	}
	const windows = SpurtFrames/windowFrames - 1
	s.Heard++
	s.Windows += windows
	s.Damaged += windows - min(s.whole, windows)
}
