package bridge

import (
	"time"

	"partyline/media"
	"partyline/state"
)

const (
	defaultTry   = 15 * time.Second
	defaultTries = 3
	defaultKey   = "1"
)

// acceptance completes a policy with its defaults.
func acceptance(a state.Accept) state.Accept {
	if a.Mode == "" {
		a.Mode = state.AcceptNone
	}
	if a.Mode == state.AcceptNone {
		return state.Accept{Mode: state.AcceptNone}
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

// prompt begins to ask an answered phone for its key or PIN. The leg stays in
// its pre-room: it hears the prompt and nobody, and nobody hears it.
func (o *owner) prompt(m *member) {
	m.rec.InPrompt, m.rec.Phase = true, state.PhasePrompting
	m.tries = 0
	o.changed(m)
	o.told("prompting", m, detail{})
	o.ask(m, o.b.sounds.promptFor(m.rec.Accept.Mode))
}

// ask plays a prompt and starts the clock of a try.
func (o *owner) ask(m *member, clip *media.Clip) {
	m.entry = nil
	m.sound = o.b.sounds.once(clip)
	m.until(duePrompt, time.Now().Add(m.rec.Accept.Timeout))
}

// promptKey takes a key typed at the prompt. Any key silences the prompt.
func (o *owner) promptKey(m *member, key byte) {
	if m.leaving != "" {
		return
	}
	m.sound = nil
	if m.rec.Accept.Mode == state.AcceptPressKey {
		if string(key) == m.rec.Accept.Key {
			o.join(m, "self")
		} else {
			o.missed(m, state.ReasonNotAccepted, true)
		}
		return
	}
	sealed, id := m.rec.PINHash, m.rec.ID
	if sealed == nil {
		sealed, id = o.conf.PINHash, o.id
	}
	switch {
	case key == '*':
		m.entry = nil
		return
	case key >= '0' && key <= '9':
		m.entry = append(m.entry, key)
		if len(m.entry) < pinLength(sealed) {
			return
		}
	case key != '#' || len(m.entry) == 0:
		return
	}
	entered := string(m.entry)
	m.entry = nil
	if o.b.samePIN(sealed, id, entered) {
		o.join(m, "self")
		return
	}
	o.log.Info("a wrong PIN", "participant", m.rec.ID, "try", m.tries+1)
	o.missed(m, state.ReasonWrongPIN, true)
}

// missed counts a try that failed; after the last one the call says goodbye.
func (o *owner) missed(m *member, reason state.Reason, wrong bool) {
	m.tries++
	if m.tries < m.rec.Accept.Tries {
		clip := o.b.sounds.promptFor(m.rec.Accept.Mode)
		if wrong {
			clip = o.b.sounds.wrongThen(m.rec.Accept.Mode)
		}
		o.ask(m, clip)
		return
	}
	m.leaving, m.entry = reason, nil
	m.sound = o.b.sounds.once(o.b.sounds.goodbye)
	m.until(dueLeave, time.Now().Add(length(o.b.sounds.goodbye)))
}
