package bridge

import (
	"time"

	"partyline/media/prompt"
	"partyline/state"
)

// promptKey takes a key typed at the prompt. Any key silences the prompt.
func (o *owner) promptKey(m *member, key byte) {
	d := &m.door
	if d.leave != "" {
		return
	}
	if m.sound != nil { // interrupted: the time of the try begins now
		m.sound = nil
		o.promptUntil(m, time.Now().Add(m.rec.Accept.Timeout))
	}
	d.keyed = true
	if m.rec.Accept.Mode == state.AcceptPressKey {
		if string(key) == m.rec.Accept.Key {
			o.join(m, bySelf)
		} else {
			o.missed(m, state.ReasonNotAccepted, prompt.WrongKey)
		}
		return
	}
	switch {
	case key == '*':
		d.entry = nil
		o.typing(m)
	case key == '#' && len(d.entry) > 0:
		o.entered(m)
	case key >= '0' && key <= '9' && len(d.entry) < maxEntry:
		d.entry = append(d.entry, key)
		if sealed, _ := o.pinOf(m); len(d.entry) >= pinLength(sealed) {
			o.entered(m)
			return
		}
		o.typing(m)
	}
}

// typing gives an entry time for its next key.
func (o *owner) typing(m *member) {
	next := later(time.Now().Add(keyPause), m.door.due)
	if next.After(m.door.ends) {
		next = m.door.ends
	}
	if len(m.door.entry) > 0 {
		next = time.Now().Add(keyPause)
	}
	o.promptUntil(m, next)
}

// pinOf is the PIN a participant must type, and whose it is.
func (o *owner) pinOf(m *member) (sealed []byte, id string) {
	if m.rec.PINHash != nil {
		return m.rec.PINHash, m.rec.ID
	}
	return o.conf.PINHash, o.id
}

// entered compares what was typed.
func (o *owner) entered(m *member) {
	typed := string(m.door.entry)
	m.door.entry = nil
	sealed, id := o.pinOf(m)
	if o.b.samePIN(sealed, id, typed) {
		o.join(m, bySelf)
		return
	}
	o.log.Info("a wrong PIN", "participant", m.rec.ID, "try", m.door.tries+1)
	o.missed(m, state.ReasonWrongPIN, prompt.WrongPIN)
}
