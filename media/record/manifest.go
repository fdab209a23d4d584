package record

import (
	"encoding/json"
	"fmt"
	"os"
)

// manifest is kept beside the files from the first moment on, so that they
// can be finished by someone who knows nothing else.
type manifest struct {
	Version int    `json:"version"`
	Format  string `json:"format"`
	Rate    int    `json:"rate"`
	Stereo  bool   `json:"stereo"`
}

const (
	manifestName = "recording.json"
	finishedName = "finished.json" // a Result: its files are what they are to be
)

// shapeOf is what a file of this recording is like.
func (m manifest) shapeOf(name string) shape {
	s := shape{rate: m.Rate, channels: 1}
	if m.Stereo && participantOf(name) == "" {
		s.channels = 2
	}
	return s
}

func writeJSON(folder *os.Root, name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return replace(folder, name, b)
}

func readManifest(folder *os.Root) (m manifest, err error) {
	b, err := folder.ReadFile(manifestName)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("record: %s: %w", manifestName, err)
	}
	if m.Version != 1 || m.Rate != 8000 && m.Rate != 16000 || contentTypes[m.Format] == "" {
		return m, fmt.Errorf("record: %s tells of nothing this program makes", manifestName)
	}
	return m, nil
}

// readFinished gives the result of a recording that is finished.
func readFinished(folder *os.Root) (Result, bool) {
	var r Result
	b, err := folder.ReadFile(finishedName)
	if err != nil || json.Unmarshal(b, &r) != nil {
		return Result{}, false
	}
	for _, f := range r.Files {
		if info, err := folder.Stat(f.Name); err != nil || info.Size() != f.Bytes {
			return Result{}, false
		}
	}
	return r, true
}
