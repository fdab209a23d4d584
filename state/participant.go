package state

import "time"

// Role is the name of a set of permissions (package bridge knows the sets).
type Role string

const (
	RoleOperator    Role = "operator"
	RolePresenter   Role = "presenter"
	RoleParticipant Role = "participant"
	RoleListener    Role = "listener"
)

// Phase refines a Status for people who watch; it never decides anything.
type Phase string

const (
	PhaseQueued     Phase = "queued"      // pending: waits for a place on a trunk
	PhaseScheduled  Phase = "scheduled"   // pending: the conference's time has not come
	PhaseWaitingSMS Phase = "waiting_sms" // pending: dial_after sms_sent or sms_delivered
	PhaseRetrying   Phase = "retrying"    // pending: waits before the next attempt
	PhaseTrying     Phase = "trying"      // dialing: INVITE sent
	PhaseRinging    Phase = "ringing"     // dialing: 180
	PhaseEarlyMedia Phase = "early_media" // dialing: 183 with SDP
	PhasePrompting  Phase = "prompting"   // dialing: answered, not yet accepted
	PhaseWaiting    Phase = "waiting"     // connected: the presenter is not there yet
	PhaseTalking    Phase = "in_mix"      // connected: in the mix
	PhaseRecovering Phase = "recovering"  // connected or held: being re-INVITEd after a restart
	PhaseNone       Phase = ""
)

// DialAfter says what a participant's first dial waits for.
type DialAfter string

const (
	DialNow          DialAfter = "now"
	DialSMSSent      DialAfter = "sms_sent"
	DialSMSDelivered DialAfter = "sms_delivered"
)

// Participant is one person in one conference, through all attempts to reach
// them. Independent facts stay independent: nothing here is derived from
// another field.
type Participant struct {
	ID           string `json:"id"` // "part_" + ULID, lower case
	ConferenceID string `json:"conference_id"`
	TenantID     string `json:"tenant_id"`
	PhoneNumber  string `json:"phone_number"` // E.164; never logged in full
	Name         string `json:"name,omitempty"`
	ExternalID   string `json:"external_id,omitempty"`
	Role         Role   `json:"role"`
	RequestKey   string `json:"request_key,omitempty"` // Idempotency-Key of the add (hashed), so a retry after a crash finds this record

	Status  Status     `json:"status"`
	Phase   Phase      `json:"phase,omitempty"`
	Reason  Reason     `json:"reason,omitempty"`
	SIP     *SIPResult `json:"sip,omitempty"` // the final answer of the last attempt
	Attempt int        `json:"attempt"`       // 1 is the first INVITE; retries after a trunk's 503 do not count

	Muted      bool   `json:"muted"`                 // muted by self, or by a request
	MutedBy    string `json:"muted_by,omitempty"`    // a moderator's mute: participant id or "api"
	Held       bool   `json:"held"`                  // our hold
	HeldRemote bool   `json:"held_remote"`           // the far end's hold (re-INVITE sendonly/inactive)
	Waiting    bool   `json:"waiting"`               // waits for a presenter
	InPrompt   bool   `json:"in_prompt"`             // answered, not yet accepted
	HandRaised bool   `json:"hand_raised"`           //
	MutedPrior *bool  `json:"muted_prior,omitempty"` // what Muted was before mute-all, for unmute-all

	HandRaisedAt *time.Time `json:"hand_raised_at,omitempty"` // orders the queue
	SpokenMS     int64      `json:"spoken_ms,omitempty"`      // time spent speaking, until the last pause
	Talking      bool       `json:"talking,omitempty"`        // the last event of their talk said that it began

	Inbound     bool           `json:"inbound,omitempty"`             // they called us
	Machine     *MachineResult `json:"machine,omitempty"`             // of the last attempt
	Keys        KeyWay         `json:"keys,omitempty"`                // how the last attempt's phone can send keys
	Language    string         `json:"language,omitempty"`            // of prompts; "" is the conference's
	NameSoundID string         `json:"name_sound_id,omitempty"`       // their name, spoken
	MaxDuration time.Duration  `json:"max_duration,omitempty"`        // connected; 0: no limit of their own
	Waits       *bool          `json:"waits,omitempty"`               // for a presenter; nil: as the conference says
	EndsWith    bool           `json:"ends_with_presenter,omitempty"` // leaves when the last presenter does

	Accept      Accept        `json:"accept"`
	RingTimeout time.Duration `json:"ring_timeout"`
	CallerID    string        `json:"caller_id,omitempty"`
	Retry       Retry         `json:"retry"`
	DialAfter   DialAfter     `json:"dial_after,omitempty"`
	SendPIN     bool          `json:"send_pin_via_sms"`
	PINHash     []byte        `json:"pin_hash,omitempty"` // HMAC-SHA256 over participant id and PIN
	MessageID   string        `json:"message_id,omitempty"`
	SMSTold     MessageStatus `json:"sms_told,omitempty"` // how far the last event said the text is; its own record may be further

	Trunk   string   `json:"trunk,omitempty"`
	Dialog  []byte   `json:"dialog,omitempty"` // what sip needs to find the call again after a restart
	Quality *Quality `json:"quality,omitempty"`

	CreatedAt   time.Time  `json:"created_at"`
	DialedAt    *time.Time `json:"dialed_at,omitempty"` // of the last attempt, as the next four
	RingingAt   *time.Time `json:"ringing_at,omitempty"`
	AnsweredAt  *time.Time `json:"answered_at,omitempty"`
	JoinedAt    *time.Time `json:"joined_at,omitempty"` // accepted and connected
	EndedAt     *time.Time `json:"ended_at,omitempty"`
	NextTryAt   *time.Time `json:"next_try_at,omitempty"`
	ConnectedMS int64      `json:"connected_ms,omitempty"` // whole connected time of ended attempts, milliseconds
}

// KeyWay is how a phone can send keys.
type KeyWay string

const (
	KeysUnknown KeyWay = ""
	KeysEvents  KeyWay = "events" // RFC 4733 was agreed on
	KeysInfo    KeyWay = "info"   // a SIP INFO with a key came
	KeysTones   KeyWay = "tones"  // only as tones in its sound, or not at all
)

// MachineResult says who answered, as far as the rhythm of speech tells.
type MachineResult struct {
	Result string `json:"result"` // "human", "machine", "unknown"
	MS     int64  `json:"ms"`     // how long it took to tell, from the answer
}

// SIPResult is what the far end finally said.
type SIPResult struct {
	Code   int    `json:"code"`
	Phrase string `json:"phrase"`
}

// Retry is how often and when an unanswered phone is tried again.
type Retry struct {
	Attempts int           `json:"attempts,omitempty"` // in all; 0 and 1 mean one attempt
	Delay    time.Duration `json:"delay,omitempty"`    // before the second; doubles after each
}

// Quality sums up a leg's received audio.
type Quality struct {
	Received  uint64  `json:"received"`  // packets
	Lost      uint64  `json:"lost"`      // packets
	JitterMS  float64 `json:"jitter_ms"` // RFC 3550 §6.4.1 estimate
	RTTMS     float64 `json:"rtt_ms"`    // from RTCP, 0 when never measured
	FarLost   uint64  `json:"far_lost"`  // packets of ours the far end reports lost
	Codec     string  `json:"codec"`     // "PCMU", …
	Discarded uint64  `json:"discarded"` // late, duplicate or from a wrong source
	MOS       float64 `json:"mos"`       // how well we heard them by the E-model, 1 to 4.5 (ITU-T G.107); 0 when not known
	Cipher    string  `json:"cipher"`    // SRTP suite; empty: plain RTP
}
