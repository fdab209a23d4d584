package bridgetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"partyline/media"
	"partyline/media/clips"
)

// Shelf is a bridge.Shelf in memory. Every upload that does not begin with
// "bad" is a sound of a second.
type Shelf struct {
	mu    sync.Mutex
	clips map[string]*media.Clip
	fail  error
	reads int
}

// Fail makes everything fail until Fail(nil).
func (s *Shelf) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

// Kept counts the sounds.
func (s *Shelf) Kept() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.clips)
}

// Reads counts how often a clip was read, or could not be.
func (s *Shelf) Reads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

// Put implements bridge.Shelf.
func (s *Shelf) Put(id string, r io.Reader) (clips.Info, error) {
	b, err := io.ReadAll(r)
	if err != nil || bytes.HasPrefix(b, []byte("bad")) {
		return clips.Info{}, fmt.Errorf("%w: it is bad", clips.ErrBadSound)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return clips.Info{}, s.fail
	}
	if s.clips == nil {
		s.clips = map[string]*media.Clip{}
	}
	s.clips[id] = &media.Clip{Name: string(b), PCM: make([]int16, 8000)}
	return clips.Info{Source: "wav", Length: time.Second, Bytes: int64(len(b)), SHA256: make([]byte, 32)}, nil
}

// Clip implements bridge.Shelf.
func (s *Shelf) Clip(id string) (*media.Clip, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.fail != nil {
		return nil, s.fail
	}
	if c := s.clips[id]; c != nil {
		return c, nil
	}
	return nil, fs.ErrNotExist
}

// File implements bridge.Shelf.
func (s *Shelf) File(id string) (io.ReadSeekCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clips[id] == nil {
		return nil, fs.ErrNotExist
	}
	return nopCloser{bytes.NewReader([]byte(id))}, nil
}

// Remove implements bridge.Shelf.
func (s *Shelf) Remove(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clips[id] == nil {
		return errors.New("it was removed before")
	}
	delete(s.clips, id)
	return nil
}
