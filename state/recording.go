package state

import "time"

// RecordingStatus is where a recording stands.
type RecordingStatus string

const (
	RecordingRunning  RecordingStatus = "recording"
	RecordingPaused   RecordingStatus = "paused"
	RecordingFinished RecordingStatus = "processing" // stopped; its files are being finished
	RecordingReady    RecordingStatus = "ready"
	RecordingFailed   RecordingStatus = "failed"
)

// Recording is the sound of a conference from a start to a stop.
type Recording struct {
	ID           string          `json:"id"` // "rec_" + ULID, lower case
	ConferenceID string          `json:"conference_id"`
	TenantID     string          `json:"tenant_id"`
	Name         string          `json:"name,omitempty"`
	Format       string          `json:"format"`           // "wav", "mp3", "opus"
	Quality      string          `json:"quality"`          // "high": 16 kHz, "standard": 8 kHz
	Stereo       bool            `json:"stereo,omitempty"` // presenters left, all others right
	Tracks       bool            `json:"tracks,omitempty"` // and a file for each participant
	Status       RecordingStatus `json:"status"`
	Interrupted  bool            `json:"interrupted,omitempty"` // the program ended in the middle
	Continues    string          `json:"continues,omitempty"`   // the recording that was interrupted
	StartedBy    string          `json:"started_by,omitempty"`  // "api", "auto", or a participant id
	StartedAt    time.Time       `json:"started_at"`
	StoppedAt    *time.Time      `json:"stopped_at,omitempty"`
	DurationMS   int64           `json:"duration_ms,omitempty"`
	Files        []RecordingFile `json:"files,omitempty"`
	Error        string          `json:"error,omitempty"`
}

// RecordingFile is one file of a recording: the mix, or one participant's
// track. A track is as long as the mix: silence stands for absence.
type RecordingFile struct {
	Name          string `json:"name"`                     // within the recording's folder
	ParticipantID string `json:"participant_id,omitempty"` // "" of the mix
	ContentType   string `json:"content_type"`
	Bytes         int64  `json:"bytes"`
	SHA256        []byte `json:"sha256"`
	DurationMS    int64  `json:"duration_ms"`
}
