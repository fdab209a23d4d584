package record

import (
	"fmt"
	"os"
	"slices"

	"partyline/media"
)

// Begin starts a recording: its files exist when it returns. done is called
// once, from another goroutine, when it has ended and its files are finished:
// after Stop, or by itself after a failure or the end of its room.
func (s *Studio) Begin(spec Spec, done func(Result)) (*Take, error) {
	if err := s.check(spec); err != nil {
		return nil, err
	}
	tap := media.NewTap(spec.Stereo || spec.Tracks)
	return s.begin(spec, tap, tap, done)
}

func (s *Studio) check(spec Spec) error {
	if err := checkID(spec.ID); err != nil {
		return err
	}
	if !slices.Contains(s.Formats(), spec.Format) {
		return fmt.Errorf("%w: format %q", ErrNotRecordable, spec.Format)
	}
	if spec.Rate != 8000 && spec.Rate != 16000 {
		return fmt.Errorf("%w: at %d Hz", ErrNotRecordable, spec.Rate)
	}
	return nil
}

func (s *Studio) begin(spec Spec, tap *media.Tap, from source, done func(Result)) (*Take, error) {
	if err := s.claim(spec.ID); err != nil {
		return nil, err
	}
	folder, err := s.newFolder(spec.ID)
	if err != nil {
		s.unclaim(spec.ID)
		return nil, fmt.Errorf("record: %w", err)
	}
	t := &Take{
		tap: tap, from: from, tracks: spec.Tracks,
		owners: make(map[media.LegID]Track),
		pauses: []pause{{tick: -1}},
	}
	w := &writing{take: t, folder: folder, create: s.create, spec: spec, free: func() error { return s.spare(folder) }}
	if err = w.free(); err == nil {
		err = w.start()
	}
	if err != nil {
		_ = w.seal()
		folder.Close()
		_ = s.root.RemoveAll(spec.ID)
		s.unclaim(spec.ID)
		return nil, ours(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takes[t] = struct{}{}
	if s.closed { // meanwhile: it ends as soon as it began
		t.Stop()
	}
	go s.serve(w, done) // claim has added it to wait
	return t, nil
}

func (s *Studio) newFolder(id string) (*os.Root, error) {
	if err := s.root.Mkdir(id, 0o700); err != nil {
		return nil, err
	}
	return s.root.OpenRoot(id)
}

// serve is a recording's goroutine.
func (s *Studio) serve(w *writing, done func(Result)) {
	defer s.wait.Done()
	err := w.run()
	w.take.Stop()
	s.mu.Lock()
	delete(s.takes, w.take)
	s.mu.Unlock()
	if failed := w.seal(); err == nil {
		err = failed
	}
	r := s.finish(w.folder, err)
	r.Dropped = w.take.from.Dropped()
	w.folder.Close()
	s.free(w.spec.ID) // before anyone who is told comes for the files
	if done != nil {
		done(r)
	}
}
