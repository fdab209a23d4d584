package bridge

import (
	"time"

	"partyline/media/prompt"
	"partyline/state"
)

// farewell is how long before its end a conference says goodbye.
const farewell = 4 * time.Second

// warnings are said so long before an end, where the whole is at least twice
// as long.
var warnings = [...]time.Duration{10 * time.Minute, 5 * time.Minute, time.Minute, farewell}

// nextWarning is the next time after a moment at which an end is warned of,
// and how long before it that is; zero when there is none left.
func nextWarning(end time.Time, whole time.Duration, after time.Time) (at time.Time, left time.Duration) {
	for _, w := range warnings {
		if at := end.Add(-w); 2*w <= whole && at.After(after) {
			return at, w
		}
	}
	return time.Time{}, 0
}

// ending is when the conference will end by itself, how long that was known
// before, and why; zero when nothing ends it.
func (o *owner) ending() (end time.Time, whole time.Duration, why state.Reason) {
	if o.conf.Status == state.ConferenceEnded {
		return
	}
	if o.conf.MaxDuration > 0 && !o.startedAt.IsZero() {
		end, whole, why = o.startedAt.Add(o.conf.MaxDuration), o.conf.MaxDuration, state.ReasonTimeLimit
	}
	if g := o.graceUntil; !g.IsZero() && (end.IsZero() || g.Before(end)) {
		end, whole, why = g, o.conf.PresenterGrace, state.ReasonPresenterLeft
	}
	return
}

// warningDue is when the conference is to be told of its end next.
func (o *owner) warningDue() (at time.Time, left time.Duration) {
	end, whole, _ := o.ending()
	if end.IsZero() {
		return time.Time{}, 0
	}
	return nextWarning(end, whole, o.warned)
}

// stale is how late a warning is no longer given: what it says would be wrong.
// That happens where the end has been moved towards now.
const stale = 5 * time.Second

// warn tells everyone of the end that is coming.
func (o *owner) warn(now time.Time) {
	for at, left := o.warningDue(); !at.IsZero() && !now.Before(at); at, left = o.warningDue() {
		if o.warned = at; now.Sub(at) < stale {
			o.warnAll(endsIn(left)...)
		}
	}
}

// warnAll says something to everyone, those who wait or are on hold included.
func (o *owner) warnAll(parts ...prompt.Part) {
	o.tellAll(parts...)
	for _, m := range o.roll {
		if (m.rec.Waiting || m.rec.Held) && !m.rec.HeldRemote {
			o.whisper(m, parts...)
		}
	}
}

func endsIn(left time.Duration) []prompt.Part {
	if left <= farewell {
		return words(prompt.EndingNow)
	}
	return append(words(prompt.EndsIn), span(left)...)
}

// limit is when a participant's own time is over; zero without one.
func (m *member) limit() time.Time {
	if m.rec.MaxDuration <= 0 || !m.live() || m.joined.IsZero() {
		return time.Time{}
	}
	return m.joined.Add(m.rec.MaxDuration)
}

// ownWarning is when a participant is to be told of it next.
func (m *member) ownWarning() (at time.Time, left time.Duration) {
	end := m.limit()
	if end.IsZero() {
		return time.Time{}, 0
	}
	return nextWarning(end, m.rec.MaxDuration, m.warned)
}

// timeOfOwn follows a participant's own limit.
func (o *owner) timeOfOwn(m *member, now time.Time) {
	end := m.limit()
	if end.IsZero() {
		return
	}
	if !now.Before(end) {
		o.end(m, state.ReasonTimeLimit)
		return
	}
	for at, left := m.ownWarning(); !at.IsZero() && !now.Before(at); at, left = m.ownWarning() {
		if m.warned = at; now.Sub(at) < stale {
			o.whisper(m, endsIn(left)...)
		}
	}
}
