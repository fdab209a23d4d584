package bridge

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"partyline/media"
	"partyline/media/prompt"
	"partyline/media/record"
	"partyline/state"
)

// maxRecordings of one conference are kept.
const maxRecordings = 1000

const (
	qualityStandard = "standard"
	qualityHigh     = "high"
	byAuto          = "auto"
)

// recording is a state.Recording in memory.
type recording struct {
	rec   state.Recording
	rev   uint64
	dirty bool
	take  Take                         // while it runs
	named map[media.LegID]record.Track // whom the take knows
	beep  time.Time                    // the last one
}

// over tells whether nothing more will become of it.
func (r *recording) over() bool {
	return r.rec.Status == state.RecordingReady || r.rec.Status == state.RecordingFailed
}

// running is the recording that runs or is paused.
func (o *owner) running() *recording {
	if n := len(o.recs); n > 0 {
		if r := o.recs[n-1]; r.rec.Status == state.RecordingRunning || r.rec.Status == state.RecordingPaused {
			return r
		}
	}
	return nil
}

func (o *owner) recordingBy(id string) *recording {
	for _, r := range o.recs {
		if r.rec.ID == id {
			return r
		}
	}
	return nil
}

// recordingRuns tells whether what is said now is kept, or is about to be.
func (o *owner) recordingRuns() bool {
	if r := o.running(); r != nil {
		return r.rec.Status == state.RecordingRunning
	}
	if b := o.conf.Broken; b != nil {
		return !b.Paused
	}
	return o.records()
}

// records tells whether a recording is to begin by itself.
func (o *owner) records() bool {
	return o.conf.Record && !o.noAuto && !o.conf.RecordStopped && o.b.cfg.Recorder != nil && len(o.recs) < maxRecordings
}

// recordingOf turns a request into a recording, or refuses it.
func (o *owner) recordingOf(s RecordingSpec) (*recording, *Error) {
	if err := o.b.checkRecording(&s); err != nil {
		return nil, err
	}
	switch {
	case o.conf.Status == state.ConferenceEnded || o.conf.Status == state.ConferenceEnding:
		return nil, errEnded()
	case o.running() != nil:
		return nil, refuse(Conflict, "already_recording", "", "a recording is running: stop it first")
	case o.connected() == 0:
		return nil, refuse(Conflict, "nobody_connected", "", "nobody is in the conference yet: there is nothing to record")
	case len(o.recs) >= maxRecordings:
		return nil, refuse(Conflict, "too_many_recordings", "", "the conference has %d recordings and keeps no more", maxRecordings)
	}
	return o.newRecording(s), nil
}

func (o *owner) newRecording(s RecordingSpec) *recording {
	return &recording{rec: state.Recording{
		ID: state.NewID(state.RecordingID), ConferenceID: o.id, TenantID: o.conf.TenantID,
		Name: s.Name, Format: s.Format, Quality: s.Quality, Stereo: s.Stereo, Tracks: s.Tracks,
		Status: state.RecordingRunning, StartedAt: now(),
	}}
}

// checkRecording completes a request and holds it against what can be done.
func (b *Bridge) checkRecording(s *RecordingSpec) *Error {
	if b.cfg.Recorder == nil {
		return refuse(Invalid, "not_supported", "", "nothing can be recorded on this server")
	}
	if s.Format == "" {
		s.Format = "wav"
	}
	if s.Quality == "" {
		s.Quality = qualityStandard
	}
	if err := checkText("name", s.Name, maxName); err != nil {
		return err
	}
	if formats := b.cfg.Recorder.Formats(); !slices.Contains(formats, s.Format) {
		return refuse(Invalid, "unknown_format", "format", "a recording is one of %v here", formats)
	}
	if s.Quality != qualityStandard && s.Quality != qualityHigh {
		return refuse(Invalid, "unknown_quality", "quality", "the quality is standard (8 kHz) or high (16 kHz)")
	}
	return nil
}

