package bridge

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"

	"partyline/state"
)

// StartRecording begins to record. Conflict "already_recording" when one runs,
// "nobody_connected" where there is nothing to record yet.
func (b *Bridge) StartRecording(ctx context.Context, who Caller, cid string, s RecordingSpec) (r state.Recording, err error) {
	err = b.change(ctx, who, cid, func(o *owner, q *request) error {
		rec, refused := o.recordingOf(s)
		if refused != nil {
			return refused
		}
		rec.rec.StartedBy = byAPI
		o.beginRecording(q, rec)
		r = rec.rec
		return nil
	})
	return r, err
}

// StopRecording ends the recording that runs. Conflict "not_recording".
func (b *Bridge) StopRecording(ctx context.Context, who Caller, cid string) (r state.Recording, err error) {
	err = b.with(ctx, who, cid, func(o *owner, q *request) error {
		rec := o.running()
		if rec == nil {
			return errNotRecording()
		}
		q.last = true
		// Whoever stops it does not want the next joiner to start it again. Those
		// who meet when everyone has left are recorded anew.
		o.conf.RecordStopped, o.batch.conf = true, true
		o.stopRecording(rec, true)
		r = rec.rec
		return nil
	})
	return r, err
}

// PauseRecording pauses the recording that runs, or goes on with it.
func (b *Bridge) PauseRecording(ctx context.Context, who Caller, cid string, on bool) (r state.Recording, err error) {
	err = b.change(ctx, who, cid, func(o *owner, q *request) error {
		rec := o.running()
		if rec == nil {
			return errNotRecording()
		}
		q.last = true // a crash must not record what was to be left out
		o.pauseRecording(rec, on)
		r = rec.rec
		return nil
	})
	return r, err
}

// Recordings lists a conference's recordings, oldest first.
func (b *Bridge) Recordings(ctx context.Context, who Caller, cid string) (list []state.Recording, err error) {
	err = b.with(ctx, who, cid, func(o *owner, _ *request) error {
		list = make([]state.Recording, 0, len(o.recs))
		for _, r := range o.recs {
			list = append(list, r.rec)
		}
		return nil
	})
	return list, err
}

// Recording reads one.
func (b *Bridge) Recording(ctx context.Context, who Caller, cid, rid string) (r state.Recording, err error) {
	err = b.with(ctx, who, cid, func(o *owner, _ *request) error {
		rec := o.recordingBy(rid)
		if rec == nil {
			return errNoRecording()
		}
		r = rec.rec
		return nil
	})
	return r, err
}

// RecordingFile opens the mix of a finished recording (pid ""), or a
// participant's track. Conflict "wrong_state" while it is not finished.
func (b *Bridge) RecordingFile(ctx context.Context, who Caller, cid, rid, pid string) (io.ReadSeekCloser, state.RecordingFile, error) {
	r, err := b.Recording(ctx, who, cid, rid)
	if err != nil {
		return nil, state.RecordingFile{}, err
	}
	if r.Status != state.RecordingReady && r.Status != state.RecordingFailed {
		return nil, state.RecordingFile{}, refuse(Conflict, "wrong_state", "", "the recording is not finished: it is %s", r.Status)
	}
	i := slices.IndexFunc(r.Files, func(f state.RecordingFile) bool { return f.ParticipantID == pid })
	if i < 0 || b.cfg.Recorder == nil {
		return nil, state.RecordingFile{}, errNoRecording()
	}
	f, err := b.cfg.Recorder.File(rid, r.Files[i].Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, state.RecordingFile{}, errNoRecording()
	}
	return f, r.Files[i], err
}

// RemoveRecording deletes a finished recording. Conflict "wrong_state" while it runs.
func (b *Bridge) RemoveRecording(ctx context.Context, who Caller, cid, rid string) error {
	return b.with(ctx, who, cid, func(o *owner, q *request) error {
		r := o.recordingBy(rid)
		if r == nil {
			return errNoRecording()
		}
		if !r.over() {
			return refuse(Conflict, "wrong_state", "", "the recording is not finished: it is %s", r.rec.Status)
		}
		q.last = true
		return o.removeRecording(r)
	})
}

func errNoRecording() *Error {
	return refuse(NotFound, "not_found", "", "there is no such recording")
}

func errNotRecording() *Error {
	return refuse(Conflict, "not_recording", "", "no recording is running")
}
