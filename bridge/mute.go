package bridge

import (
	"partyline/media/prompt"
	"partyline/state"
)

// byAPI marks what the tenant's own system did.
const (
	byAPI  = "api"
	bySelf = "self"
)

// mute silences a participant on a moderator's word. It may come at any time
// before the end.
func (o *owner) mute(m *member, by string) {
	if m.rec.Muted && m.rec.MutedBy != "" && m.rec.MutedPrior == nil {
		return
	}
	heard := !m.rec.Muted
	m.rec.Muted, m.rec.MutedBy, m.rec.MutedPrior = true, by, nil
	o.changed(m)
	if heard {
		o.told("muted", m, detail{By: by})
		o.whisperOf(m, by, prompt.MutedByHost)
	}
}

// whisperOf tells somebody what another has done to them; what they did
// themselves they are told by their keys.
func (o *owner) whisperOf(m *member, by string, what prompt.Name) {
	if by != bySelf && by != m.rec.ID && !o.conf.NoGuidance && Can(m.rec.Role, MaySpeak) {
		o.whisper(m, words(what)...)
	}
}

// unmute lifts every mute; the caller has checked that the role may speak.
func (o *owner) unmute(m *member, by string) {
	if !m.rec.Muted && m.rec.MutedBy == "" {
		return
	}
	m.rec.Muted, m.rec.MutedBy, m.rec.MutedPrior = false, "", nil
	o.changed(m)
	o.told("unmuted", m, detail{By: by})
	o.whisperOf(m, by, prompt.UnmutedByHost)
}

// underOrder applies the standing order of mute-all to one participant and
// tells whether it changed anything. Whoever was muted already by a
// moderator stays so; everybody else's own state is kept for unmute-all.
func (m *member) underOrder(by string) bool {
	if Can(m.rec.Role, MayMuteOthers) || m.rec.MutedBy != "" {
		return false
	}
	prior := m.rec.Muted
	m.rec.MutedPrior = &prior
	m.rec.Muted, m.rec.MutedBy = true, by
	return true
}

// muteAll silences everyone who may not mute others, now and when they join.
// In a small conference those it takes the word from are told; in a large one
// a thousand of them would hear it over what they came to hear.
func (o *owner) muteAll(allowUnmute bool, by string) int {
	o.conf.MutedAll, o.conf.AllowUnmute = true, allowUnmute
	o.batch.conf = true
	n, few := 0, o.connected() < chimeBelow
	for _, m := range o.roll {
		if m.rec.Status.Terminal() || !m.underOrder(by) {
			continue
		}
		n++
		o.changed(m)
		if !*m.rec.MutedPrior {
			o.told("muted", m, detail{By: by})
			if few {
				o.whisperOf(m, by, prompt.MutedByHost)
			}
		}
	}
	return n
}

// unmuteAll lifts the order and gives everyone their own state back.
func (o *owner) unmuteAll(by string) int {
	o.conf.MutedAll, o.conf.AllowUnmute = false, false
	o.batch.conf = true
	n, few := 0, o.connected() < chimeBelow
	for _, m := range o.roll {
		if m.rec.MutedPrior == nil {
			continue
		}
		prior := *m.rec.MutedPrior
		m.rec.Muted, m.rec.MutedBy, m.rec.MutedPrior = prior, "", nil
		o.changed(m)
		if m.rec.Status.Terminal() {
			continue
		}
		n++
		if !prior {
			o.told("unmuted", m, detail{By: by})
			if few {
				o.whisperOf(m, by, prompt.UnmutedByHost)
			}
		}
	}
	return n
}

// mayUnmuteSelf tells whether *6 may lift the mute a person is under.
func (o *owner) mayUnmuteSelf(m *member) bool {
	if !Can(m.rec.Role, MayUnmuteSelf) || !Can(m.rec.Role, MaySpeak) {
		return false
	}
	byOrder := m.rec.MutedPrior != nil && o.conf.AllowUnmute
	return m.rec.MutedBy == "" || byOrder || Can(m.rec.Role, MayMuteOthers)
}

func (o *owner) lock(on bool, by string) bool {
	if o.conf.Locked == on {
		return false
	}
	o.conf.Locked = on
	kind := "unlocked"
	if on {
		kind = "locked"
	}
	o.toldConference(kind, by)
	return true
}

// setRole changes what a participant may do, at once.
func (o *owner) setRole(m *member, role state.Role, by string) {
	if m.rec.Role == role {
		return
	}
	old := m.rec.Role
	m.rec.Role = role
	if presides(role) && m.rec.Waiting {
		o.admitWaiting(m, by)
	}
	o.changed(m)
	o.told("role_changed", m, detail{By: by, OldRole: old})
}
