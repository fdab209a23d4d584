package bridge

import (
	"context"
	"io"

	"partyline/state"
)

// StartRecording begins to record. Conflict "recording" when one runs.
func (b *Bridge) StartRecording(ctx context.Context, who Caller, cid string, s RecordingSpec) (r state.Recording, err error) {
	return r, errNoRecording()
}

// StopRecording ends the recording that runs. Conflict "not_recording".
func (b *Bridge) StopRecording(ctx context.Context, who Caller, cid string) (r state.Recording, err error) {
	return r, errNoRecording()
}

// PauseRecording pauses the recording that runs, or goes on with it.
func (b *Bridge) PauseRecording(ctx context.Context, who Caller, cid string, on bool) (r state.Recording, err error) {
	return r, errNoRecording()
}

// Recordings lists a conference's recordings, oldest first.
func (b *Bridge) Recordings(ctx context.Context, who Caller, cid string) (list []state.Recording, err error) {
	return nil, errNoRecording()
}

// Recording reads one.
func (b *Bridge) Recording(ctx context.Context, who Caller, cid, rid string) (r state.Recording, err error) {
	return r, errNoRecording()
}

// RecordingFile opens the mix of a finished recording, or a participant's track.
func (b *Bridge) RecordingFile(ctx context.Context, who Caller, cid, rid, pid string) (io.ReadSeekCloser, state.RecordingFile, error) {
	return nil, state.RecordingFile{}, errNoRecording()
}

// RemoveRecording deletes a finished recording. Conflict "wrong_state" while it runs.
func (b *Bridge) RemoveRecording(ctx context.Context, who Caller, cid, rid string) error {
	return errNoRecording()
}

func errNoRecording() *Error {
	return refuse(NotFound, "not_found", "", "there is no such recording")
}
