package record

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestSpecsThatCannotBe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "recordings")
	s := newStudio(t, dir)
	for _, spec := range []Spec{{Format: "flac"}, {Format: "mp3"}, {Rate: 44100}, {Format: "WAV"}} {
		if _, err := s.Begin(withDefaults(spec), nil); !errors.Is(err, ErrNotRecordable) {
			t.Errorf("%+v: %v", spec, err)
		}
	}
	for _, id := range []string{"../x", "a/b", ".", "..", "-", "a.b", "a\x00", "ü"} {
		if _, err := s.Begin(withDefaults(Spec{ID: id}), nil); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("id %q: %v", id, err)
		}
		if _, err := s.Salvage(id); err == nil {
			t.Errorf("id %q can be salvaged", id)
		}
		if err := s.Remove(id); err == nil {
			t.Errorf("id %q can be removed", id)
		}
	}
	if _, err := s.Begin(Spec{Format: "wav", Rate: 8000}, nil); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("no id: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("%d folders are left", len(entries))
	}
	if got := s.Formats(); !slices.Equal(got, []string{"wav", "opus"}) {
		t.Errorf("formats %v", got)
	}
	for _, path := range []string{filepath.Join(dir, "none.wasm"), os.Args[0]} {
		if _, err := Open(dir, MP3(path)); err == nil {
			t.Errorf("%s is an MP3 encoder", path)
		}
	}
}

func TestFilesOfARecording(t *testing.T) {
	s := newStage(t, Spec{})
	if _, err := s.studio.Begin(withDefaults(Spec{}), nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("twice the same: %v", err)
	}
	if _, err := s.studio.File("rec_1", "mix.wav"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that grows: %v", err)
	}
	if err := s.studio.Remove("rec_1"); err == nil {
		t.Error("removed while it runs")
	}
	s.hear(nil, says(1, 8000, 5))
	s.stop()
	if _, err := s.studio.Begin(withDefaults(Spec{}), nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a finished one: %v", err)
	}
	for _, name := range []string{"recording.json", "finished.json", "../rec_1/mix.wav", "mix.mp3", "track-x.wav", "", "."} {
		if f, err := s.studio.File("rec_1", name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q can be read: %v", name, err)
			if err == nil {
				f.Close()
			}
		}
	}
	if _, err := s.studio.File("rec_9", "mix.wav"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no recording: %v", err)
	}
	// What leads out of the directory is not followed.
	outside := filepath.Join(t.TempDir(), "mix.wav")
	os.WriteFile(outside, []byte("secret"), 0o600)
	os.Mkdir(filepath.Join(s.dir, "rec_2"), 0o700)
	os.Symlink(outside, filepath.Join(s.dir, "rec_2", "mix.wav"))
	if _, err := s.studio.File("rec_2", "mix.wav"); err == nil {
		t.Error("a link out of the directory is followed")
	}
	for range 2 {
		if err := s.studio.Remove("rec_1"); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(s.dir, "rec_1")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("it is still there")
	}
}

func TestCloseEndsAll(t *testing.T) {
	dir := t.TempDir()
	studio := newStudio(t, dir)
	var stages []*stage
	for _, spec := range []Spec{{ID: "rec_1"}, {ID: "rec_2", Format: "opus"}, {ID: "rec_3"}} {
		s := newStageIn(t, studio, dir, spec)
		s.hear(nil, says(1, 8000, 5))
		stages = append(stages, s)
	}
	for range 2 {
		if err := studio.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range stages {
		select {
		case r := <-s.done:
			if interrupted := errors.Is(r.Err, ErrInterrupted); len(r.Files) != 1 || interrupted != (i == 1) {
				t.Errorf("recording %d: %+v", i+1, r)
			}
		default:
			t.Errorf("recording %d is not done", i+1)
		}
	}
	if _, err := studio.Begin(withDefaults(Spec{ID: "rec_4"}), nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("begins after the end: %v", err)
	}
	again := newStudio(t, dir)
	for range 2 { // the second time it is finished
		r, err := again.Salvage("rec_2")
		if err != nil || r.Err != nil || len(r.Files) != 1 || r.Files[0].Name != "mix.opus" || r.Duration != 20*time.Millisecond {
			t.Errorf("%+v, %v", r, err)
		}
	}
}
