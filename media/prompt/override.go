package prompt

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"partyline/media"
	"partyline/media/clips"
)

// longestOverride bounds one prompt of somebody's own.
const longestOverride = time.Minute

// endings of files that are taken for prompts; others are passed over.
var endings = []string{".wav", ".ogg", ".opus", ".mp3", ".flac"}

// tag is what a directory of a language is called: "en", "es-MX".
var tag = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$`)

// Open is the built-in library with what dir/LANGUAGE/NAME.wav overrides, or
// .ogg, .opus, .mp3 or .flac: see media/clips for what is read. They are
// brought to the level of the others. A language may be one that is not built
// in; what is missing of it is said in English, what is missing of a regional
// one ("es-MX") in the language ("es"). Without a directory, as with "", it is
// Builtin. An error names the file that cannot be used.
func Open(dir string) (*Library, error) {
	if dir == "" {
		return Builtin(), nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("prompt: %w", err)
	}
	l := &Library{voices: make(map[string]voice)}
	for lang, v := range embedded() {
		l.voices[lang] = v
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("prompt: %w", err)
		}
		if !info.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if !tag.MatchString(entry.Name()) {
			return nil, fmt.Errorf("prompt: %s: the name of a directory must be a language, as in en or es-MX", path)
		}
		own, err := openVoice(path)
		if err != nil {
			return nil, err
		}
		lang := canonical(entry.Name())
		if len(own) > 0 && l.voices[lang] == nil {
			l.voices[lang] = make(voice)
		}
		maps.Copy(l.voices[lang], own)
	}
	return l, nil
}

// openVoice reads the prompts of one language.
func openVoice(dir string) (voice, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("prompt: %w", err)
	}
	own := make(voice)
	for _, entry := range entries {
		ending := filepath.Ext(entry.Name())
		if strings.HasPrefix(entry.Name(), ".") || !slices.Contains(endings, strings.ToLower(ending)) {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		name := Name(strings.TrimSuffix(entry.Name(), ending))
		switch {
		case !slices.Contains(Names(), name):
			return nil, fmt.Errorf("prompt: %s: there is no prompt of this name", path)
		case own[name] != nil:
			return nil, fmt.Errorf("prompt: %s: there is another file for this prompt", path)
		}
		clip, err := openPrompt(path)
		if err != nil {
			return nil, fmt.Errorf("prompt: %s: %w", path, err)
		}
		clip.Name = string(name)
		own[name] = &phrase{clip: func() *media.Clip { return clip }}
	}
	return own, nil
}

func openPrompt(path string) (*media.Clip, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	clip, _, err := clips.Decode(file)
	if err != nil {
		return nil, err
	}
	if clip.Length() > longestOverride {
		return nil, fmt.Errorf("a prompt must not be longer than %v", longestOverride)
	}
	soften(clip.PCM, 8000)
	soften(clip.Wide, 16000)
	return clip, nil
}

// soften lets a sound rise and fall within 5 ms, so that its ends do not
// click where it is joined to others.
func soften(pcm []int16, rate int) {
	n := min(rate/200, len(pcm)/2)
	for i := range n {
		gain := 0.5 - 0.5*math.Cos(math.Pi*float64(i)/float64(n))
		for _, at := range []int{i, len(pcm) - 1 - i} {
			pcm[at] = int16(math.Round(float64(pcm[at]) * gain))
		}
	}
}
