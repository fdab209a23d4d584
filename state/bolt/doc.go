// Package bolt keeps a state.Store in one file on one machine, on
// go.etcd.io/bbolt.
//
// # What is promised
//
// Apply returns nil only after fsync; concurrent Applies share one commit, and
// each stands or falls alone. Values are sealed with AES-256-GCM, the record's
// key and revision being authenticated with them; the names of records stay
// readable, and contain ids only. A file is verified from end to end before it
// is used: what is damaged, truncated, foreign or sealed with another key is
// refused with a sentence, never with a crash. A full or read-only disk fails
// the write and nothing else, and heals by itself.
//
// # Files
//
//	partyline.db      the store; held under a file lock while it is open
//	partyline.db.key  the key, 64 hex digits; a store without it is lost
//
// Keep the key and the backups of the store in different places.
//
// # Layout
//
// Two bbolt buckets. "meta" has the schema version, the salt of this file, a
// sealed test word, the last revision used and a sum over all records, which
// tells when some are missing; "records" has every record:
//
//	revision (8 bytes) | nonce (12) | sealed value | tag (16)
package bolt
