package api

import (
	"strings"

	"partyline/bridge"
	"partyline/state"
)

const (
	maxLanguage = 35        // characters; no tag in use is longer (RFC 5646 §4.4.1)
	maxBeep     = 3600      // seconds
	promptWord  = "prompt:" // before a prompt's name where a sound is asked for
	maxPrompt   = 40        // characters of a prompt's name
)

// decodeConferenceSound reads what is heard in a conference.
func decodeConferenceSound(o *object) bridge.ConferenceSound {
	return bridge.ConferenceSound{
		Language:      o.language("language"),
		NameSoundID:   o.soundID("name_sound_id"),
		HostSoundID:   o.soundID("host_sound_id"),
		AnnounceNames: o.flag("announce_names"),
		AloneMusic:    o.flag("alone_music"),
		Guidance:      o.flag("guidance"),
		Levelling:     o.flag("levelling"),
		ComfortNoise:  o.flag("comfort_noise"),
		RecordBeep:    o.seconds("record_beep", 0, maxBeep),
	}
}

// soundID is the id of an uploaded sound, or "" for none. Whether there is
// such a sound is for the bridge to say.
func (o *object) soundID(name string) *string {
	s := o.str(name)
	if s != nil && *s != "" && !state.ValidID(state.SoundID, *s) {
		o.wrong(name, codeInvalidField, `%s must be the id of an uploaded sound, like snd_01k9x3v5m8c7t2q4r6w8y0z1ad, or "" for none.`, o.at+name)
		return nil
	}
	return s
}

// language is a language tag (RFC 5646) like "es" or "pt-BR", or "" for the
// one that holds where nothing is said. Which ones are spoken the bridge knows.
func (o *object) language(name string) *string {
	s := o.str(name)
	if s != nil && *s != "" && !languageTag(*s) {
		o.wrong(name, codeInvalidField, `%s must be a language like "en" or "es", or "" for the default.`, o.at+name)
		return nil
	}
	return s
}

// languageTag tells whether a text has the form of a language tag: 2 or 3 small
// letters, then words of 1 to 8 letters and digits.
func languageTag(s string) bool {
	primary, rest, more := strings.Cut(s, "-")
	if len(s) > maxLanguage || len(primary) < 2 || len(primary) > 3 {
		return false
	}
	for _, c := range []byte(primary) {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	for more {
		var word string
		word, rest, more = strings.Cut(rest, "-")
		if len(word) < 1 || len(word) > 8 {
			return false
		}
		for _, c := range []byte(word) {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
				return false
			}
		}
	}
	return true
}

// announcement is something to be heard: "chime", "beep", the id of an uploaded
// sound, or "prompt:" and a prompt's name; "" when it is left out. Which
// prompts there are the bridge knows.
func (o *object) announcement(name string) string {
	s := o.str(name)
	if s == nil {
		return ""
	}
	prompt, isPrompt := strings.CutPrefix(*s, promptWord)
	if *s != "chime" && *s != "beep" && !state.ValidID(state.SoundID, *s) && !(isPrompt && promptName(prompt)) {
		o.wrong(name, codeInvalidField, "%s must be chime, beep, the id of an uploaded sound, or prompt: and the name of a prompt.", o.at+name)
		return ""
	}
	return *s
}

func promptName(s string) bool {
	for _, c := range []byte(s) {
		if c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && len(s) <= maxPrompt
}
