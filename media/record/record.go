package record

import (
	"errors"
	"time"
)

var (
	// ErrNotRecordable: the format or the combination of options cannot be had.
	ErrNotRecordable = errors.New("record: cannot be recorded")
	// ErrInterrupted: the program ends before the files are in their format.
	// They are whole as WAV, and Salvage goes on with them.
	ErrInterrupted = errors.New("record: interrupted before the files were converted")
	// ErrFull: the disk has no more than is kept free for everything else.
	ErrFull = errors.New("record: the disk is full")
)

// Spec is what a recording is to be.
type Spec struct {
	ID     string // names the recording's folder: letters, digits, "-" and "_"
	Format string // "wav", "mp3", "opus"
	Rate   int    // 8000 or 16000
	Stereo bool   // of the mix: those who are Left on the left, all others on the right
	Tracks bool   // a file for each participant besides
}

// Track says whose a leg's sound is.
type Track struct {
	ParticipantID string // letters, digits, "-" and "_"; anything else has no track
	Left          bool   // presenters, in a stereo mix
}

// File is a finished file.
type File struct {
	Name          string        `json:"name"`
	ParticipantID string        `json:"participant_id,omitempty"` // "" of the mix
	ContentType   string        `json:"content_type"`
	Bytes         int64         `json:"bytes"`
	SHA256        []byte        `json:"sha256"`
	Duration      time.Duration `json:"duration"`
}

// Result is how a recording ended.
type Result struct {
	Files    []File        `json:"files"`
	Duration time.Duration `json:"duration"`
	Dropped  uint64        `json:"dropped,omitempty"` // pieces of 20 ms that are silence because the disk was too slow
	Err      error         `json:"-"`                 // it ended by this: the disk is full, say; what was written before is in Files
}
