package bridge

import (
	"time"

	"partyline/media"
	"partyline/media/prompt"
	"partyline/state"
)

// ask plays a prompt and collects a PIN, "" when nothing came; false: the call
// is over. A PIN ends with #, with the longest that there is, or with a pause:
// never with the length of the right one, which is nobody's to know. What the
// caller has typed before is its beginning.
func (r *reception) ask(names []prompt.Name) (pin string, here bool) {
	clip := r.hear(names...)
	end := time.Now().Add(clip.Length() + defaultTry)
	limit := end.Add(dawdle)
	var entry []byte
	for {
		next := end
		for len(r.c.typed) > 0 {
			key := r.c.typed[0]
			r.c.typed = r.c.typed[1:]
			if r.play != nil { // interrupted: the time of the try begins now
				r.hush()
				end = time.Now().Add(defaultTry)
			}
			switch {
			case key == '*':
				entry = nil
			case key == '#' && len(entry) > 0:
				return string(entry), true
			case key != '#':
				if entry = append(entry, key); len(entry) == longestPIN {
					return string(entry), true
				}
			}
			next = later(end, time.Now().Add(keyPause))
			if len(entry) > 0 {
				next = time.Now().Add(keyPause)
			}
		}
		if next.After(limit) {
			next = limit
		}
		if !r.attend(next, func() bool { return len(r.c.typed) > 0 }) {
			return "", false
		}
		if len(r.c.typed) == 0 || !time.Now().Before(limit) {
			return string(entry), true
		}
	}
}

// say plays a last prompt to its end.
func (r *reception) say(name prompt.Name) {
	clip := r.hear(name)
	r.attend(time.Now().Add(clip.Length()), func() bool { return false })
}

// hear plays prompts to the caller. Until a PIN tells whose guest they are, it
// is in the language of the installation.
func (r *reception) hear(names ...prompt.Name) *media.Clip {
	clip := r.b.cfg.Voice.Say(r.b.cfg.Language, words(names...)...)
	r.play = &media.Play{Clip: clip}
	r.audio()
	return clip
}

// hush silences what is played.
func (r *reception) hush() {
	r.play = nil
	r.audio()
}

func (r *reception) audio() {
	r.c.leg.SetAudio(media.Audio{Play: r.play, Listen: r.c.keys == state.KeysTones})
}
