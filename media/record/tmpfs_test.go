//go:build linux

package record

import (
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A real file system that is really full, where this may be made.
func TestFileSystemFull(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skip("no tmpfs: ", err)
	}
	defer func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	studio, err := Open(dir, KeepFree(0))
	if err != nil {
		t.Fatal(err)
	}
	defer studio.Close()
	s := newStageIn(t, studio, dir, Spec{Tracks: true})
	s.take.Belongs(1, Track{ParticipantID: "a"})
	n := 0
	for s.hear(nil, says(1, 8000, 5)) {
		if n++; n > 5000 {
			t.Fatal("it goes on")
		}
	}
	r := s.result()
	if !errors.Is(r.Err, syscall.ENOSPC) || len(r.Files) != 2 || r.Files[0].Duration != r.Files[1].Duration {
		t.Fatalf("%+v", r)
	}
	if mix, track := s.sound("mix.wav"), s.sound("track-a.wav"); len(mix) != len(track) || len(mix) < 8000 {
		t.Errorf("%d and %d samples", len(mix), len(track))
	}
}
