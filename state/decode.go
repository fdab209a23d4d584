package state

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ErrUnknownKind: the key begins with a word this package does not know.
var ErrUnknownKind = errors.New("state: unknown kind of record")

// Decode reads the value stored under key as what the key says it is, and
// holds the two against each other: *Tenant, *Key, *Conference, *Participant,
// *Event, *Message, *Reply, *Sound, *Recording or *Guess. It is how a store is checked.
func Decode(key string, value []byte) (any, error) {
	p, err := ParseKey(key)
	if err != nil {
		return nil, err
	}
	var record any
	switch p.Kind {
	case KindTenant:
		record = new(Tenant)
	case KindAPIKey:
		record = new(Key)
	case KindConference:
		record = new(Conference)
	case KindParticipant:
		record = new(Participant)
	case KindEvent:
		record = new(Event)
	case KindMessage:
		record = new(Message)
	case KindReply:
		record = new(Reply)
	case KindSound:
		record = new(Sound)
	case KindRecording:
		record = new(Recording)
	case KindGuess:
		record = new(Guess)
	}
	if err := json.Unmarshal(value, record); err != nil {
		return nil, fmt.Errorf("state: record %s does not decode: %w", key, err)
	}
	if err := agrees(p, record); err != nil {
		return nil, fmt.Errorf("state: record %s: %w", key, err)
	}
	return record, nil
}

// agrees checks what a record says of itself against its key.
func agrees(p KeyParts, record any) error {
	same := func(what, stored, key string) error {
		if stored != key {
			return fmt.Errorf("its %s is %.80q", what, stored)
		}
		return nil
	}
	switch r := record.(type) {
	case *Tenant:
		return same("id", r.ID, p.ID)
	case *Key:
		return same("id", r.ID, p.ID)
	case *Conference:
		return same("id", r.ID, p.ID)
	case *Participant:
		if !r.Status.Valid() {
			return fmt.Errorf("its status is %.80q", r.Status)
		}
		return errors.Join(same("id", r.ID, p.ID), same("conference", r.ConferenceID, p.Owner))
	case *Event:
		if r.Seq != p.Seq {
			return fmt.Errorf("its sequence number is %d", r.Seq)
		}
		return same("conference", r.ConferenceID, p.Owner)
	case *Message:
		return same("id", r.ID, p.ID)
	case *Sound:
		return errors.Join(same("id", r.ID, p.ID), same("tenant", r.TenantID, p.Owner))
	case *Recording:
		return errors.Join(same("id", r.ID, p.ID), same("conference", r.ConferenceID, p.Owner))
	}
	return nil
}
