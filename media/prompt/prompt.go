// Package prompt is what the bridge says: phrases in several languages, joined
// to sentences. English and Spanish come with the program; docs/PROMPTS.md
// tells what they say and how they were made.
package prompt

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"partyline/media"
)

//go:generate go run ./make

// fallback is the language that every prompt is there in.
const fallback = "en"

// Library of prompts. Its methods are safe for concurrent use.
type Library struct {
	voices map[string]voice // by language, in lower case; fixed once made
	said   cache
}

// voice is what there is of one language, which need not be all.
type voice map[Name]*phrase

// Builtin is the library that comes with the program.
func Builtin() *Library { return builtin() }

var builtin = sync.OnceValue(func() *Library { return &Library{voices: embedded()} })

// Languages lists what the library speaks, as in "en", in order.
func (l *Library) Languages() []string { return slices.Sorted(maps.Keys(l.voices)) }

// Speaks tells whether the library knows a language, or for a regional one as
// in "es-MX" the language itself.
func (l *Library) Speaks(lang string) bool { return len(l.known(lang)) > 0 }

// known gives the voices of a language, the nearest first.
func (l *Library) known(lang string) (found []voice) {
	for tag := canonical(lang); tag != ""; tag = parent(tag) {
		if v, ok := l.voices[tag]; ok {
			found = append(found, v)
		}
	}
	return found
}

// canonical writes a language tag (BCP 47) as the library keeps it.
func canonical(lang string) string {
	return strings.ToLower(strings.ReplaceAll(lang, "_", "-"))
}

// parent is a tag without its last part: "es" of "es-mx".
func parent(tag string) string {
	at := strings.LastIndexByte(tag, '-')
	return tag[:max(at, 0)]
}

// Part of what is to be said: the first of its fields that is set.
type Part struct {
	Name   Name          // a prompt
	Digits string        // spoken one by one: 0-9, *, #
	Clip   *media.Clip   // somebody's own sound
	Rest   time.Duration // silence
}

// Words makes parts of prompts' names.
func Words(names ...Name) []Part {
	parts := make([]Part, len(names))
	for i, n := range names {
		parts[i].Name = n
	}
	return parts
}

// Say joins parts to one clip in a language; one that the library does not
// speak is English, and so is a prompt that a language lacks. The same parts
// give the same clip again while it is remembered, so that all who hear it at
// the same time can share its encoding. The clip is at 8 and 16 kHz; it is
// never empty.
func (l *Library) Say(lang string, parts ...Part) *media.Clip {
	voices := append(l.known(lang), l.voices[fallback])
	return l.said.get(key(canonical(lang), parts), parts, func() *media.Clip {
		return join(voices, parts)
	})
}
