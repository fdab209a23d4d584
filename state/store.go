package state

import (
	"context"
	"errors"
	"io"
)

// Errors of a Store. Implementations wrap them; callers use errors.Is.
var (
	// ErrNotFound: no record under this key.
	ErrNotFound = errors.New("state: not found")
	// ErrConflict: an Op's revision is not the record's; nothing of the batch was written.
	ErrConflict = errors.New("state: revision conflict")
	// ErrUnavailable: the write did not happen (disk full, read-only, closed); try again later.
	ErrUnavailable = errors.New("state: store unavailable")
	// ErrCorrupt: the file is damaged, or was sealed with another key.
	ErrCorrupt = errors.New("state: store corrupt")
)

// Entry is a stored value. Rev grows with every write to the store and is
// never used twice; 0 means "no record".
type Entry struct {
	Key   string
	Value []byte
	Rev   uint64
}

// Op is one write of a batch.
type Op struct {
	Key   string
	Value []byte // nil deletes
	Rev   uint64 // the revision this write expects, unless Any
	Any   bool   // write whatever is there
}

// Store is an ordered, durable map. All methods are safe for concurrent use.
// When Apply returns nil the batch has reached the disk (fsync), all of it;
// when it returns an error none of it has. Concurrent batches may share one
// fsync, but each stands or falls alone.
type Store interface {
	// Get reads one record; ErrNotFound.
	Get(ctx context.Context, key string) (Entry, error)
	// List reads up to limit records (0: all) whose keys start with prefix and
	// are greater than after ("" from the start), in key order.
	List(ctx context.Context, prefix, after string, limit int) ([]Entry, error)
	// Apply writes a batch; it returns the new revisions in order of ops
	// (0 for a deletion); ErrConflict, ErrUnavailable.
	Apply(ctx context.Context, ops ...Op) ([]uint64, error)
	// Snapshot writes a consistent copy that a restore can use; the store goes on meanwhile.
	Snapshot(ctx context.Context, w io.Writer) error
	Close() error
}
