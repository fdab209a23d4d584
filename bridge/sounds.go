package bridge

import (
	"sync"
	"time"

	"partyline/media"
	"partyline/media/prompt"
	"partyline/media/sound"
	"partyline/state"
)

// sounds are what one bridge can play: tones made once, and speech.
type sounds struct {
	voice          Voice
	joined, left   *media.Clip
	beep, chime    *media.Clip
	music          func() *media.Play // one for all who hear it, so that they share each packet
	languageOfHere string

	shelf *soundIndex // what customers uploaded

	mu    sync.Mutex
	loops map[*media.Clip]*media.Play
}

func newSounds(voice Voice, language string) *sounds {
	clip := func(name string, pcm, wide []int16) *media.Clip { return &media.Clip{Name: name, PCM: pcm, Wide: wide} }
	return &sounds{
		voice: voice, languageOfHere: language, shelf: newSoundIndex(),
		joined: clip("joined", sound.Beep(), sound.BeepWide()),
		left:   clip("left", sound.Chime(), sound.ChimeWide()),
		beep:   clip("beep", sound.Beep(), sound.BeepWide()),
		chime:  clip("chime", sound.Chime(), sound.ChimeWide()),
		music: sync.OnceValue(func() *media.Play {
			return &media.Play{Clip: clip("hold music", sound.HoldMusic(), sound.HoldMusicWide()), Loop: true}
		}),
	}
}

// language is what one participant is spoken to in; nil is everyone.
func (o *owner) language(m *member) string {
	switch {
	case m != nil && m.rec.Language != "":
		return m.rec.Language
	case o.conf.Language != "":
		return o.conf.Language
	}
	return o.b.sounds.languageOfHere
}

// sentence is what parts sound like to one participant; nil is everyone.
func (o *owner) sentence(m *member, parts ...prompt.Part) *media.Clip {
	return o.b.sounds.voice.Say(o.language(m), parts...)
}

// whisper says something to one participant alone, over what they hear. What
// was being said to them ends.
func (o *owner) whisper(m *member, parts ...prompt.Part) {
	if len(parts) == 0 || !m.live() {
		return
	}
	m.sound = &media.Play{Clip: o.sentence(m, parts...), Over: true}
}

// tellAll says something to everyone who hears the mix.
func (o *owner) tellAll(parts ...prompt.Part) {
	clip := o.sentence(nil, parts...)
	o.then(nil, func() { o.sayInRoom(clip) })
}

func (o *owner) sayInRoom(c *media.Clip) {
	if o.room != nil && c != nil {
		o.room.Say(c)
		o.hush(later(o.hushed, time.Now()).Add(c.Length() + betweenWords))
	}
}

// betweenWords is the room's pause between two things that are said, and a
// little for its beginning.
const betweenWords = 400 * time.Millisecond

// hush keeps the music from somebody who is alone while the room tells them
// something: it would be in place of what is said.
func (o *owner) hush(until time.Time) {
	if !until.After(o.hushed) {
		return
	}
	o.hushed = until
	if o.inside() == 1 {
		o.again = append(o.again, func() {}) // what they hear changes now
	}
}

// words are prompts' names as parts.
func words(names ...prompt.Name) []prompt.Part { return prompt.Words(names...) }

// span speaks a time in whole minutes, or in seconds below one. It never says
// more than there is, by more than a second.
func span(d time.Duration) []prompt.Part {
	switch minutes := int((d + time.Second) / time.Minute); {
	case minutes == 0:
		return append(prompt.Number(int(d.Round(time.Second).Seconds())), words(prompt.Seconds)...)
	case minutes == 1:
		return words(prompt.OneMinute)
	default:
		return append(prompt.Number(minutes), words(prompt.Minutes)...)
	}
}

// theirs is an uploaded sound as a part, none where it cannot be had.
func (o *owner) theirs(id string) []prompt.Part {
	if id == "" {
		return nil
	}
	if c := o.soundClip(id); c != nil {
		return []prompt.Part{{Clip: c}}
	}
	return nil
}

// invitation asks an answered phone for its key or PIN.
func (o *owner) invitation(m *member) []prompt.Part {
	a := &m.rec.Accept
	parts := o.theirs(a.SoundID)
	if parts == nil {
		if host := o.theirs(o.conf.HostSoundID); host != nil {
			parts = append(words(prompt.CallFrom), host...)
		}
		if name := o.theirs(o.conf.NameSoundID); name != nil {
			parts = append(append(parts, words(prompt.InvitedTo)...), name...)
		} else {
			parts = append(parts, words(prompt.Invited)...)
		}
	}
	if a.Mode == state.AcceptPressKey {
		parts = append(parts, words(prompt.Press)...)
		parts = append(parts, prompt.Part{Digits: a.Key})
		return append(parts, words(prompt.ToJoin)...)
	}
	return append(parts, words(prompt.EnterPIN)...)
}

func errLanguage(param string) *Error {
	return refuse(Invalid, "unknown_language", param, "there are no prompts in this language here")
}
