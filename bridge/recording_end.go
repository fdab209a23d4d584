package bridge

import (
	"errors"
	"fmt"
	"slices"

	"partyline/media/prompt"
	"partyline/media/record"
	"partyline/state"
)

// recorded takes in that a recording has ended, by a stop or by itself.
func (o *owner) recorded(id string, res record.Result) {
	r := o.recordingBy(id)
	if r == nil || r.over() || errors.Is(res.Err, record.ErrInterrupted) {
		return // of an interrupted one the next start of the program makes the files
	}
	ranOn := r.rec.Status == state.RecordingRunning || r.rec.Status == state.RecordingPaused
	r.take = nil
	r.keep(res)
	switch {
	case res.Err != nil:
		o.log.Error("a recording failed; the call goes on", "recording", id, "error", res.Err)
		o.recordingFailed(r, plainTrouble(res.Err))
		if ranOn {
			o.noAuto = true
			o.tellAll(words(prompt.RecordingStopped)...)
		}
	default:
		r.rec.Status = state.RecordingReady
		if r.rec.StoppedAt == nil {
			at := now()
			r.rec.StoppedAt = &at
		}
		o.noteRecording(r)
		o.toldRecording("ready", r)
	}
}

// keep takes over what was written.
func (r *recording) keep(res record.Result) {
	r.rec.DurationMS, r.rec.Files = res.Duration.Milliseconds(), nil
	for _, f := range res.Files {
		r.rec.Files = append(r.rec.Files, state.RecordingFile{
			Name: f.Name, ParticipantID: f.ParticipantID, ContentType: f.ContentType,
			Bytes: f.Bytes, SHA256: f.SHA256, DurationMS: f.Duration.Milliseconds(),
		})
	}
}

// recordingFailed is the end of a recording that went wrong. It is not begun
// again by itself: a disk that is full would be tried for ever.
func (o *owner) recordingFailed(r *recording, why string) {
	if r.over() {
		return
	}
	at := now()
	r.rec.Status, r.rec.Error = state.RecordingFailed, why
	if r.rec.StoppedAt == nil {
		r.rec.StoppedAt = &at
	}
	r.take = nil
	o.noteRecording(r)
	o.toldRecording("failed", r)
}

// plainTrouble is an error for those who read the API; the log has the rest.
func plainTrouble(err error) string {
	switch {
	case errors.Is(err, record.ErrFull):
		return "the disk is full"
	case errors.Is(err, record.ErrNotRecordable):
		return "it cannot be recorded like this here"
	}
	return "it could not be written; the server's log says why"
}

// removeRecording deletes files and record: the files first, so that after a
// crash in between there is a record by which it can be done again.
func (o *owner) removeRecording(r *recording) error {
	if o.b.cfg.Recorder != nil {
		if err := o.b.cfg.Recorder.Remove(r.rec.ID); err != nil {
			o.log.Error("a recording's files could not be deleted", "recording", r.rec.ID, "error", err)
			return fmt.Errorf("deleting recording %s: %w", r.rec.ID, err)
		}
	}
	o.recs = slices.DeleteFunc(o.recs, func(x *recording) bool { return x == r })
	o.batch.recs = slices.DeleteFunc(o.batch.recs, func(x *recording) bool { return x == r })
	o.batch.extra = append(o.batch.extra, extraOp{r.rec.ID, state.RemoveOp(state.RecordingKey(o.id, r.rec.ID))})
	o.toldRecording("deleted", r)
	return nil
}
