package bridge

import (
	"slices"
	"time"

	"partyline/media"
	"partyline/media/prompt"
	"partyline/media/record"
	"partyline/state"
)

// maxRecordings of one conference are kept.
const maxRecordings = 1000

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
			o.noAuto, o.conf.RecordStopped, o.conf.Broken = noAuto, stopped || o.conf.RecordStopped, broken
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
		o.play(o.b.sounds.beep)
		if r.rec.StartedBy != byAuto && r.rec.Continues == "" { // else each joiner was told
			o.sayInRoom(o.sentence(nil, words(prompt.RecordingStarted)...))
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
		if o.conf.Broken != nil || o.conf.RecordStopped { // that was for those who were there
			o.conf.Broken, o.conf.RecordStopped, o.batch.conf = nil, false, true
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
