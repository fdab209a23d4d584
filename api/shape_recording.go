package api

import (
	"encoding/hex"
	"time"

	"partyline/state"
)

// recordingJSON is a recording as callers see it.
type recordingJSON struct {
	ID           string              `json:"id"`
	ConferenceID string              `json:"conference_id"`
	Name         string              `json:"name"`
	Status       string              `json:"status"`
	Format       string              `json:"format"`
	Quality      string              `json:"quality"`
	Stereo       bool                `json:"stereo"`
	Tracks       bool                `json:"tracks"`
	StartedBy    *string             `json:"started_by"` // api, auto, or a participant's id
	StartedAt    time.Time           `json:"started_at"`
	StoppedAt    *time.Time          `json:"stopped_at"`
	Duration     float64             `json:"duration"` // seconds, to the millisecond, without pauses
	Interrupted  bool                `json:"interrupted"`
	Continues    *string             `json:"continues"`
	Error        *string             `json:"error"`
	Files        []recordingFileJSON `json:"files"`
}

type recordingFileJSON struct {
	ParticipantID *string `json:"participant_id"` // null: the mix
	ContentType   string  `json:"content_type"`
	Bytes         int64   `json:"bytes"`
	SHA256        string  `json:"sha256"` // hexadecimal
	Duration      float64 `json:"duration"`
	URL           string  `json:"url"` // its path here
}

func showRecording(r state.Recording) recordingJSON {
	out := recordingJSON{ID: r.ID, ConferenceID: r.ConferenceID, Name: r.Name, Status: string(r.Status), Format: r.Format,
		Quality: r.Quality, Stereo: r.Stereo, Tracks: r.Tracks, StartedBy: orNull(r.StartedBy), StartedAt: r.StartedAt.UTC(),
		StoppedAt: utc(r.StoppedAt), Duration: milliseconds(r.DurationMS), Interrupted: r.Interrupted,
		Continues: orNull(r.Continues), Error: orNull(r.Error), Files: make([]recordingFileJSON, 0, len(r.Files))}
	for _, f := range r.Files {
		url := pathConferences + "/" + r.ConferenceID + "/recordings/" + r.ID + "/audio"
		if f.ParticipantID != "" {
			url += "?track=" + f.ParticipantID
		}
		out.Files = append(out.Files, recordingFileJSON{ParticipantID: orNull(f.ParticipantID), ContentType: f.ContentType,
			Bytes: f.Bytes, SHA256: hex.EncodeToString(f.SHA256), Duration: milliseconds(f.DurationMS), URL: url})
	}
	return out
}

// milliseconds in seconds.
func milliseconds(ms int64) float64 { return (time.Duration(ms) * time.Millisecond).Seconds() }
