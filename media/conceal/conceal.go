// Package conceal makes up sound in place of what the network has lost, after
// Appendix I of ITU-T G.711: the last pitch periods are repeated, one of them
// for the first 10 ms, two for the next and three from 20 ms on, every seam is
// cross-faded over a quarter of a period, and from 10 ms on the level falls by
// a fifth every 10 ms, so that nothing is left after 60 ms.
//
// The appendix delays all sound by 3.75 ms, so that it can still change the
// last quarter period before a loss when it learns of it. Here nothing is
// delayed: instead the difference that the step from the last real sample to
// the repeated period would make is added to the made-up sound and faded out
// over the same quarter period.
//
// Tones of signalling are never made up: a receiver of DTMF would count a
// longer digit or two, and a fax or modem takes a phase that is not the far
// end's for data. Where the recent past is one, sound fades to silence.
package conceal

// Memory is how many samples of the past the caller keeps for a Concealer for
// each 8 kHz of its rate: three of the longest pitch periods and a quarter.
const Memory = 3*longest + longest/4

// Lengths in samples at 8 kHz; at other rates they are multiplied by how many
// times Memory the past is long.
const (
	shortest = 40  // the shortest pitch period: 200 Hz, or several of a higher voice
	longest  = 120 // the longest: 66 Hz
	likeness = 160 // compared to find the pitch: 20 ms
	stage    = 80  // 10 ms: a period more is repeated, and the level falls by a fifth
	fade     = 6 * stage
	seam     = 32 // 4 ms: the cross-fade back grows by as much for each further 10 ms
	most     = 2  // times 8 kHz is the highest rate
)

// Concealer follows the sound of one stream. It has no memory of its own, so
// that it fits streams of any rate: each call takes the past, Memory samples
// for each 8 kHz of the rate (8 or 16 kHz), always the same and zero at the
// beginning, whose contents are the Concealer's business. The zero value has
// heard silence. It never allocates.
type Concealer struct {
	period int32   // samples repeated
	off    float32 // what the period of a tone is longer
	made   int32   // samples made up since the last real one, not counting beyond the fade
	grace  int32   // how many of them at full level
	known  int32   // samples heard since it was silent, not counting beyond the past
	head   int32   // index of the oldest sample in the past
	step   int32   // what the repeated period begins too low
	tone   bool    // the past is a tone of signalling
}

// Heard takes the next real sound; after something made up it is changed at
// its beginning to join it.
func (c *Concealer) Heard(past, span []int16) {
	if c.made > 0 {
		c.join(past, span)
	}
	c.known = int32(min(int(c.known)+len(span), len(past)))
	if over := len(span) - len(past); over >= 0 {
		copy(past, span[over:])
		c.head = 0
		return
	}
	n := copy(past[c.head:], span)
	copy(past, span[n:])
	if c.head += int32(len(span)); int(c.head) >= len(past) {
		c.head -= int32(len(past))
	}
}

// Invent makes up the next samples in place of lost ones.
func (c *Concealer) Invent(past, span []int16) {
	if c.grace > 0 && c.made == c.grace {
		c.tone = signalling(past, scale(past))
	}
	c.begin(past)
	c.make(past, span)
}

func (c *Concealer) make(past, span []int16) {
	c.render(past, span, int(c.made))
	c.made = min(c.made+int32(len(span)), c.grace+int32(fade*scale(past)))
}

// Extend makes up samples between two that are there, so that sound lasts
// longer: at full level, and tones of signalling, too.
func (c *Concealer) Extend(past, span []int16) {
	c.begin(past)
	if c.grace == c.made {
		c.tone = false
		c.grace += int32(len(span))
	}
	c.make(past, span)
}

// Rest fills span with silence, after a fade of what was heard last.
func (c *Concealer) Rest(past, span []int16) {
	clear(span)
	if c.known == 0 {
		return
	}
	c.begin(past)
	n := min(seam*scale(past), len(span))
	c.render(past, span[:n], int(c.made))
	for i := range n {
		span[i] = int16(int(span[i]) * (n - i) / (n + 1))
	}
	clear(past)
	*c = Concealer{}
}

// Meet finds how many more samples should be made up until they run into the
// real ones ahead, of which it looks at the first 4 ms, or as well how many of
// those should be left out. Both together are a period; both are 0 when there
// is nothing to meet.
func (c *Concealer) Meet(past, ahead []int16) (more, fewer int) {
	n := seam * scale(past)
	if c.made == 0 || c.tone || len(ahead) < n {
		return 0, 0
	}
	period := int(c.period)
	if int(c.made)+period+n >= int(c.grace)+fade*scale(past) {
		return 0, 0
	}
	var wave [most * (longest + seam)]int16
	c.render(past, wave[:period+n], int(c.made))
	more = match(wave[:period+n], ahead[:n], period)
	return more, period - more
}

// begin makes ready to repeat, at the first sample of a loss.
func (c *Concealer) begin(past []int16) {
	if c.made > 0 {
		return
	}
	c.straighten(past)
	k := scale(past)
	c.tone = signalling(past, k)
	p, off := pitch(past, int(c.known), k)
	c.period, c.off = int32(p), off
	c.grace = 0
	end := len(past)
	c.step = int32(past[end-1]) - int32(past[end-1-p])
}

// straighten moves the oldest sample of the past to its beginning.
func (c *Concealer) straighten(past []int16) {
	if c.head == 0 {
		return
	}
	var turned [most * Memory]int16
	n := copy(turned[:], past[c.head:])
	copy(turned[n:], past[:c.head])
	copy(past, turned[:])
	c.head = 0
}

// join cross-fades from what would be made up next to real sound, and makes
// what was made up part of the past.
func (c *Concealer) join(past, span []int16) {
	k := scale(past)
	blocks := (int(c.made) + stage*k - 1) / (stage * k)
	n := min(int(c.period)/4+seam*k*(blocks-1), stage*k)
	if c.tone {
		n = seam * k
	}
	n = min(n, len(span))
	var wave [most * stage]int16
	c.render(past, wave[:n], int(c.made))
	for i, old := range wave[:n] {
		span[i] = int16((int(old)*(n-i) + int(span[i])*(i+1)) / (n + 1))
	}
	var made [most * Memory]int16
	m := min(int(c.made), len(past))
	c.render(past, made[:m], int(c.made)-m)
	copy(past, past[m:])
	copy(past[len(past)-m:], made[:m])
	c.known = int32(min(int(c.known)+m, len(past)))
	c.made, c.grace = 0, 0
}

// scale is how many times 8 kHz the rate is.
func scale(past []int16) int { return len(past) / Memory }
