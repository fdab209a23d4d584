// Package record writes what a room sounds like into files that are whole
// files at every moment.
package record

import (
	"errors"
	"io"
	"time"

	"partyline/media"
)

// ErrNotRecordable: the format or the combination of options cannot be had.
var ErrNotRecordable = errors.New("record: cannot be recorded")

// Spec is what a recording is to be.
type Spec struct {
	ID     string // names the recording's folder: an id, no path
	Format string // "wav", "mp3", "opus"
	Rate   int    // 8000 or 16000
	Stereo bool   // of the mix: those who are Left on the left, all others on the right
	Tracks bool   // a file for each participant besides
}

// Track says whose a leg's sound is.
type Track struct {
	ParticipantID string
	Left          bool // presenters, in a stereo mix
}

// File is a finished file.
type File struct {
	Name          string
	ParticipantID string // "" of the mix
	ContentType   string
	Bytes         int64
	SHA256        []byte
	Duration      time.Duration
}

// Result is how a recording ended.
type Result struct {
	Files    []File
	Duration time.Duration
	Err      error // it ended by this: the disk is full, say; what was written before is in Files
}

// Studio makes recordings under one directory.
type Studio struct{ dir string }

// Open prepares a directory.
func Open(dir string) (*Studio, error) { return &Studio{dir: dir}, nil }

// Formats lists what can be recorded on this machine.
func (s *Studio) Formats() []string { return []string{"wav"} }

// Begin starts a recording: its files exist when it returns. done is called
// once, from another goroutine, when it has ended and its files are finished:
// after Stop, or by itself after a failure.
func (s *Studio) Begin(spec Spec, done func(Result)) (*Take, error) { return nil, ErrNotRecordable }

// Salvage finishes what an earlier run of the program left of a recording.
func (s *Studio) Salvage(id string) (Result, error) { return Result{}, ErrNotRecordable }

// File opens a finished file to be read.
func (s *Studio) File(id, name string) (io.ReadSeekCloser, error) { return nil, ErrNotRecordable }

// Remove deletes a recording's files. Removing what is not there is no error.
func (s *Studio) Remove(id string) error { return nil }

// Close ends all recordings that run and waits for them.
func (s *Studio) Close() error { return nil }

// Take is one recording while it runs. None of its methods waits for the disk.
type Take struct{ tap *media.Tap }

// Tap is to be given to Room.Record.
func (t *Take) Tap() *media.Tap { return t.tap }

// Belongs says whose a leg is, from now on; a leg nobody has named has no track.
func (t *Take) Belongs(leg media.LegID, to Track) {}

// Pause leaves out what is heard from now on, or no longer. A pause is cut
// out of all files alike, so that they stay aligned.
func (t *Take) Pause(on bool) {}

// Stop ends the recording.
func (t *Take) Stop() {}
