package state

import (
	"encoding/json"
	"time"
)

// DefaultTenant owns what the admin key of the configuration creates.
const DefaultTenant = "default"

// Tenant is one customer of this installation.
type Tenant struct {
	ID        string    `json:"id"`
	Name      string    `json:"name,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

// Key is an API key. The secret half is only ever kept as its SHA-256.
type Key struct {
	ID        string     `json:"id"` // the public half, part of the key's text
	TenantID  string     `json:"tenant_id"`
	Name      string     `json:"name,omitempty"`
	Scopes    []string   `json:"scopes,omitempty"` // "read", "write"; empty: both
	Hash      []byte     `json:"hash"`             // SHA-256 of the whole key
	CreatedAt time.Time  `json:"created_at"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}

// Event is one frame of a conference's history: told once, numbered without
// gaps, in the order in which things happened.
type Event struct {
	Seq           uint64          `json:"seq"` // from 1 within its conference
	ID            string          `json:"id"`  // "evt_" + ULID, lower case
	Type          string          `json:"type"`
	Time          time.Time       `json:"time"`
	ConferenceID  string          `json:"conference_id"`
	ParticipantID string          `json:"participant_id,omitempty"`
	Data          json.RawMessage `json:"data"` // an object, {} when there is nothing to say
}

// MessageStatus is where a text is on its way.
type MessageStatus string

const (
	MessageQueued    MessageStatus = "queued"    // durable, not tried yet or waiting for the next try
	MessageSending   MessageStatus = "sending"   // handed to the provider, answer not yet known
	MessageSent      MessageStatus = "sent"      // the provider has it (ProviderID)
	MessageDelivered MessageStatus = "delivered" // the provider says the phone has it
	MessageFailed    MessageStatus = "failed"    // given up; Error says why
)

// Message is one text on its way to one phone. Body holds a PIN and is erased
// as soon as the text is delivered or given up.
type Message struct {
	ID            string        `json:"id"` // "msg_" + ULID, lower case
	TenantID      string        `json:"tenant_id"`
	ConferenceID  string        `json:"conference_id"`
	ParticipantID string        `json:"participant_id"`
	To            string        `json:"to"` // E.164
	Body          string        `json:"body,omitempty"`
	Status        MessageStatus `json:"status"`
	ProviderID    string        `json:"provider_id,omitempty"`
	Tries         int           `json:"tries"`
	Error         string        `json:"error,omitempty"`
	CreatedAt     time.Time     `json:"created_at"`
	NextTryAt     *time.Time    `json:"next_try_at,omitempty"`
	TriedAt       *time.Time    `json:"tried_at,omitempty"`
	ExpiresAt     time.Time     `json:"expires_at"` // after this it is worthless: never sent later
}

// Reply is an HTTP answer kept for an Idempotency-Key.
type Reply struct {
	BodyHash  []byte            `json:"body_hash"` // SHA-256 of method, path and request body
	Done      bool              `json:"done"`      // false: the first request is still running, or died running
	Status    int               `json:"status,omitempty"`
	Header    map[string]string `json:"header,omitempty"`
	Body      []byte            `json:"body,omitempty"`
	CreatedAt time.Time         `json:"created_at"`
	Process   string            `json:"process,omitempty"` // which run of the program claimed it
}
