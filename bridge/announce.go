package bridge

import (
	"context"
	"slices"
	"strings"

	"partyline/media"
	"partyline/media/prompt"
)

// Tell plays something to one participant, over what they hear.
func (b *Bridge) Tell(ctx context.Context, who Caller, cid, pid string, a Announcement) error {
	b.fetch(who.TenantID, a.Sound)
	return b.change(ctx, who, cid, func(o *owner, _ *request) error {
		m, err := o.find(pid)
		if err != nil {
			return err
		}
		if !m.live() {
			return errWrongState(m, "told something")
		}
		clip, _, refused := o.announcement(m, a)
		if refused != nil {
			return refused
		}
		m.sound = &media.Play{Clip: clip, Over: true}
		return nil
	})
}

// announce plays something to everyone who hears the mix.
func (o *owner) announce(a Announcement, affected *int) error {
	clip, tone, err := o.announcement(nil, a)
	if err != nil {
		return err
	}
	*affected = o.hearers()
	if tone {
		o.then(nil, func() { o.play(clip) })
	} else {
		o.then(nil, func() { o.sayInRoom(clip) })
	}
	return nil
}

// announcement finds what is to be heard, by one participant or (nil) all. A
// tone may sound over speech, everything else waits its turn.
func (o *owner) announcement(m *member, a Announcement) (clip *media.Clip, tone bool, err *Error) {
	name, spoken := strings.CutPrefix(a.Sound, "prompt:")
	switch {
	case a.Sound == "" || a.Sound == "chime":
		return o.b.sounds.chime, true, nil
	case a.Sound == "beep":
		return o.b.sounds.beep, true, nil
	case spoken && slices.Contains(prompt.Names(), prompt.Name(name)):
		return o.sentence(m, words(prompt.Name(name))...), false, nil
	case !spoken:
		if c := o.soundClip(a.Sound); c != nil {
			return c, false, nil
		}
	}
	return nil, false, refuse(Invalid, "unknown_sound", "sound",
		`a sound is "chime", "beep", the id of an uploaded sound, or "prompt:" and the name of a prompt`)
}

// arrival lets a small conference hear that somebody came or went: by name
// where the conference wants that and there is one, else by a tone.
func (o *owner) arrival(m *member, what prompt.Name, tone *media.Clip) {
	if o.conf.AnnounceNames && o.notifies() {
		if name := o.theirs(m.rec.NameSoundID); name != nil {
			o.tellAll(append(name, words(what)...)...)
			return
		}
	}
	o.chime(tone)
}
