package bridge

import (
	"time"

	"partyline/media/prompt"
	"partyline/state"
)

// starTime is how long * waits for the key that completes it.
const starTime = 3 * time.Second

// key takes one press, from RTP or INFO alike.
func (o *owner) key(m *member, key byte) {
	if !isKey(key) {
		return
	}
	switch {
	case m.rec.InPrompt:
		o.promptKey(m, key)
	case m.live():
		o.command(m, key, time.Now())
	case m.cadence != nil: // who presses keys is no machine
		o.judged(m, machineNo, time.Now())
		m.forget()
		o.join(m, bySelf)
	case m.rec.Status == state.Dialing:
		m.tooEarly(key)
	}
}

// command takes a key pressed in the conference: * and one more. What became
// of it is told to nobody but who pressed.
func (o *owner) command(m *member, key byte, now time.Time) {
	if key == '*' && m.star.IsZero() {
		m.star = now
		return
	}
	pressed := !m.star.IsZero() && now.Sub(m.star) <= starTime
	if m.star = (time.Time{}); key == '*' && !pressed {
		m.star = now // the one before was too long ago
		return
	}
	if !pressed || key == '*' { // ** takes it back
		return
	}
	switch key {
	case '6':
		o.whisper(m, words(o.toggleSelf(m))...)
	case '9':
		o.raiseHand(m, !m.rec.HandRaised, bySelf)
		if m.rec.HandRaised {
			o.whisper(m, words(prompt.HandRaised)...)
		} else {
			o.whisper(m, words(prompt.HandLowered)...)
		}
	case '5':
		o.whisper(m, words(o.keyMuteAll(m))...)
	case '7':
		o.whisper(m, words(o.keyLock(m))...)
	case '0':
		o.whisper(m, words(help(m)...)...)
	}
}

// commands tells whether somebody may steer the conference by keys now.
func commands(m *member, p Permission) bool { return Can(m.rec.Role, p) && !m.rec.Waiting }

// keyMuteAll is *5: everyone is muted, or gets their own state back.
func (o *owner) keyMuteAll(m *member) prompt.Name {
	switch {
	case !commands(m, MayMuteOthers):
		return prompt.NotAllowed
	case o.conf.MutedAll:
		o.unmuteAll(m.rec.ID)
		return prompt.AllUnmuted
	}
	o.muteAll(true, m.rec.ID)
	return prompt.AllMuted
}

// keyLock is *7.
func (o *owner) keyLock(m *member) prompt.Name {
	if !commands(m, MayLock) {
		return prompt.NotAllowed
	}
	o.lock(!o.conf.Locked, m.rec.ID)
	if o.conf.Locked {
		return prompt.Locked
	}
	return prompt.Unlocked
}

// toggleSelf is *6.
func (o *owner) toggleSelf(m *member) prompt.Name {
	switch {
	case !Can(m.rec.Role, MaySpeak):
		return prompt.CannotSpeak
	case m.rec.Muted || m.rec.MutedBy != "":
		if !o.mayUnmuteSelf(m) {
			return prompt.CannotUnmute
		}
		o.unmute(m, bySelf)
		return prompt.Unmuted
	}
	m.rec.Muted = true
	o.changed(m)
	o.told("muted", m, detail{By: bySelf})
	return prompt.Muted
}

// help is *0: what the keys do for somebody of this role.
func help(m *member) []prompt.Name {
	var names []prompt.Name
	if Can(m.rec.Role, MaySpeak) {
		names = append(names, prompt.HelpSpeaker)
	} else {
		names = append(names, prompt.HelpListener)
	}
	if Can(m.rec.Role, MayMuteOthers) {
		names = append(names, prompt.HelpPresenter)
	}
	return names
}
