// Package ear listens to one leg as a measuring phone does: it tells a lost
// packet, a missing tone, a tone that should not be there, noise, silence and
// a break in a tone apart, and finds the marks that tell how long sound took.
//
// All voices are tones on a grid whose periods divide 10 ms. A window of
// 100 ms is therefore folded to 80 samples as its frames arrive and correlated
// once, which is the same as Goertzel's algorithm over its 800 samples and
// costs a sixtieth of it.
package ear

import "math"

// Rule is what a leg ought to hear. It may be changed for another at any time;
// a window during which it changed is not judged.
type Rule struct {
	Expect uint32 // tones that must be there, by bit
	Allow  uint32 // tones that may be there
	Idle   bool   // judge nothing
}

// Counts of what was heard.
type Counts struct {
	Frames     uint64 `json:"frames"`
	Silent     uint64 `json:"silent"`     // frames below −60 dBFS on a leg that should hear something
	Windows    uint64 `json:"windows"`    // of 100 ms, judged
	Missing    uint64 `json:"missing"`    // windows without an expected tone
	Unexpected uint64 `json:"unexpected"` // windows with a tone that may not be there
	Noisy      uint64 `json:"noisy"`      // windows with other sound above −45 dBFS and −25 dB of the tones
	Gaps       uint64 `json:"gaps"`       // frames in which a single expected tone was not there
	Jumps      uint64 `json:"jumps"`      // frames in which its phase jumped
	Heard      uint32 `json:"heard"`      // all unexpected tones, by bit
}

// Add sums.
func (c *Counts) Add(o Counts) {
	c.Frames += o.Frames
	c.Silent += o.Silent
	c.Windows += o.Windows
	c.Missing += o.Missing
	c.Unexpected += o.Unexpected
	c.Noisy += o.Noisy
	c.Gaps += o.Gaps
	c.Jumps += o.Jumps
	c.Heard |= o.Heard
}

// Damaged says how many windows were not as they should be.
func (c *Counts) Damaged() uint64 { return c.Missing + c.Unexpected + c.Noisy }

const (
	windowFrames = 5
	present      = Level / 2 // −6 dB: an expected tone weaker than this is missing
	strange      = Level / 5 // −40 dBFS: another tone stronger than this is one
	// Noise of a tone coded twice in G.711 is 37 dB below it.
	noiseFloor = 184.0 // −45 dBFS, as a sine's amplitude
	noiseShare = 1.0 / 316
	silentSum  = FrameSize * 33 * 33 / 2 // energy of a frame at −60 dBFS
	jump       = 0.5                     // radians
)

// Ear is the state of one leg; its methods allocate nothing. Only one
// goroutine may use it.
type Ear struct {
	Counts Counts

	rule   *Rule
	window [fold]int32
	energy int64
	frames int
	spoilt bool // holds a mark or has lost its rule: not judged for noise

	toned bool // the frame before had the single tone, at this phase
	phase float64

	mark   float64 // share of the mark in the frame before, 0 when there was none
	markAt int64
}

// Restart forgets what came before: another call begins, or another time of
// measuring.
func (e *Ear) Restart() {
	*e = Ear{rule: e.rule}
}

// Frame takes the sound of one packet that arrived at a time in nanoseconds.
// When a mark has ended it returns when its beginning arrived.
func (e *Ear) Frame(payload []byte, at int64, rule *Rule) (mark int64, ok bool) {
	if len(payload) != FrameSize {
		e.Counts.Noisy++
		return 0, false
	}
	if rule != e.rule {
		e.rule, e.toned = rule, false
		e.clear()
	}
	var x [fold]int32
	energy := int64(0)
	for i := range fold {
		a, b := linear[payload[i]], linear[payload[i+fold]]
		x[i] = a + b
		energy += int64(a*a) + int64(b*b)
	}
	if rule.Idle {
		return 0, false
	}
	e.Counts.Frames++
	if rule.Expect != 0 && energy < silentSum {
		e.Counts.Silent++
	}
	if energy >= silentSum {
		mark, ok = e.findMark(&x, at)
	}
	e.follow(&x)
	for i, v := range x {
		e.window[i] += v
	}
	e.energy += energy
	if e.frames++; e.frames == windowFrames {
		e.judge()
	}
	return mark, ok
}

// Lost stands for frames that never came.
func (e *Ear) Lost(frames int) {
	e.mark, e.toned = 0, false
	for range min(frames, 10*windowFrames) {
		if e.frames++; e.frames == windowFrames {
			e.judge()
		}
	}
}

// findMark looks for the burst, which may lie across two frames: its share in
// each tells where it began.
func (e *Ear) findMark(x *[fold]int32, at int64) (began int64, ok bool) {
	share := amplitude(markWave.at(x)) / (2 * Level)
	if share < 0.15 {
		share = 0
	} else {
		e.spoilt = true
	}
	before := e.mark
	e.mark = share
	switch {
	case before == 0:
		e.markAt = at
		return 0, false
	case before+share < 0.6: // too little to be one
		return 0, false
	}
	e.mark = 0
	return e.markAt + int64(share/(before+share)*20e6), true
}

// follow watches a single expected tone from frame to frame.
func (e *Ear) follow(x *[fold]int32) {
	expect := e.rule.Expect
	if expect == 0 || expect&(expect-1) != 0 {
		return
	}
	re, im := waves[bit(expect)].at(x)
	if amplitude(re, im) < 2*present {
		e.Counts.Gaps++
		e.toned = false
		return
	}
	phase := math.Atan2(float64(im), float64(re))
	if e.toned && math.Abs(math.Remainder(phase-e.phase, 2*math.Pi)) > jump {
		e.Counts.Jumps++
	}
	e.toned, e.phase = true, phase
}

func bit(mask uint32) int {
	n := 0
	for mask >>= 1; mask != 0; mask >>= 1 {
		n++
	}
	return n
}

// judge holds the window against the rule and begins another.
func (e *Ear) judge() {
	const folds = 2 * windowFrames
	e.Counts.Windows++
	tones, missing := 0.0, false // tones: energy
	for t := range Tones {
		if e.rule.Expect>>t&1 == 0 {
			continue
		}
		a := amplitude(waves[t].at(&e.window)) / folds
		missing = missing || a < present
		tones += a * a / 2 * FrameSize * windowFrames
	}
	if missing {
		e.Counts.Missing++
	}
	rest := float64(e.energy) - tones
	if floor := noiseFloor * noiseFloor / 2 * FrameSize * windowFrames; rest > floor && rest > noiseShare*tones && !missing {
		e.blame(rest, tones, floor)
	} else if missing && rest > floor {
		e.blame(rest, tones, math.Inf(1))
	}
	e.clear()
}

// blame finds what the sound is that is not expected.
func (e *Ear) blame(rest, tones, floor float64) {
	const folds = 2 * windowFrames
	found := uint32(0)
	for t := range Tones {
		if e.rule.Expect>>t&1 != 0 {
			continue
		}
		a := amplitude(waves[t].at(&e.window)) / folds
		if a < strange {
			continue
		}
		rest -= a * a / 2 * FrameSize * windowFrames
		tones += a * a / 2 * FrameSize * windowFrames
		if e.rule.Allow>>t&1 == 0 {
			found |= 1 << t
		}
	}
	switch {
	case found != 0:
		e.Counts.Unexpected++
		e.Counts.Heard |= found
	case !e.spoilt && rest > floor && rest > noiseShare*tones && e.rule.Allow == 0:
		e.Counts.Noisy++
	}
}

func (e *Ear) clear() {
	e.window, e.energy, e.frames, e.spoilt = [fold]int32{}, 0, 0, false
}
