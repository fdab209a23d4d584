package prompt

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"strings"
	"sync"

	"github.com/mewkiz/flac"

	"partyline/media"
	"partyline/media/clips"
	"partyline/media/resample"
)

//go:embed audio texts.tsv
var files embed.FS

// phrase is one prompt in one language. What comes with the program is
// unpacked when it is first said.
type phrase struct{ clip func() *media.Clip }

// embedded gives the voices that come with the program.
func embedded() map[string]voice {
	voices := make(map[string]voice)
	err := fs.WalkDir(files, "audio", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		lang, name := path.Base(path.Dir(file)), Name(strings.TrimSuffix(path.Base(file), ".flac"))
		if voices[lang] == nil {
			voices[lang] = make(voice)
		}
		voices[lang][name] = &phrase{clip: sync.OnceValue(func() *media.Clip {
			clip, err := unpack(file)
			if err != nil {
				// The files are part of the program, and the tests read all of them.
				panic(err)
			}
			return clip
		})}
		return nil
	})
	if err != nil {
		panic(err)
	}
	return voices
}

// unpack reads a file that comes with the program: of one channel at 16 kHz.
func unpack(file string) (*media.Clip, error) {
	data, err := files.ReadFile(file)
	if err != nil {
		return nil, err
	}
	stream, err := flac.New(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("prompt: %s: %w", file, err)
	}
	shift := 16 - stream.Info.BitsPerSample
	wide := make([]int16, 0, stream.Info.NSamples+1)
	for {
		frame, err := stream.ParseNext()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("prompt: %s: %w", file, err)
		}
		for _, x := range frame.Subframes[0].Samples {
			wide = append(wide, int16(x<<shift))
		}
	}
	return clips.Both(strings.TrimSuffix(path.Base(file), ".flac"), wide)
}

// widen brings sound from 8 to 16 kHz.
func widen(pcm []int16) []int16 {
	up, err := resample.NewConverter(8000, 16000)
	if err != nil {
		panic(err)
	}
	in := make([]float32, len(pcm))
	for i, x := range pcm {
		in[i] = float32(x)
	}
	out := up.Flush(up.Append(make([]float32, 0, 2*len(in)), in))
	wide := make([]int16, len(out))
	for i, x := range out {
		wide[i] = int16(math.Round(min(max(float64(x), math.MinInt16), math.MaxInt16)))
	}
	return wide
}

// texts is texts.tsv, by language and name.
var texts = sync.OnceValue(func() map[string]map[Name]string {
	table, err := files.ReadFile("texts.tsv")
	if err != nil {
		panic(err)
	}
	all := make(map[string]map[Name]string)
	lines := strings.Split(strings.TrimSpace(string(table)), "\n")
	languages := strings.Split(lines[0], "\t")[1:]
	for _, lang := range languages {
		all[lang] = make(map[Name]string)
	}
	for _, line := range lines[1:] {
		row := strings.Split(line, "\t")
		for i, lang := range languages {
			all[lang][Name(row[0])] = row[i+1]
		}
	}
	return all
})

// Text is what a prompt of those that come with the program says, "" when
// there is none.
func Text(lang string, name Name) string { return texts()[lang][name] }
