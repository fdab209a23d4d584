package bridge

import (
	"time"

	"partyline/media"
	"partyline/media/prompt"
	"partyline/state"
)

const (
	defaultTry   = 15 * time.Second
	defaultTries = 3
	defaultKey   = "1"

	// keyPause is how long an entry waits for its next key before it is taken
	// as it is. People who read a PIN off a text look away between digits.
	keyPause = 5 * time.Second
	// dawdle is how much longer than its own time a try may take for somebody
	// who goes on typing and clearing.
	dawdle = 20 * time.Second
	// maxEntry keys of one entry are kept; whoever types more is wrong.
	maxEntry = 20
)

// acceptance completes a policy with its defaults.
func acceptance(a state.Accept) state.Accept {
	if a.Mode == "" {
		a.Mode = state.AcceptNone
	}
	if a.Mode == state.AcceptNone {
		return state.Accept{Mode: state.AcceptNone, Machines: a.Machines}
	}
	if a.Mode == state.AcceptPressKey && a.Key == "" {
		a.Key = defaultKey
	}
	if a.Timeout <= 0 {
		a.Timeout = defaultTry
	}
	if a.Tries <= 0 {
		a.Tries = defaultTries
	}
	return a
}

func checkAccept(a state.Accept) *Error {
	switch a.Mode {
	case "", state.AcceptNone, state.AcceptPressKey, state.AcceptPIN:
	default:
		return refuse(Invalid, "invalid_accept", "accept.mode", "accept.mode is none, press_key or pin")
	}
	if len(a.Key) > 1 || a.Key != "" && !isKey(a.Key[0]) {
		return refuse(Invalid, "invalid_accept", "accept.key", "accept.key is one key of a telephone: 0-9, * or #")
	}
	if a.Timeout < 0 || a.Timeout > 2*time.Minute {
		return refuse(Invalid, "invalid_accept", "accept.timeout", "a try lasts at most 120 seconds")
	}
	if a.Tries < 0 || a.Tries > 10 {
		return refuse(Invalid, "invalid_accept", "accept.tries", "at most 10 tries")
	}
	return nil
}

func isKey(c byte) bool { return c >= '0' && c <= '9' || c == '*' || c == '#' }

// door is where an answered phone stands until it is let in.
type door struct {
	entry []byte       // keys of the PIN so far
	tries int          // that failed
	ends  time.Time    // of this try, whatever is typed
	due   time.Time    // of what is being typed
	keyed bool         // a key was pressed at all
	leave state.Reason // the goodbye is being played
	early []byte       // keys that came before the question
}

// receive takes in a phone that has answered: it joins, or is asked, or is
// listened to first.
func (o *owner) receive(m *member) {
	o.keyWay(m)
	none := m.rec.Accept.Mode == state.AcceptNone || m.rec.Accept.Mode == ""
	switch {
	case m.rec.Accept.Machines && none:
		o.sizeUp(m)
		return
	case m.rec.Accept.Machines:
		m.cadence = newCadence(time.Now())
	case none:
		o.join(m, "")
		return
	}
	o.prompt(m)
}

// prompt begins to ask an answered phone for its key or PIN. The leg stays in
// its pre-room: it hears the prompt and nobody, and nobody hears it.
func (o *owner) prompt(m *member) {
	m.rec.InPrompt, m.rec.Phase = true, state.PhasePrompting
	early := m.door.early
	m.door = door{}
	o.changed(m)
	o.told("prompting", m, detail{})
	o.ask(m)
	for _, key := range early {
		if m.rec.InPrompt {
			o.promptKey(m, key)
		}
	}
}

// tooEarly keeps a key that comes before the question: it is an answer all
// the same.
func (m *member) tooEarly(key byte) {
	if len(m.door.early) < maxEntry {
		m.door.early = append(m.door.early, key)
	}
}

// ask plays a prompt. The time of a try begins when it has been heard, or with
// the first key.
func (o *owner) ask(m *member, before ...prompt.Name) {
	if m.door.tries > 0 && m.door.tries == m.rec.Accept.Tries-1 {
		before = append(before, prompt.LastTry)
	}
	clip := o.sentence(m, append(words(before...), o.invitation(m)...)...)
	m.door.entry = nil
	m.sound = &media.Play{Clip: clip}
	end := time.Now().Add(clip.Length() + m.rec.Accept.Timeout)
	m.door.ends = end.Add(dawdle)
	o.promptUntil(m, end)
}

// promptUntil sets the clock at a prompt: for the end of what is typed, and
// before that for what the voice tells of who answered.
func (o *owner) promptUntil(m *member, at time.Time) {
	if m.door.due = at; m.cadence != nil {
		if _, again := m.cadence.verdict(time.Now()); !again.IsZero() && again.Before(at) {
			at = again
		}
	}
	m.until(duePrompt, at)
}

// promptExpired is the end of a try's time: what was typed so far counts.
func (o *owner) promptExpired(m *member) {
	if m.cadence != nil {
		o.judge(m)
	}
	if time.Now().Before(m.door.due) { // that was all
		o.promptUntil(m, m.door.due)
		return
	}
	if len(m.door.entry) > 0 {
		o.entered(m)
		return
	}
	o.missed(m, state.ReasonNotAccepted, prompt.NoInput)
}

// missed counts a try that failed; after the last one the call says goodbye.
func (o *owner) missed(m *member, reason state.Reason, why prompt.Name) {
	d := &m.door
	d.tries++
	if d.tries < m.rec.Accept.Tries {
		o.ask(m, why)
		return
	}
	last := []prompt.Name{why, prompt.NotJoined}
	if reason == state.ReasonWrongPIN {
		last = []prompt.Name{prompt.TooManyTries}
	}
	if !d.keyed && m.rec.Keys == state.KeysTones {
		reason = state.ReasonNoDigits
	}
	o.lastVerdict(m) // nobody listens any more
	clip := o.sentence(m, words(last...)...)
	d.leave, d.entry = reason, nil
	m.sound = &media.Play{Clip: clip}
	m.until(dueLeave, time.Now().Add(clip.Length()))
}
