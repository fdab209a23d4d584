package clips

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"partyline/media"
)

// Info tells of a kept sound.
type Info struct {
	Source string // what it was: "wav", "flac", "mp3", "ogg"
	Length time.Duration
	Bytes  int64  // of the file that is kept
	SHA256 []byte // of the file that is kept
}

// Shelf keeps sounds in one directory, as WAV files of 16 kHz that only the
// owner can read. Nothing reaches outside of the directory, whatever the id
// or a symbolic link says. Its methods are safe for concurrent use.
type Shelf struct{ root *os.Root }

// ending of the kept files; those being written end in partial.
const (
	ending  = ".wav"
	partial = ".partial"
)

// Open prepares a directory, making it if need be, and clears away what a
// crash left half written.
func Open(dir string) (*Shelf, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("clips: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("clips: %w", err)
	}
	left, err := fs.Glob(root.FS(), "*"+partial)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("clips: %w", err), root.Close())
	}
	for _, name := range left {
		if err := root.Remove(name); err != nil {
			return nil, errors.Join(fmt.Errorf("clips: %w", err), root.Close())
		}
	}
	return &Shelf{root: root}, nil
}

// Close lets go of the directory. Files that are open stay so.
func (s *Shelf) Close() error { return s.root.Close() }

// maxID bounds an id: a file's name has 255 bytes at most.
const maxID = 128

// name of the file of an id. Ids are letters, digits, - and _, and dots that
// do not lead.
func name(id string) (string, error) {
	good := id != "" && len(id) <= maxID && id[0] != '.' && !strings.HasSuffix(id, partial)
	for _, c := range []byte(id) {
		good = good && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.')
	}
	if !good {
		return "", fmt.Errorf("clips: an id that cannot be: %w", fs.ErrInvalid)
	}
	return id + ending, nil
}

// Put takes in an upload under an id, in place of what was there; nothing is
// kept when it fails. When it returns the sound survives a crash. Errors of a
// bad file wrap ErrBadSound.
func (s *Shelf) Put(id string, r io.Reader) (Info, error) {
	file, err := name(id)
	if err != nil {
		return Info{}, err
	}
	clip, source, err := Decode(r)
	if err != nil {
		return Info{}, err
	}
	data := encodeWAV(clip.Wide)
	if err := s.write(file, data); err != nil {
		return Info{}, fmt.Errorf("clips: %w", err)
	}
	sum := sha256.Sum256(data)
	return Info{Source: source, Length: clip.Length(), Bytes: int64(len(data)), SHA256: sum[:]}, nil
}

// write replaces a file whole: beside it, to the disk, and then in its place.
func (s *Shelf) write(file string, data []byte) (err error) {
	beside := rand.Text() + partial
	f, err := s.root.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = s.root.Rename(beside, file)
	}
	if err != nil {
		return errors.Join(err, s.root.Remove(beside))
	}
	return s.sync()
}

// sync brings the directory's entries to the disk.
func (s *Shelf) sync() error {
	dir, err := s.root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Clip loads a kept sound; an error satisfies errors.Is(err, fs.ErrNotExist)
// when there is none.
func (s *Shelf) Clip(id string) (*media.Clip, error) {
	f, err := s.open(id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, mostKept+1))
	if err != nil {
		return nil, fmt.Errorf("clips: %w", err)
	}
	wide, err := decodeKept(data)
	if err != nil {
		return nil, err
	}
	return Both(id, wide)
}

// File opens a kept sound as a WAV file. An error satisfies errors.Is(err,
// fs.ErrNotExist) when there is none.
func (s *Shelf) File(id string) (io.ReadSeekCloser, error) {
	f, err := s.open(id)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// open opens the file of an id. What no sound can be called is not there.
func (s *Shelf) open(id string) (*os.File, error) {
	file, err := name(id)
	if err != nil {
		return nil, fmt.Errorf("clips: %w", fs.ErrNotExist)
	}
	f, err := s.root.Open(file)
	if err != nil {
		return nil, fmt.Errorf("clips: %w", err)
	}
	return f, nil
}

// Remove deletes a sound. Removing what is not there is no error. Whoever has
// its file open reads it to its end.
func (s *Shelf) Remove(id string) error {
	file, err := name(id)
	if err != nil {
		return nil
	}
	if err := s.root.Remove(file); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("clips: %w", err)
	}
	return s.sync()
}
