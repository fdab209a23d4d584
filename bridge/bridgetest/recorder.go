package bridgetest

import (
	"bytes"
	"io"
	"io/fs"
	"sync"
	"time"

	"partyline/bridge"
	"partyline/media"
	"partyline/media/record"
)

// Recorder is a bridge.Recorder that writes nothing and remembers everything.
type Recorder struct {
	mu     sync.Mutex
	fail   error // of Begin
	lost   bool  // Salvage finds nothing
	takes  map[string]*Take
	order  []*Take
	gone   map[string]bool
	salved []string
	wait   sync.WaitGroup
}

// NewRecorder makes a recorder that can do everything.
func NewRecorder() *Recorder { return &Recorder{takes: map[string]*Take{}, gone: map[string]bool{}} }

// Fail makes Begin return err, until Fail(nil).
func (r *Recorder) Fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = err
}

// Lose makes Salvage find nothing, after a crash too.
func (r *Recorder) Lose(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost = on
}

// Takes lists all recordings that were begun, oldest first.
func (r *Recorder) Takes() []*Take {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*Take(nil), r.order...)
}

// Salvaged lists the ids that Salvage was asked for.
func (r *Recorder) Salvaged() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.salved...)
}

// Removed tells whether a recording's files were deleted.
func (r *Recorder) Removed(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.gone[id]
}

// Formats implements bridge.Recorder.
func (r *Recorder) Formats() []string { return []string{"wav", "opus"} }

// Begin implements bridge.Recorder.
func (r *Recorder) Begin(spec record.Spec, done func(record.Result)) (bridge.Take, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return nil, r.fail
	}
	t := &Take{Spec: spec, recorder: r, done: done, tap: media.NewTap(spec.Tracks), tracks: map[media.LegID]record.Track{}}
	r.takes[spec.ID] = t
	r.order = append(r.order, t)
	return t, nil
}

// Salvage implements bridge.Recorder: there is always something left, but
// after Lose.
func (r *Recorder) Salvage(id string) (record.Result, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.salved = append(r.salved, id)
	if r.lost {
		return record.Result{}, fs.ErrNotExist
	}
	return result(), nil
}

// File implements bridge.Recorder.
func (r *Recorder) File(id, name string) (io.ReadSeekCloser, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone[id] || name != "mix.wav" {
		return nil, fs.ErrNotExist
	}
	return nopCloser{bytes.NewReader([]byte(id))}, nil
}

// Remove implements bridge.Recorder.
func (r *Recorder) Remove(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone[id] = true
	return nil
}

// Close implements bridge.Recorder.
func (r *Recorder) Close() error {
	for _, t := range r.Takes() {
		t.end(record.Result{Err: record.ErrInterrupted})
	}
	r.wait.Wait()
	return nil
}

func result() record.Result {
	return record.Result{Duration: time.Second, Files: []record.File{
		{Name: "mix.wav", ContentType: "audio/wav", Bytes: 16044, SHA256: bytes.Repeat([]byte{7}, 32), Duration: time.Second},
	}}
}

// Take is a recording that runs, or ran.
type Take struct {
	Spec     record.Spec
	recorder *Recorder
	done     func(record.Result)
	tap      *media.Tap

	mu     sync.Mutex
	tracks map[media.LegID]record.Track
	paused bool
	ended  bool
}

// Tap implements bridge.Take.
func (t *Take) Tap() *media.Tap { return t.tap }

// Belongs implements bridge.Take.
func (t *Take) Belongs(leg media.LegID, to record.Track) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tracks[leg] = to
}

// Tracks are whose each leg is.
func (t *Take) Tracks() map[media.LegID]record.Track {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[media.LegID]record.Track{}
	for k, v := range t.tracks {
		out[k] = v
	}
	return out
}

// Pause implements bridge.Take.
func (t *Take) Pause(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.paused = on
}

// Paused tells whether it is.
func (t *Take) Paused() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.paused
}

// Stop implements bridge.Take.
func (t *Take) Stop() { t.end(result()) }

// Break ends the recording by itself, as a full disk does.
func (t *Take) Break(err error) { r := result(); r.Err = err; t.end(r) }

// Ended tells whether it is over.
func (t *Take) Ended() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

func (t *Take) end(r record.Result) {
	t.mu.Lock()
	first := !t.ended
	t.ended = true
	t.mu.Unlock()
	if first {
		t.recorder.wait.Go(func() { t.done(r) })
	}
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }
