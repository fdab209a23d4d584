package state

import "time"

// Sound is a piece of audio a customer uploaded: music, or a spoken name. The
// samples are in a file of the same id, already brought to what the mixer
// plays.
type Sound struct {
	ID         string    `json:"id"` // "snd_" + ULID, lower case
	TenantID   string    `json:"tenant_id"`
	Name       string    `json:"name"`
	DurationMS int64     `json:"duration_ms"`
	Bytes      int64     `json:"bytes"`  // of the file
	SHA256     []byte    `json:"sha256"` // of the file
	Source     string    `json:"source"` // what was uploaded: "wav", "ogg", "mp3"
	CreatedAt  time.Time `json:"created_at"`
}

// Guess is what is remembered of wrong PINs: of one caller, or at one
// conference. Only the last day matters.
type Guess struct {
	Wrong []time.Time `json:"wrong"` // oldest first
}
