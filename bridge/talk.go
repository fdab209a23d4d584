package bridge

import (
	"slices"
	"time"
)

// talkEvents is how many times a second at most a conference tells that
// somebody has begun to speak. A thousand open lines in a noisy hour would
// otherwise write more than they say; what views show stays true all the same.
const talkEvents = 20

// talk takes in that the mixer hears a leg speak, or no longer does.
func (o *owner) talk(m *member, on bool) {
	switch {
	case !m.live():
		o.rhythm(m, on)
	case on && effective(&m.rec).Speaks:
		o.speaking(m)
	case !on:
		o.silentNow(m)
	}
}

// speaking begins a spurt of talk.
func (o *owner) speaking(m *member) {
	if !m.talking.IsZero() {
		return
	}
	now := time.Now()
	m.talking = now
	o.talkers = append(o.talkers, m)
	if o.talked.take(now) == 0 {
		m.rec.Talking = true
		o.changed(m)
		o.told("speaking", m, detail{})
	}
}

// silentNow ends one.
func (o *owner) silentNow(m *member) {
	if m.talking.IsZero() {
		return
	}
	m.rec.SpokenMS += time.Since(m.talking).Milliseconds()
	m.talking = time.Time{}
	o.talkers = slices.DeleteFunc(o.talkers, func(x *member) bool { return x == m })
	o.toldSilent(m)
}

// toldSilent tells the end of talk whose beginning was told, by an earlier run
// of the program, too.
func (o *owner) toldSilent(m *member) {
	if m.rec.Talking {
		m.rec.Talking = false
		o.changed(m)
		o.told("silent", m, detail{})
	}
}

// settleTalk ends the talk of whoever may no longer be heard: right behind
// the event that says why, so that nobody speaks while muted, on hold, or gone.
func (o *owner) settleTalk() {
	for _, m := range slices.Clone(o.talkers) {
		if !effective(&m.rec).Speaks {
			o.silentNow(m)
		}
	}
}

// spoken is how long somebody has spoken until now.
func (m *member) spoken(now time.Time) time.Duration {
	d := time.Duration(m.rec.SpokenMS) * time.Millisecond
	if !m.talking.IsZero() {
		d += now.Sub(m.talking)
	}
	return d
}

// activeSpeaker is who began last among those who speak.
func (o *owner) activeSpeaker() string {
	if len(o.talkers) == 0 {
		return ""
	}
	return o.talkers[len(o.talkers)-1].rec.ID
}