// noteRecording marks a recording for writing.
func (o *owner) noteRecording(r *recording) {
	if !r.dirty {
		r.dirty = true
		o.batch.recs = append(o.batch.recs, r)
	}
}

// beginRecording writes the record and then begins: nothing is recorded that
// nobody knows of.
func (o *owner) beginRecording(q *request, r *recording) {
	noAuto, stopped, broken := o.noAuto, o.conf.RecordStopped, o.conf.Broken
	o.batch.takeback = append(o.batch.takeback, takeback{
		pid: r.rec.ID, request: q, events: len(o.batch.events), extra: len(o.batch.extra), effects: len(o.batch.effects),
		undo: func() {
			o.recs = slices.DeleteFunc(o.recs, func(x *recording) bool { return x == r })
			o.batch.recs = slices.DeleteFunc(o.batch.recs, func(x *recording) bool { return x == r })
			o.noAuto, o.conf.RecordStopped, o.conf.Broken = noAuto, stopped, broken
		},
	})
	o.noAuto = false
	if stopped || broken != nil {
		o.conf.RecordStopped, o.conf.Broken, o.batch.conf = false, nil, true
	}
	o.recs = append(o.recs, r)
	o.noteRecording(r)
	o.batch.effects = append(o.batch.effects, effect{r.rec.ID, func() { o.rollTape(q, r) }})
}

// rollTape is the effect of beginRecording.
func (o *owner) rollTape(q *request, r *recording) {
	if o.running() != r { // stopped before it began
		return
	}
	hz := 8000
	if r.rec.Quality == qualityHigh {
		hz = 16000
	}
	id := r.rec.ID
	take, err := o.b.cfg.Recorder.Begin(record.Spec{
		ID: id, Format: r.rec.Format, Rate: hz, Stereo: r.rec.Stereo, Tracks: r.rec.Tracks,
	}, func(res record.Result) { o.post(func() { o.recorded(id, res) }) })
	if err != nil {
		o.log.Error("a recording could not begin; the call goes on", "recording", id, "error", err)
		if q != nil {
			q.err = refuse(Unavailable, "recording_failed", "", "the recording could not begin; the log says why")
		}
		o.again = append(o.again, func() {
			o.recordingFailed(r, plainTrouble(err))
			o.noAuto = true
			if q == nil { // people were told that they are recorded
				o.tellAll(words(prompt.RecordingStopped)...)
			}
		})
		return
	}
	r.take, r.named = take, map[media.LegID]record.Track{}
	o.nameLegs()
	if r.rec.Status == state.RecordingPaused {
		take.Pause(true)
	}
	o.syncTape()
	if o.room != nil {
		o.room.Play(o.b.sounds.beep)
		if r.rec.StartedBy != byAuto && r.rec.Continues == "" { // else each joiner was told
			o.room.Say(o.sentence(nil, words(prompt.RecordingStarted)...))
		}
	}
	r.beep = time.Now()
	o.again = append(o.again, func() { o.toldRecording("started", r) })
}

// nameLegs tells the take whose each leg is, where that makes a difference.
func (o *owner) nameLegs() {
	r := o.running()
	if r == nil || r.take == nil || !r.rec.Stereo && !r.rec.Tracks {
		return
	}
	for _, m := range o.roll {
		if !m.live() || m.leg == nil {
			continue
		}
		id, t := m.leg.ID(), record.Track{ParticipantID: m.rec.ID, Left: presides(m.rec.Role)}
		if r.named[id] != t {
			r.named[id] = t
			r.take.Belongs(id, t)
		}
	}
}

