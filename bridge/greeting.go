package bridge

import (
	"partyline/media/prompt"
	"partyline/state"
)

// welcome tells a joiner where they are and what they may do: everything where
// the conference tells people of each other, and else only what somebody must
// know who is muted, cannot speak, or is recorded.
func (o *owner) welcome(m *member, prompted bool) []prompt.Part {
	var parts []prompt.Part
	chatty := o.conf.MemberNotification && !o.conf.NoGuidance
	if prompted {
		parts = words(prompt.Joining)
	}
	if chatty && !prompted {
		parts = append(parts, o.theirs(o.conf.NameSoundID)...)
	}
	if o.recordingRuns() {
		parts = append(parts, words(prompt.BeingRecorded)...)
	}
	switch {
	case o.conf.NoGuidance:
	case !Can(m.rec.Role, MaySpeak):
		parts = append(parts, words(prompt.ListenOnly, prompt.Star9Hand)...)
	case m.rec.Muted || m.rec.MutedBy != "":
		parts = append(parts, words(prompt.YouAreMuted)...)
		if o.mayUnmuteSelf(m) {
			parts = append(parts, words(prompt.Star6Unmute)...)
		} else {
			parts = append(parts, words(prompt.Star9Hand)...)
		}
	}
	switch {
	case m.rec.Held:
		return append(parts, words(prompt.OnHold)...)
	case m.rec.Waiting:
		return append(parts, words(prompt.WaitingPresenter)...)
	case chatty:
		parts = append(parts, o.company(m)...)
	}
	return parts
}

// company tells how many others are there, where they can be counted at a
// glance.
func (o *owner) company(m *member) []prompt.Part {
	others := 0
	for _, x := range o.roll {
		if x != m && x.live() && !x.rec.Waiting {
			others++
		}
	}
	switch {
	case others == 0:
		return words(prompt.OnlyPerson)
	case others == 1:
		return words(prompt.OneOther)
	case others < chimeBelow:
		return append(append(words(prompt.PeopleBefore), prompt.Number(others)...), words(prompt.PeopleAfter)...)
	}
	return nil
}

// keyWay notes how the phone of this attempt can send keys.
func (o *owner) keyWay(m *member) {
	if way := keysOf(m.leg); m.rec.Keys != way {
		m.rec.Keys = way
		o.changed(m)
	}
}

// keysOf is how a phone can send keys, as far as its description says.
func keysOf(leg Leg) state.KeyWay {
	if leg != nil && leg.Digits() {
		return state.KeysEvents
	}
	return state.KeysTones
}

// listens tells whether a leg outside the mix is listened to: for keys that
// can only come as tones, and for the rhythm of a machine.
func (o *owner) listens(m *member) bool {
	if m.live() || m.rec.AnsweredAt == nil {
		return false
	}
	return m.cadence != nil || m.rec.InPrompt && m.rec.Keys == state.KeysTones
}
