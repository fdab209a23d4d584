package prompt

import (
	"strings"
	"time"

	"partyline/media"
)

// Pauses between what is joined. They come on top of some 50 ms of silence
// that each phrase begins and ends with.
const (
	betweenPhrases = 130 * time.Millisecond
	betweenDigits  = 70 * time.Millisecond
	longestRest    = 10 * time.Second
)

// digits are the prompts of what a telephone's keys are called.
var digits = map[rune]Name{
	'0': Zero, '1': One, '2': Two, '3': Three, '4': Four, '5': Five, '6': Six, '7': Seven, '8': Eight, '9': Nine,
	'*': Star, '#': Pound,
}

// joiner puts sounds one after another, at both rates alike.
type joiner struct {
	voices    []voice
	pcm, wide []int16
	open      bool // the end is a sound, which a pause must follow
	names     []string
}

// join says parts with the first of the voices that has each of them.
func join(voices []voice, parts []Part) *media.Clip {
	j := &joiner{voices: voices}
	for _, p := range parts {
		switch {
		case p.Name != "":
			j.names = append(j.names, string(p.Name))
			j.sound(j.phrase(p.Name), betweenPhrases)
		case p.Digits != "":
			// The name of a clip may be logged; what it spells must not be.
			j.names = append(j.names, "digits")
			pause := betweenPhrases
			for _, d := range p.Digits {
				if name, ok := digits[d]; ok {
					j.sound(j.phrase(name), pause)
					pause = betweenDigits
				}
			}
		case p.Clip != nil:
			j.names = append(j.names, "clip")
			j.sound(p.Clip, betweenPhrases)
		case p.Rest > 0:
			j.rest(min(p.Rest, longestRest))
			j.open = false
		}
	}
	if len(j.pcm) == 0 {
		j.rest(20 * time.Millisecond)
	}
	return &media.Clip{Name: strings.Join(j.names, " "), PCM: j.pcm, Wide: j.wide}
}

func (j *joiner) phrase(name Name) *media.Clip {
	for _, v := range j.voices {
		if p, ok := v[name]; ok {
			return p.clip()
		}
	}
	return &media.Clip{}
}

func (j *joiner) sound(c *media.Clip, pause time.Duration) {
	if len(c.PCM) == 0 {
		return
	}
	if j.open {
		j.rest(pause)
	}
	j.open = true
	wide := c.Wide
	if wide == nil {
		wide = widen(c.PCM)
	}
	j.pcm, j.wide = append(j.pcm, c.PCM...), append(j.wide, wide...)
	// Whatever the clip, both rates stay together.
	j.wide = append(j.wide, make([]int16, max(2*len(j.pcm)-len(j.wide), 0))...)[:2*len(j.pcm)]
}

func (j *joiner) rest(d time.Duration) {
	n := int(d * 8000 / time.Second)
	j.pcm, j.wide = append(j.pcm, make([]int16, n)...), append(j.wide, make([]int16, 2*n)...)
}
