// Package state is what partyline knows and must not forget: the records, the
// six-word state machine of a participant as a pure function, and the Store
// that keeps records safe. It knows no technology; state/bolt is the
// implementation for one machine.
//
// # Keys
//
// A store is an ordered map from keys to records. Every key starts with the
// kind of its record, so that a prefix lists one kind in order:
//
//	tenant/<tenant>                      Tenant
//	key/<key id>                         Key (an API key, hashed)
//	conf/<conference>                    Conference
//	part/<conference>/<participant>      Participant
//	event/<conference>/<seq, 16 digits>  Event
//	msg/<message>                        Message (a text, the SMS outbox)
//	idem/<tenant>/<hash>                 Reply (an answer kept for an Idempotency-Key)
//	guess/<whose>                        Guess (wrong PINs; sealed, a number is in no key)
//
// Ids sort by creation time (ULID), so a listing is in order of creation and
// an id is a cursor. Keys are stored in the clear, values are not: a key never
// holds a phone number, a name or a secret, only ids and hashes.
//
// # Who writes what
//
// The owner of a conference is the only writer of its Conference, Participant
// and Event records. A Message is created by that owner together with its
// participant and belongs to the outbox from then on. An invariant never spans
// two keys unless the owner keeps it.
package state
