package bridge

import (
	"time"

	"partyline/state"
)

// Who answers a phone says a word or two and waits; a machine goes on and on.
// The times are those of the common detectors, made longer by talkHang, for
// which the mixer waits before it says that somebody is silent.
const (
	talkHang     = 600 * time.Millisecond  // media's hang-over
	longGreeting = 1900 * time.Millisecond // of one spurt, pauses below talkHang included
	manySpurts   = 4                       // of them in the greeting
	afterTalk    = 300 * time.Millisecond  // of silence once media has told of it: 0.9 s in all
	nothingSaid  = 3500 * time.Millisecond // from the answer
	judgedBy     = 5 * time.Second         // from the answer
)

const (
	machineNo      = "human"
	machineYes     = "machine"
	machineUnknown = "unknown"
)

// cadence follows the rhythm of what is said after an answer.
type cadence struct {
	answered time.Time
	since    time.Time // of the present spurt or silence
	talking  bool
	spurts   int
}

func newCadence(now time.Time) *cadence { return &cadence{answered: now, since: now} }

// talk takes in that somebody began to speak, or has stopped.
func (c *cadence) talk(on bool, now time.Time) {
	if on == c.talking {
		return
	}
	c.talking, c.since = on, now
	if on {
		c.spurts++
	}
}

// verdict is who answered, "" while that cannot be told, and when to look
// again then.
func (c *cadence) verdict(now time.Time) (result string, again time.Time) {
	if c.spurts >= manySpurts || c.talking && now.Sub(c.since) >= longGreeting {
		return machineYes, again
	}
	if !c.talking && c.spurts > 0 && now.Sub(c.since) >= afterTalk {
		return machineNo, again
	}
	last := c.answered.Add(judgedBy)
	if c.spurts == 0 {
		last = c.answered.Add(nothingSaid)
	}
	if !now.Before(last) {
		return machineUnknown, again
	}
	again = last
	earlier := func(t time.Time) {
		if t.Before(again) {
			again = t
		}
	}
	switch {
	case c.talking:
		earlier(c.since.Add(longGreeting))
	case c.spurts > 0:
		earlier(c.since.Add(afterTalk))
	}
	return "", again
}

// sizeUp begins to find out who has answered.
func (o *owner) sizeUp(m *member) {
	m.cadence = newCadence(time.Now())
	o.judge(m)
}

// rhythm takes in what the mixer heard of a phone outside the mix.
func (o *owner) rhythm(m *member, talking bool) {
	if m.cadence != nil {
		m.cadence.talk(talking, time.Now())
		o.judge(m)
	}
}

// judge looks whether it is clear who has answered. In a conference without a
// prompt that decides; at a prompt it is only told: the key decides.
func (o *owner) judge(m *member) {
	now := time.Now()
	result, again := m.cadence.verdict(now)
	prompting := m.rec.InPrompt
	if result == "" {
		if prompting {
			o.promptUntil(m, m.door.due)
		} else {
			m.until(dueMachine, again)
		}
		return
	}
	o.judged(m, result, now)
	if prompting {
		return
	}
	m.forget()
	if result == machineYes {
		o.end(m, state.ReasonMachine)
		return
	}
	o.join(m, "")
}

// judged notes the verdict. One that comes only with the end of the prompt is
// taken as it stands.
func (o *owner) judged(m *member, result string, now time.Time) {
	m.rec.Machine = &state.MachineResult{Result: result, MS: now.Sub(m.cadence.answered).Milliseconds()}
	m.cadence = nil
	o.changed(m)
	o.told("machine_detected", m, detail{})
}

// lastVerdict settles what is not clear when the prompt ends by a key or the
// time.
func (o *owner) lastVerdict(m *member) {
	if m.cadence == nil {
		return
	}
	now := time.Now()
	result, _ := m.cadence.verdict(now)
	if result == "" {
		result = machineUnknown
	}
	o.judged(m, result, now)
}
