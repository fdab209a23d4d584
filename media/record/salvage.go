package record

import (
	"errors"
	"fmt"
	"os"
)

// Salvage finishes what an earlier run of the program left of a recording:
// files get headers that fit and the same length, and are brought into their
// format. That may take as long as it would have then. A recording that is
// finished stays as it is, and its Result is given again. The error of one
// that is not there satisfies errors.Is(err, fs.ErrNotExist).
func (s *Studio) Salvage(id string) (Result, error) {
	if err := s.claim(id); err != nil {
		return Result{}, err
	}
	defer s.unclaim(id)
	folder, err := s.root.OpenRoot(id)
	if err != nil {
		return Result{}, fmt.Errorf("record: %w", err)
	}
	defer folder.Close()
	m, err := readManifest(folder)
	if err != nil {
		return Result{}, err
	}
	if r, finished := readFinished(folder); finished {
		discard(folder, m)
		return r, nil
	}
	if err := mend(folder, m); err != nil {
		return Result{}, fmt.Errorf("record: %w", err)
	}
	return s.finish(folder, nil), nil
}

// mend makes WAV files whole that nobody has sealed. Sound is believed to be
// as long as the longest file has it; the header is made anew.
func mend(folder *os.Root, m manifest) error {
	names, err := waves(folder)
	if err != nil {
		return err
	}
	var files []*wave
	var samples int64
	for _, name := range names {
		f, err := folder.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			return errors.Join(err, closeAll(files))
		}
		w := &wave{shape: m.shapeOf(name), name: name, f: f, said: -1}
		files = append(files, w)
		info, err := f.Stat()
		if err != nil {
			return errors.Join(err, closeAll(files))
		}
		w.size = max(info.Size()-headerBytes, 0) / w.frame() * w.frame()
		if err := f.Truncate(headerBytes + w.size); err != nil { // half a sample is none
			return errors.Join(err, closeAll(files))
		}
		samples = max(samples, w.size/w.frame())
	}
	for _, w := range files {
		err = errors.Join(err, w.seal(samples*w.frame()))
	}
	return err
}

func closeAll(files []*wave) (err error) {
	for _, w := range files {
		err = errors.Join(err, w.f.Close())
	}
	return err
}
