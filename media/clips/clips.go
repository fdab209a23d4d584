// Package clips takes in sound that people bring: it reads their files, holds
// them against limits, brings them to what the mixer plays, and keeps them.
package clips

import (
	"errors"
	"io"
	"time"

	"partyline/media"
)

// ErrBadSound: the file is no sound that can be read, or too long, or empty.
var ErrBadSound = errors.New("clips: not a sound that can be used")

// Limits of an upload.
const (
	MaxBytes  = 20 << 20
	MaxLength = 10 * time.Minute
)

// Info tells of a kept sound.
type Info struct {
	Source string // what it was: "wav", "ogg", "mp3"
	Length time.Duration
	Bytes  int64 // of the file that is kept
	SHA256 []byte
}

// Decode reads a whole file: WAV, Ogg or MP3. The clip is at the level of
// speech, at 8 and 16 kHz. Errors wrap ErrBadSound and say what is wrong.
func Decode(r io.Reader) (clip *media.Clip, source string, err error) {
	return nil, "", ErrBadSound
}

// Shelf keeps sounds in one directory.
type Shelf struct{ dir string }

// Open prepares a directory.
func Open(dir string) (*Shelf, error) { return &Shelf{dir: dir}, nil }

// Put takes in an upload under an id; nothing is kept when it fails.
func (s *Shelf) Put(id string, r io.Reader) (Info, error) { return Info{}, ErrBadSound }

// Clip loads a kept sound; an error satisfies errors.Is(err, fs.ErrNotExist)
// when there is none.
func (s *Shelf) Clip(id string) (*media.Clip, error) { return nil, ErrBadSound }

// File opens a kept sound as a WAV file.
func (s *Shelf) File(id string) (io.ReadSeekCloser, error) { return nil, ErrBadSound }

// Remove deletes a sound. Removing what is not there is no error.
func (s *Shelf) Remove(id string) error { return nil }
