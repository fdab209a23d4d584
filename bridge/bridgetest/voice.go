package bridgetest

import (
	"strings"
	"sync"
	"time"

	"partyline/media"
	"partyline/media/prompt"
)

// Voice is a bridge.Voice that makes no sound: the clips' names tell what was
// said, "en: invited, press, 1, to_join". A phrase lasts a fifth of a second.
type Voice struct {
	mu    sync.Mutex
	clips map[string]*media.Clip
}

const phrase = 200 * time.Millisecond

// Say implements bridge.Voice.
func (v *Voice) Say(lang string, parts ...prompt.Part) *media.Clip {
	said := make([]string, len(parts))
	for i, p := range parts {
		switch {
		case p.Name != "":
			said[i] = string(p.Name)
		case p.Digits != "":
			said[i] = p.Digits
		case p.Clip != nil:
			said[i] = "<" + p.Clip.Name + ">"
		}
	}
	name := lang + ": " + strings.Join(said, ", ")
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.clips == nil {
		v.clips = map[string]*media.Clip{}
	}
	if v.clips[name] == nil {
		v.clips[name] = &media.Clip{Name: name, PCM: make([]int16, len(parts)*int(phrase.Milliseconds())*8)}
	}
	return v.clips[name]
}

// Speaks implements bridge.Voice: English and Spanish.
func (v *Voice) Speaks(lang string) bool { return lang == "en" || lang == "es" }
