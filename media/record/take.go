package record

import (
	"sync"

	"partyline/media"
)

// Take is one recording while it runs. None of its methods waits for the disk.
type Take struct {
	tap    *media.Tap
	from   source // tap, but in tests
	tracks bool

	mu     sync.Mutex // never held while the disk is waited for
	owners map[media.LegID]Track
	pauses []pause
	err    error // what a sync has failed with
	open   []*wave
}

// source is where the sound comes from.
type source interface {
	Next() (media.Moment, bool)
	Now() int64
	Close()
	Dropped() uint64
}

// pause is a change: from this tick on.
type pause struct {
	tick int64
	on   bool
}

// pausesKept bounds the changes that wait for the sound they belong to. Who
// makes more in that time stays paused.
const pausesKept = 64

// Tap is to be given to Room.Record.
func (t *Take) Tap() *media.Tap { return t.tap }

// Belongs says whose a leg is; a leg nobody has named has no track, and is on
// the right of a stereo mix. It is said before the leg is heard: sound is
// taken in a fraction of a second after it was made.
func (t *Take) Belongs(leg media.LegID, to Track) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.owners[leg] = to
}

// Pause leaves out what is heard from now on, or no longer. A pause is cut
// out of all files alike, so that they stay aligned.
func (t *Take) Pause(on bool) {
	at := t.from.Now() + 1 // 0 of a room that is not heard yet
	t.mu.Lock()
	defer t.mu.Unlock()
	last := len(t.pauses) - 1
	if t.pauses[last].on == on {
		return
	}
	if on && last >= pausesKept {
		t.pauses = t.pauses[:last]
		return
	}
	t.pauses = append(t.pauses, pause{at, on})
}

// paused tells whether a tick is left out, and forgets what is past.
func (t *Take) paused(tick int64) bool {
	for len(t.pauses) > 1 && t.pauses[1].tick <= tick {
		t.pauses = t.pauses[1:]
	}
	return t.pauses[0].on
}

// Stop ends the recording: what is heard from now on is not in it. Stopping
// twice is harmless.
func (t *Take) Stop() { t.from.Close() }

// left tells whether a leg is on the left; mu is held.
func (t *Take) left(leg media.LegID) bool { return t.owners[leg].Left }

// sync has what was written outlive a power cut.
func (t *Take) sync() {
	t.mu.Lock()
	open := append([]*wave(nil), t.open...)
	t.mu.Unlock()
	for _, w := range open {
		if err := w.f.Sync(); err != nil {
			t.mu.Lock()
			t.err = err
			t.mu.Unlock()
			return
		}
	}
}

// opened has a file be among those that are synced; closing takes all out and
// says what a sync has failed with.
func (t *Take) opened(w *wave) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open = append(t.open, w)
}

// trouble is what a sync has failed with.
func (t *Take) trouble() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}
