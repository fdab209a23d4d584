package api_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"partyline/api"
	"partyline/bridge"
	"partyline/media"
	"partyline/media/clips"
	"partyline/media/record"
)

// archive is a bridge.Recorder and a bridge.Shelf in memory. What it records
// is the same whoever speaks; what it keeps begins with RIFF.
type archive struct {
	mu    sync.Mutex
	files map[string][]byte
}

// withArchive gives a face's bridge something to record with and to keep sounds in.
func withArchive(_ *api.Config, b *bridge.Config) {
	a := &archive{files: make(map[string][]byte)}
	b.Recorder, b.Shelf = a, shelf{a}
}

func (a *archive) keep(name string, content []byte) (sum []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.files[name] = content
	hash := sha256.Sum256(content)
	return hash[:]
}

func (a *archive) open(name string) (io.ReadSeekCloser, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b, ok := a.files[name]
	if !ok {
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return tape{bytes.NewReader(b), new(int)}, nil
}

func (a *archive) drop(prefix string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name := range a.files {
		if len(name) >= len(prefix) && name[:len(prefix)] == prefix {
			delete(a.files, name)
		}
	}
}

// Formats implements bridge.Recorder.
func (a *archive) Formats() []string { return []string{"wav", "mp3", "opus"} }

// Begin implements bridge.Recorder.
func (a *archive) Begin(spec record.Spec, done func(record.Result)) (bridge.Take, error) {
	return &take{archive: a, spec: spec, done: done, tap: media.NewTap(spec.Tracks)}, nil
}

// Salvage implements bridge.Recorder.
func (a *archive) Salvage(string) (record.Result, error) {
	return record.Result{}, record.ErrNotRecordable
}

// File implements bridge.Recorder.
func (a *archive) File(id, name string) (io.ReadSeekCloser, error) { return a.open(id + "/" + name) }

// Remove implements bridge.Recorder.
func (a *archive) Remove(id string) error {
	a.drop(id + "/")
	return nil
}

// take is a recording while it runs.
type take struct {
	archive *archive
	spec    record.Spec
	done    func(record.Result)
	tap     *media.Tap
	mu      sync.Mutex
	people  []string
	stop    sync.Once
}

// Tap implements bridge.Take.
func (t *take) Tap() *media.Tap { return t.tap }

// Belongs implements bridge.Take.
func (t *take) Belongs(_ media.LegID, to record.Track) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.people = append(t.people, to.ParticipantID)
}

// Pause implements bridge.Take.
func (t *take) Pause(bool) {}

// Stop implements bridge.Take.
func (t *take) Stop() {
	t.stop.Do(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		r := record.Result{Duration: 3 * time.Second}
		file := func(name, who string) {
			content := append([]byte("RIFF "+who+" "), make([]byte, 48000)...)
			r.Files = append(r.Files, record.File{Name: name, ParticipantID: who, ContentType: "audio/wav", Bytes: int64(len(content)),
				SHA256: t.archive.keep(t.spec.ID+"/"+name, content), Duration: r.Duration})
		}
		file("mix.wav", "")
		if t.spec.Tracks {
			for _, who := range t.people {
				file(who+".wav", who)
			}
		}
		go t.done(r)
	})
}

// shelf is the archive as a bridge.Shelf.
type shelf struct{ *archive }

// Put implements bridge.Shelf.
func (s shelf) Put(id string, r io.Reader) (clips.Info, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return clips.Info{}, err
	}
	if !bytes.HasPrefix(b, []byte("RIFF")) {
		return clips.Info{}, fmt.Errorf("%w: it does not begin as one", clips.ErrBadSound)
	}
	return clips.Info{Source: "wav", Length: 1500 * time.Millisecond, Bytes: int64(len(b)), SHA256: s.keep(id, b)}, nil
}

// Clip implements bridge.Shelf.
func (s shelf) Clip(id string) (*media.Clip, error) {
	if _, err := s.open(id); err != nil {
		return nil, err
	}
	return &media.Clip{Name: id, PCM: make([]int16, 12000)}, nil
}

// File implements bridge.Shelf.
func (s shelf) File(id string) (io.ReadSeekCloser, error) { return s.open(id) }

// Remove implements bridge.Shelf.
func (s shelf) Remove(id string) error {
	s.drop(id)
	return nil
}

func (a *archive) Close() error { return nil }
