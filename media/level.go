package media

import "math"

// Levelling: a caller whose speech is far from everyone else's is brought
// nearer, slowly and by a gain that stays while they pause, so that noise is
// never raised in their silence. Speech within the band is left as it is, to
// the bit.
const (
	quietSpeech = -26.0 // dBFS: below it is raised
	loudSpeech  = -14.0 // above it is lowered
	raisedTo    = -24.0
	loweredTo   = -16.0
	mostGain    = 12.0 // dB
	leastGain   = -6.0
	gainUp      = 0.06 // dB a tick: 3 dB a second
	gainDown    = 0.24 // 12 dB a second
)

// leveller is a leg's gain. The zero value changes nothing.
type leveller struct {
	db   float64
	gain float32 // of db, less 1
}

// wanted is the gain for speech of this level.
func wantedGain(speech float64) float64 {
	switch {
	case speech < quietSpeech:
		return min(raisedTo-speech, mostGain)
	case speech > loudSpeech:
		return max(loweredTo-speech, leastGain)
	}
	return 0
}

// apply moves the gain while somebody speaks, and gives it to the samples
// without a step.
func (l *leveller) apply(pcm []int16, t *talk) {
	from := 1 + l.gain
	if t.on && t.rest == 0 && t.voice > 0 {
		l.move(wantedGain(decibels(t.voice)))
	}
	to := 1 + l.gain
	if from == 1 && to == 1 {
		return
	}
	step := (to - from) / float32(len(pcm))
	for i, x := range pcm {
		from += step
		pcm[i] = saturated(float32(x) * from)
	}
}

func (l *leveller) move(wanted float64) {
	switch {
	case wanted > l.db:
		l.db = min(l.db+gainUp, wanted)
	case wanted < l.db:
		l.db = max(l.db-gainDown, wanted)
	default:
		return
	}
	l.gain = float32(math.Pow(10, l.db/20)) - 1
	if math.Abs(l.db) < gainUp/2 {
		l.db, l.gain = 0, 0
	}
}

func saturated(x float32) int16 { return int16(min(max(x, -1<<15), 1<<15-1)) }
