package bridge

import "time"

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
	}
}

// command takes a key pressed in the conference: * and one more. What the
// role may not do is answered with a tone and nothing else.
func (o *owner) command(m *member, key byte, now time.Time) {
	if key == '*' {
		m.star = now
		return
	}
	if m.star.IsZero() || now.Sub(m.star) > starTime {
		m.star = time.Time{}
		return
	}
	m.star = time.Time{}
	done, answer := false, o.b.sounds.beep
	switch key {
	case '6':
		done = o.toggleSelf(m)
	case '9':
		m.rec.HandRaised = !m.rec.HandRaised
		o.changed(m)
		o.told("hand_raised", m, detail{By: bySelf})
		done = true
	case '5':
		if Can(m.rec.Role, MayMuteOthers) {
			if o.conf.MutedAll {
				o.unmuteAll(m.rec.ID)
			} else {
				o.muteAll(true, m.rec.ID)
			}
			done = true
		}
	case '7':
		if Can(m.rec.Role, MayLock) {
			done = o.lock(!o.conf.Locked, m.rec.ID)
		}
	case '0':
		answer, done = o.b.sounds.key, true
	default:
		return
	}
	if !done {
		answer = o.b.sounds.wrong
	}
	m.sound = o.b.sounds.once(answer)
}

// toggleSelf is *6.
func (o *owner) toggleSelf(m *member) bool {
	if !Can(m.rec.Role, MaySpeak) {
		return false
	}
	if m.rec.Muted || m.rec.MutedBy != "" {
		if !o.mayUnmuteSelf(m) {
			return false
		}
		o.unmute(m, bySelf)
		return true
	}
	m.rec.Muted = true
	o.changed(m)
	o.told("muted", m, detail{By: bySelf})
	return true
}
