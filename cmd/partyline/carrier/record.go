package carrier

import "time"

// Record is what one call was.
type Record struct {
	CallID     string    `json:"call_id"`
	Number     string    `json:"number"`
	Dialled    string    `json:"dialled,omitempty"` // by a phone that calls
	Script     string    `json:"script"`
	InvitedAt  time.Time `json:"invited_at"`
	RangAt     time.Time `json:"rang_at,omitzero"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	EndedAt    time.Time `json:"ended_at,omitzero"`
	End        string    `json:"end,omitempty"`     // bye, refused (487 after a CANCEL), hung up, vanished, gave up, no audio, power cut
	Refused    int       `json:"refused,omitempty"` // the code; of a call that a phone makes the peer's
	ACKs       int       `json:"acks"`
	BYEs       int       `json:"byes"`    // without retransmissions
	Cancels    int       `json:"cancels"` // 1 when there was one
	Reoffers   int       `json:"reoffers"`
	NoACK      bool      `json:"no_ack,omitempty"` // a final answer was never acknowledged
	Sent       uint64    `json:"sent"`             // RTP packets
	Heard      Heard     `json:"heard"`
}

// Up says whether the phone is off the hook: answered, and nobody hung up.
func (r Record) Up() bool { return !r.AnsweredAt.IsZero() && r.End == "" }
