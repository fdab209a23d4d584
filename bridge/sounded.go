package bridge

import (
	"time"

	"partyline/state"
)

// maxBeep is the longest time between two beeps of a recording.
const maxBeep = time.Hour

// hear applies what a request says about the sound of a conference.
func (c *ConferenceSound) hear(to *state.Conference) {
	not := func(field *bool, wanted *bool) {
		if wanted != nil {
			*field = !*wanted
		}
	}
	set(&to.Language, c.Language)
	set(&to.NameSoundID, c.NameSoundID)
	set(&to.HostSoundID, c.HostSoundID)
	set(&to.AnnounceNames, c.AnnounceNames)
	set(&to.RecordBeep, c.RecordBeep)
	not(&to.NoAloneMusic, c.AloneMusic)
	not(&to.NoGuidance, c.Guidance)
	not(&to.NoLevelling, c.Levelling)
	not(&to.NoComfortNoise, c.ComfortNoise)
}

// checkSound holds what is to be heard in a conference against what there is.
func (b *Bridge) checkSound(c *state.Conference) *Error {
	if c.Language != "" && !b.cfg.Voice.Speaks(c.Language) {
		return errLanguage("language")
	}
	if c.RecordBeep < 0 || c.RecordBeep > maxBeep {
		return refuse(Invalid, "out_of_range", "record_beep", "record_beep is at most an hour")
	}
	if id := c.HoldMusicID; id != "" && id != "default" && id != noMusic && !b.knowsSound(c.TenantID, id) {
		return refuse(Invalid, "unknown_hold_music", "hold_music_id", `hold_music_id is "default", "none" or the id of an uploaded sound`)
	}
	for _, s := range []struct{ param, id string }{
		{"name_sound_id", c.NameSoundID}, {"host_sound_id", c.HostSoundID}, {"accept.sound_id", c.Accept.SoundID},
	} {
		if s.id != "" && !b.knowsSound(c.TenantID, s.id) {
			return errUnknownSound(s.param)
		}
	}
	return nil
}

func errUnknownSound(param string) *Error {
	return refuse(Invalid, "unknown_sound", param, "there is no such sound")
}
