package record

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"partyline/media"
)

// disk has so much place and no more. What is overwritten takes none.
type disk struct {
	left  atomic.Int64
	tries atomic.Int64 // to write after it was full
	sync  error
}

type diskFile struct {
	file
	on   *disk
	size int64
}

func (d *disk) create(folder *os.Root, name string) (file, error) {
	f, err := createFile(folder, name)
	return &diskFile{file: f, on: d}, err
}

func (f *diskFile) WriteAt(b []byte, at int64) (int, error) {
	more := max(at+int64(len(b))-f.size, 0)
	if more > 0 && f.on.left.Load() <= 0 {
		f.on.tries.Add(1)
	}
	short := max(more-max(f.on.left.Load(), 0), 0)
	f.on.left.Add(-more)
	n, err := f.file.WriteAt(b[:int64(len(b))-short], at)
	f.size = max(f.size, at+int64(n))
	if err == nil && short > 0 {
		err = syscall.ENOSPC
	}
	return n, err
}

func (f *diskFile) Sync() error {
	if f.on.sync != nil {
		return f.on.sync
	}
	return f.file.Sync()
}

// A full disk ends a recording loudly and once; what was written is whole.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	studio := newStudio(t, dir)
	d := new(disk)
	d.left.Store(40_000)
	studio.create = d.create
	s := newStageIn(t, studio, dir, Spec{Tracks: true, Format: "opus"})
	s.take.Belongs(1, Track{ParticipantID: "a"})
	n := 0
	for s.hear(nil, says(1, 8000, 5)) {
		if n++; n > 1000 {
			t.Fatal("it goes on")
		}
	}
	r := s.result()
	if !errors.Is(r.Err, syscall.ENOSPC) {
		t.Fatalf("ended by %v", r.Err)
	}
	if d.tries.Load() > 1 {
		t.Errorf("tried %d times to write more", d.tries.Load())
	}
	if len(r.Files) != 2 || r.Files[0].Duration != r.Files[1].Duration || r.Duration < 500*1e6 {
		t.Errorf("%+v", r)
	}
	mix, track := s.sound("mix.wav"), s.sound("track-a.wav")
	if len(mix) != len(track) || mix[4000] != 5 || track[4000] != 5 {
		t.Errorf("%d and %d samples", len(mix), len(track))
	}
	s.take.Stop() // too late, and harmless
	s.take.Pause(true)
	select {
	case <-s.done:
		t.Error("told twice")
	default:
	}
	// The disk has space again: what is there can still be finished.
	again, err := studio.Salvage("rec_1")
	if err != nil || again.Err != nil || again.Files[0].Name != "mix.opus" || again.Duration != r.Duration {
		t.Errorf("salvaged: %+v, %v", again, err)
	}
}

func TestSpaceIsKeptFree(t *testing.T) {
	free := atomic.Int64{}
	free.Store(1000)
	dir := t.TempDir()
	studio := newStudio(t, dir, KeepFree(500))
	studio.space = func(*os.Root) (int64, error) { return free.Load(), nil }
	s := newStageIn(t, studio, dir, Spec{})
	s.hear(nil, says(1, 8000, 5))
	free.Store(499)
	for s.hear(nil, says(1, 8000, 5)) {
	}
	if r := s.result(); !errors.Is(r.Err, ErrFull) || r.Duration == 0 {
		t.Errorf("%+v", r)
	}
	if _, err := studio.Begin(withDefaults(Spec{ID: "rec_2"}), nil); !errors.Is(err, ErrFull) {
		t.Errorf("begins on a full disk: %v", err)
	}
	if _, err := os.Stat(dir + "/rec_2"); !errors.Is(err, os.ErrNotExist) {
		t.Error("and leaves a folder")
	}
}

// A disk that says on fsync that it has lost what it took ends the recording.
func TestSyncFails(t *testing.T) {
	dir := t.TempDir()
	studio := newStudio(t, dir)
	broken := errors.New("input/output error")
	studio.create = (&disk{sync: broken}).create
	s := newStageInWithSpace(t, studio, dir)
	s.hear(nil, says(1, 8000, 5))
	s.take.sync()
	for s.hear(nil, says(1, 8000, 5)) {
	}
	if r := s.result(); !errors.Is(r.Err, broken) {
		t.Errorf("%+v", r)
	}
}

func newStageInWithSpace(t *testing.T, studio *Studio, dir string) *stage {
	inner := studio.create
	studio.create = func(folder *os.Root, name string) (file, error) {
		f, err := inner(folder, name)
		if d, ok := f.(*diskFile); ok {
			d.on.left.Store(1 << 40)
		}
		return f, err
	}
	return newStageIn(t, studio, dir, Spec{})
}

// A recording for which nobody waits any more gives the mixer's room free.
func TestTapOfAFailedRecordingEnds(t *testing.T) {
	dir := t.TempDir()
	studio := newStudio(t, dir)
	d := new(disk)
	d.left.Store(headerBytes)
	studio.create = d.create
	done := make(chan Result, 1)
	take, err := studio.Begin(withDefaults(Spec{}), func(r Result) { done <- r })
	if err != nil {
		t.Fatal(err)
	}
	if take.Tap() == nil {
		t.Fatal("no tap")
	}
	var _ interface {
		Tap() *media.Tap
		Belongs(media.LegID, Track)
		Pause(bool)
		Stop()
	} = take
	take.Stop()
	<-done
	if _, ok := take.Tap().Next(); ok {
		t.Error("sound after the end")
	}
}
