package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"partyline/cmd/partyline/config"
	"partyline/media/prompt"
	"partyline/media/record"
)

// folders looks at where recordings and uploads are kept.
func folders(_ context.Context, cfg config.Config, _ Options) []Finding {
	var out []Finding
	for _, f := range []struct{ what, key, dir string }{
		{"recordings", "recording.dir", cfg.State.Beside(cfg.Recording.Dir)},
		{"sounds", "sounds.dir", cfg.State.Beside(cfg.Sounds.Dir)},
	} {
		there, err := writable(f.dir)
		if err != nil {
			out = append(out, Finding{Fail, f.what, fmt.Sprintf("cannot write in %s: %v", f.dir, err), "Let the daemon's user write there, or set " + f.key})
			continue
		}
		out = append(out, Finding{OK, f.what, "are kept in " + f.dir, ""})
		if free, ok := freeBytes(there); ok && f.what == "recordings" {
			out = append(out, spaceToRecord(free, f.dir))
		}
	}
	return out
}

// writable tries to write in a folder, or in the one it will be made in, and
// says which that is.
func writable(dir string) (string, error) {
	for {
		probe, err := os.CreateTemp(dir, ".doctor-*")
		if err == nil {
			_ = probe.Close()
			return dir, os.Remove(probe.Name())
		}
		up := filepath.Dir(dir)
		if !errors.Is(err, fs.ErrNotExist) || up == dir {
			return "", err
		}
		dir = up
	}
}

// spaceToRecord stops no call: a recording that finds no room fails alone.
func spaceToRecord(free uint64, dir string) Finding {
	if free < little {
		return Finding{Warn, "recordings", fmt.Sprintf("only %d MB are free in %s: recordings fail when it is full", free>>20, dir), "Make room, or shorten recording.retention"}
	}
	return Finding{OK, "recordings", fmt.Sprintf("have %d MB: an hour of a mix in wav takes 58 MB, in high quality 115", free>>20), ""}
}

// voices looks for the prompts that people are to hear.
func voices(_ context.Context, cfg config.Config, _ Options) []Finding {
	v, err := prompt.Open(cfg.Sounds.Prompts)
	if err != nil {
		return []Finding{{Fail, "prompts", err.Error(), "Mend what it names, or leave sounds.prompts empty"}}
	}
	there := strings.Join(v.Languages(), ", ")
	if !v.Speaks(cfg.Sounds.Language) {
		return []Finding{{Fail, "prompts", fmt.Sprintf("there are none in %q, only in %s", cfg.Sounds.Language, there), "Set sounds.language to one of these, or bring prompts with sounds.prompts"}}
	}
	return []Finding{{OK, "prompts", "are there in " + there, ""}}
}

// formats tries what recordings are to be made with, in a folder of its own.
func formats(_ context.Context, cfg config.Config, _ Options) []Finding {
	dir, err := os.MkdirTemp("", "doctor-*")
	if err != nil {
		return []Finding{{Warn, "recordings", "what they can be was not tried: " + err.Error(), "Let this user write temporary files"}}
	}
	defer os.RemoveAll(dir)
	s, err := record.Open(dir, record.MP3(cfg.Recording.MP3Encoder))
	if err != nil {
		return []Finding{{Fail, "recordings", err.Error(), "Set recording.mp3_encoder to an encoder, or leave it empty: then they are wav or opus"}}
	}
	defer s.Close()
	return []Finding{{OK, "recordings", "can be " + strings.Join(s.Formats(), ", "), ""}}
}
