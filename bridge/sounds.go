package bridge

import (
	"slices"
	"sync"
	"time"

	"partyline/media"
	"partyline/media/sound"
	"partyline/state"
)

// sounds are the clips of one bridge, made once.
type sounds struct {
	joined, left                    *media.Clip
	pin, key, wrong                 *media.Clip
	wrongPIN, wrongKey              *media.Clip // the bad news and the question again
	accepted, goodbye, beep, chimes *media.Clip
	music                           func() *media.Play // one for all who hear it, so that they share each packet
}

func newSounds() *sounds {
	clip := func(name string, parts ...[]int16) *media.Clip {
		return &media.Clip{Name: name, PCM: slices.Concat(parts...)}
	}
	return &sounds{
		joined:   clip("joined", sound.Beep()),
		left:     clip("left", sound.Chime()),
		pin:      clip("pin", sound.PromptPIN()),
		key:      clip("key", sound.PromptKey()),
		wrong:    clip("wrong", sound.PromptWrong()),
		wrongPIN: clip("wrong, pin", sound.PromptWrong(), sound.PromptPIN()),
		wrongKey: clip("wrong, key", sound.PromptWrong(), sound.PromptKey()),
		accepted: clip("accepted", sound.PromptAccepted()),
		goodbye:  clip("goodbye", sound.PromptGoodbye()),
		beep:     clip("beep", sound.Beep()),
		chimes:   clip("chime", sound.Chime()),
		music: sync.OnceValue(func() *media.Play {
			return &media.Play{Clip: clip("hold music", sound.HoldMusic()), Loop: true}
		}),
	}
}

// once is one playing of a clip.
func (s *sounds) once(c *media.Clip) *media.Play { return &media.Play{Clip: c} }

func (s *sounds) promptFor(mode state.AcceptMode) *media.Clip {
	if mode == state.AcceptPressKey {
		return s.key
	}
	return s.pin
}

func (s *sounds) wrongThen(mode state.AcceptMode) *media.Clip {
	if mode == state.AcceptPressKey {
		return s.wrongKey
	}
	return s.wrongPIN
}

// length is how long a clip plays, at 8 kHz.
func length(c *media.Clip) time.Duration {
	return time.Duration(len(c.PCM)) * time.Second / 8000
}