// settleRecording begins a recording that begins by itself, and ends one that
// nobody is left for. It runs after every message.
func (o *owner) settleRecording() {
	r := o.running()
	switch {
	case r != nil:
		if o.connected() == 0 {
			o.stopRecording(r, false)
		}
	case o.connected() == 0:
		if o.conf.Broken != nil { // nobody is left for whom it would go on
			o.conf.Broken, o.batch.conf = nil, true
		}
	case o.stopping || o.backoff > 0 || o.conf.Status != state.ConferenceActive || !o.reached():
	case o.conf.Broken != nil:
		o.goOn(*o.conf.Broken)
	case o.records():
		if next := o.unasked(autoSpec(&o.conf.Conference)); next != nil {
			next.rec.StartedBy = byAuto
			o.beginRecording(nil, next)
		}
	}
}

// unasked is a recording that nobody asks for now, nil when it cannot be.
func (o *owner) unasked(spec RecordingSpec) *recording {
	if err := o.b.checkRecording(&spec); err != nil {
		o.log.Error("the conference is to be recorded and cannot be", "error", err.Detail)
		o.noAuto = true
		return nil
	}
	return o.newRecording(spec)
}

// autoSpec is how a conference is recorded that is recorded always.
func autoSpec(c *state.Conference) RecordingSpec {
	return RecordingSpec{Name: c.Name, Format: c.RecordFormat, Quality: c.RecordQuality, Stereo: c.RecordStereo, Tracks: c.RecordTracks}
}

// stopRecording ends a recording; its files are then finished.
func (o *owner) stopRecording(r *recording, aloud bool) {
	at := now()
	r.rec.Status, r.rec.StoppedAt = state.RecordingFinished, &at
	o.noteRecording(r)
	o.toldRecording("stopped", r)
	if aloud {
		o.tellAll(words(prompt.RecordingStopped)...)
	}
	o.batch.effects = append(o.batch.effects, effect{r.rec.ID, func() {
		if r.take == nil { // it never began
			o.again = append(o.again, func() { o.recordingFailed(r, "it was stopped before it began") })
			return
		}
		r.take.Stop()
	}})
}

// pauseRecording leaves out what is said from now on, or no longer.
func (o *owner) pauseRecording(r *recording, on bool) {
	status, kind, say := state.RecordingRunning, "resumed", prompt.RecordingResumed
	if on {
		status, kind, say = state.RecordingPaused, "paused", prompt.RecordingPaused
	}
	if r.rec.Status == status {
		return
	}
	r.rec.Status = status
	o.noteRecording(r)
	o.toldRecording(kind, r)
	o.tellAll(words(say)...)
	o.batch.effects = append(o.batch.effects, effect{r.rec.ID, func() {
		if r.take != nil {
			r.take.Pause(on)
		}
	}})
}

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

// beepDue is when the recording that runs is to be heard of next.
func (o *owner) beepDue() time.Time {
	every := o.conf.RecordBeep
	if r := o.running(); every > 0 && r != nil && r.take != nil && r.rec.Status == state.RecordingRunning {
		return r.beep.Add(max(every, time.Second))
	}
	return time.Time{}
}

func (o *owner) beepOfRecording(now time.Time) {
	if at := o.beepDue(); !at.IsZero() && !now.Before(at) {
		o.running().beep = now
		o.then(nil, func() { o.play(o.b.sounds.beep) })
	}
}

// recordingData is what every event of a recording tells.
type recordingData struct {
	ID         string                `json:"recording_id"`
	Name       string                `json:"name,omitempty"`
	Status     state.RecordingStatus `json:"status"`
	Format     string                `json:"format"`
	Quality    string                `json:"quality"`
	StartedBy  string                `json:"started_by,omitempty"`
	Continues  string                `json:"continues,omitempty"`
	DurationMS int64                 `json:"duration_ms,omitempty"`
	Error      string                `json:"error,omitempty"`
}

func (o *owner) toldRecording(kind string, r *recording) {
	defer func() { o.batch.events[len(o.batch.events)-1].about = r.rec.ID }()
	o.emit("recording."+kind, "", recordingData{
		r.rec.ID, r.rec.Name, r.rec.Status, r.rec.Format, r.rec.Quality, r.rec.StartedBy, r.rec.Continues, r.rec.DurationMS, r.rec.Error,
	})
}
