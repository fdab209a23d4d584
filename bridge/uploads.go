package bridge

import (
	"context"
	"io"

	"partyline/state"
)

// AddSound takes in a sound: WAV, Ogg or MP3.
func (b *Bridge) AddSound(ctx context.Context, who Caller, name string, r io.Reader) (s state.Sound, err error) {
	return s, errNoSound()
}

// Sounds lists a tenant's sounds in order of their upload, after a cursor.
func (b *Bridge) Sounds(ctx context.Context, who Caller, after string, limit int) (list []state.Sound, next string, err error) {
	return nil, "", nil
}

// Sound reads one.
func (b *Bridge) Sound(ctx context.Context, who Caller, id string) (s state.Sound, err error) {
	return s, errNoSound()
}

// SoundFile opens a sound as a WAV file.
func (b *Bridge) SoundFile(ctx context.Context, who Caller, id string) (io.ReadSeekCloser, error) {
	return nil, errNoSound()
}

// RemoveSound deletes a sound. What it was playing in falls back to the default.
func (b *Bridge) RemoveSound(ctx context.Context, who Caller, id string) error { return errNoSound() }

func errNoSound() *Error { return refuse(NotFound, "not_found", "", "there is no such sound") }
