package bridge

import (
	"time"

	"partyline/state"
)

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
