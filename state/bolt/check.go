package bolt

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"partyline/state"
)

// Report is what Check found in a store.
type Report struct {
	Path     string
	Bytes    int64
	Schema   uint32
	Revision uint64         // the last one used
	Records  map[string]int // by kind: "conf", "part", "event", …
	Problems []string       // empty: the store is sound
}

// maxProblems is where a report ends: a wrecked file has thousands of them.
const maxProblems = 50

// lockTimeout is how long Check, Backup and Restore wait for another process.
const lockTimeout = 2 * time.Second

// Check reads a whole store that no program is writing: every page, every
// value opened and decoded as what its key says, the events of every
// conference numbered without a gap. The error is state.ErrCorrupt when there
// are problems, and state.ErrUnavailable when the file could not be read.
func Check(path string, key []byte) (Report, error) {
	report := Report{Path: path, Records: map[string]int{}}
	f, err := openLocked(path, false, lockTimeout)
	if err != nil {
		return report, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil {
		report.Bytes = info.Size()
	}
	c := checker{report: &report}
	l, doubt, err := verifyFile(f, path, key, c.record)
	report.Schema, report.Revision = l.schema, l.rev
	if err != nil {
		c.problem(err)
		return report, err // bbolt must not see this file
	}
	if doubt != nil {
		c.problem(doubt)
	}
	if err := checkSchema(path, l.schema, schemaOf(migrations()), false); err != nil {
		c.problem(err)
	}
	c.bbolt(f)
	if len(report.Problems) > 0 {
		return report, corrupt(path, errors.New(report.Problems[0]))
	}
	return report, nil
}

// checker judges records in key order.
type checker struct {
	report *Report
	conf   string          // conference whose events are being read
	seq    uint64          // of its last event
	ids    map[string]bool // of its events
}

func (c *checker) problem(what error) {
	switch n := len(c.report.Problems); {
	case n < maxProblems:
		c.report.Problems = append(c.report.Problems, what.Error())
	case n == maxProblems:
		c.report.Problems = append(c.report.Problems, "and more")
	}
}

// record never returns an error: a report tells of all damage, not of the first.
func (c *checker) record(name string, value []byte, _ uint64, err error) error {
	kind, _, _ := strings.Cut(name, "/")
	c.report.Records[kind]++
	if err != nil {
		c.problem(err)
		return nil
	}
	record, err := state.Decode(name, value)
	if err != nil && !errors.Is(err, state.ErrUnknownKind) {
		c.problem(err)
	}
	parts, err := state.ParseKey(name)
	if err != nil {
		return nil // told by Decode
	}
	if parts.Kind == state.KindEvent {
		event, _ := record.(*state.Event)
		c.event(parts, event)
	}
	return nil
}

// event checks the numbering. Old events may have been cleared away, so the
// first one kept can have any number.
func (c *checker) event(key state.KeyParts, event *state.Event) {
	if key.Owner != c.conf {
		c.conf, c.ids = key.Owner, map[string]bool{}
	} else if key.Seq != c.seq+1 {
		c.problem(fmt.Errorf("conference %s: event %d is followed by %d", key.Owner, c.seq, key.Seq))
	}
	c.seq = key.Seq
	if event == nil {
		return
	}
	if c.ids[event.ID] {
		c.problem(fmt.Errorf("conference %s: the event id %s is there twice", key.Owner, event.ID))
	}
	c.ids[event.ID] = true
}

// bbolt lets bbolt check its own file too, after the pages were verified.
func (c *checker) bbolt(f *os.File) {
	err := guarded(func() error {
		db, err := bbolt.Open(f.Name(), 0o600, &bbolt.Options{
			ReadOnly: true, FreelistType: bbolt.FreelistMapType, Timeout: lockTimeout,
		})
		if err != nil {
			return err
		}
		defer db.Close()
		return db.View(func(tx *bbolt.Tx) error {
			for err := range tx.Check() {
				if !slices.Contains(c.report.Problems, err.Error()) {
					c.problem(err)
				}
			}
			return nil
		})
	})
	if err != nil {
		c.problem(err)
	}
}
