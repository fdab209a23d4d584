package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"go.etcd.io/bbolt"

	"partyline/state"
)

// Options of Open; the zero value works.
type Options struct {
	// Key seals the values, KeySize bytes. Empty: the key file beside the
	// store (KeyFor).
	Key []byte
	// Timeout is how long to wait for another process to let go of the file;
	// 2 s by default.
	Timeout time.Duration
	// ReadOnly opens an existing store, never to change it: Apply is
	// ErrUnavailable. Several processes can read at a time.
	ReadOnly bool
	// Log gets what an operator should know; nothing is logged by default.
	Log *slog.Logger
}

// initialMap is the address space taken at first. bbolt can move a larger file
// only when nobody reads, so a slow Snapshot would stop all writing whenever
// the file outgrew its map.
const initialMap = 1 << 30

// growth is how much a file grows at a time, in bytes.
const growth = 1 << 20

var errLocked = errors.New("another process has it open")

// Open opens the store at path, making it if there is none, and verifies all
// of it first. A file that cannot be used is state.ErrCorrupt; a file that
// cannot be reached or is held by another process is state.ErrUnavailable.
func Open(path string, o Options) (*Store, error) { return open(path, o, migrations()) }

func open(path string, o Options, todo []migration) (*Store, error) {
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if len(o.Key) == 0 {
		key, err := KeyFor(path, "")
		if err != nil {
			return nil, fmt.Errorf("%w: %w", state.ErrUnavailable, err)
		}
		o.Key = key
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !o.ReadOnly {
		if err := create(path, o.Key, schemaOf(todo)); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("%w: making the store %s: %w", state.ErrUnavailable, path, err)
		}
		o.Log.Info("made a new store", "path", path)
	}
	f, err := openLocked(path, !o.ReadOnly, o.Timeout)
	if err != nil {
		return nil, err
	}
	l, err := inspect(f, path, o, schemaOf(todo))
	if err != nil {
		f.Close()
		return nil, err
	}
	s := &Store{path: path, log: o.Log, commit: (*bbolt.Tx).Commit, queue: make(chan *request, queueSize), done: make(chan struct{})}
	err = guarded(func() error {
		s.db, err = bbolt.Open(path, 0o600, &bbolt.Options{
			ReadOnly:        o.ReadOnly,
			InitialMmapSize: initialMap,
			FreelistType:    bbolt.FreelistMapType,
			OpenFile:        func(string, int, os.FileMode) (*os.File, error) { return f, nil },
		})
		if err == nil {
			s.db.AllocSize = growth
			l, err = migrate(s.db, l, todo)
		}
		return err
	})
	if err != nil {
		if s.db != nil {
			err = errors.Join(err, s.db.Close())
		}
		f.Close() // closed already, unless bbolt panicked
		return nil, fmt.Errorf("%w: opening the store %s: %w", state.ErrUnavailable, path, err)
	}
	s.seal, s.now = l.seal, l.balance
	go s.write()
	return s, nil
}

// openLocked opens an existing file and locks it as bbolt would.
func openLocked(path string, exclusive bool, timeout time.Duration) (*os.File, error) {
	flag := os.O_RDONLY
	if exclusive {
		flag = os.O_RDWR
	}
	f, err := os.OpenFile(path, flag, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: opening the store: %w", state.ErrUnavailable, err)
	}
	if err = lock(f, exclusive, timeout); err == nil {
		err = stillThere(f, path)
	}
	if err != nil {
		f.Close()
		if errors.Is(err, errLocked) {
			return nil, fmt.Errorf("%w: the store %s is in use: %w; stop that one first, or give this one another path", state.ErrUnavailable, path, err)
		}
		return nil, fmt.Errorf("%w: the store %s: %w", state.ErrUnavailable, path, err)
	}
	return f, nil
}

// stillThere: a restore may have put another file in this one's place while
// the lock was waited for.
func stillThere(f *os.File, path string) error {
	ours, err := f.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(ours, named) {
		return errors.New("it was replaced while being opened: try again")
	}
	return nil
}

// inspect verifies the whole file before bbolt maps it.
func inspect(f *os.File, path string, o Options, schema uint32) (layout, error) {
	l, doubt, err := verifyFile(f, path, o.Key, func(_ string, _ []byte, _ uint64, err error) error { return err })
	if err != nil {
		return l, err
	}
	if err := checkSchema(path, l.schema, schema, o.ReadOnly); err != nil {
		return l, err
	}
	if doubt != nil {
		o.Log.Warn("the store had a torn header and went on from the other one: the last write before the crash may be missing", "path", path, "err", doubt)
	}
	return l, nil
}
