package trunk

import "time"

// guard widens the rate window: between Launch and the wire, and between our
// clock and the carrier's, a few milliseconds pass.
const guard = 10 * time.Millisecond

// line is a trunk's changing side. The Set's lock guards it.
type line struct {
	def    Trunk // with defaults filled in
	burst  int   // launches allowed within window
	window time.Duration

	launched []time.Time // of the last window, oldest first
	reserved int         // slots given out and not launched: each may go any moment
	inUse    int         // channels
	share    int         // of the weighted round robin

	down    bool
	why     string
	resting time.Time
	rtt     time.Duration
	checked time.Time
}

func newLine(t Trunk) *line {
	if t.CPS == 0 {
		t.CPS = DefaultCPS
	}
	if t.Channels == 0 {
		t.Channels = DefaultChannels
	}
	if t.Weight == 0 {
		t.Weight = DefaultWeight
	}
	l := &line{def: t, burst: int(t.CPS), window: time.Second}
	if l.burst < 1 {
		l.burst, l.window = 1, time.Duration(float64(time.Second)/t.CPS)
	}
	l.window += guard
	return l
}

// works says that the trunk is healthy and not resting.
func (l *line) works(now time.Time) bool { return !l.down && !now.Before(l.resting) }

// free says that a call can be reserved now. Launches of the last window and
// reserved slots together stay within the burst, so that the rate holds
// whenever the reserved ones go out.
func (l *line) free(now time.Time) bool {
	l.forget(now)
	return l.works(now) && l.inUse < l.def.Channels && len(l.launched)+l.reserved < l.burst
}

// forget drops launches that are out of the window.
func (l *line) forget(now time.Time) {
	n := 0
	for n < len(l.launched) && now.Sub(l.launched[n]) >= l.window {
		n++
	}
	if n > 0 {
		l.launched = l.launched[:copy(l.launched, l.launched[n:])]
	}
}

// freeAt is when time alone will change the answer of free: ok is false when
// something else has to happen first (a call ends, the trunk comes up).
func (l *line) freeAt(now time.Time) (at time.Time, ok bool) {
	if l.down || l.inUse >= l.def.Channels {
		return at, false
	}
	if now.Before(l.resting) {
		return l.resting, true
	}
	l.forget(now)
	if len(l.launched) == 0 || len(l.launched)+l.reserved < l.burst { // free already: whoever waits has tried it
		return at, false
	}
	return l.launched[0].Add(l.window), true
}
