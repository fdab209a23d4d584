package record

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// finish makes of a folder of sealed WAV files what the recording is to be.
// failed is what it ended by; then the files stay WAV, for there may be no
// place for others.
func (s *Studio) finish(folder *os.Root, failed error) Result {
	m, err := readManifest(folder)
	if err != nil {
		return Result{Err: errors.Join(failed, err)}
	}
	names, err := waves(folder)
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("record: %w: no file", os.ErrNotExist)
	}
	if failed == nil {
		failed = err
	}
	if failed == nil && m.Format != "wav" {
		var converted []string
		if converted, failed = s.convertAll(folder, m, names); failed == nil {
			names = converted
		}
	}
	r, err := s.describe(folder, m, names)
	if failed == nil {
		failed = err
	}
	if failed == nil {
		failed = writeJSON(folder, finishedName, r)
	}
	if failed == nil {
		discard(folder, m)
	}
	r.Err = ours(failed)
	return r
}

// ours says whose error it is, where it does not say so itself.
func ours(err error) error {
	for _, own := range []error{nil, ErrFull, ErrInterrupted, ErrNotRecordable} {
		if errors.Is(err, own) {
			return err
		}
	}
	return fmt.Errorf("record: %w", err)
}

// discard removes what a finished recording no longer needs.
func discard(folder *os.Root, m manifest) {
	if m.Format == "wav" {
		return
	}
	names, _ := waves(folder)
	for _, name := range names {
		_ = folder.Remove(name) // what stays takes place, and nothing else
		_ = folder.Remove(stem(name) + "." + m.Format + partEnding)
	}
}

// describe lists files as they are: sizes, sums, and how long they last. The
// error is the first of those that could not be read.
func (s *Studio) describe(folder *os.Root, m manifest, names []string) (r Result, first error) {
	for _, name := range names {
		f, err := s.describeFile(folder, m, name)
		if err == nil {
			r.Files = append(r.Files, f)
			r.Duration = max(r.Duration, f.Duration)
		} else if first == nil {
			first = err
		}
	}
	return r, first
}

func (s *Studio) describeFile(folder *os.Root, m manifest, name string) (File, error) {
	in, err := folder.Open(name)
	if err != nil {
		return File{}, err
	}
	defer in.Close()
	sum, size := sha256.New(), int64(0)
	b := make([]byte, 256<<10)
	for pace := new(ease); err == nil; pace.rest(s.ctx) {
		var n int
		n, err = in.Read(b)
		sum.Write(b[:n])
		size += int64(n)
	}
	if err != io.EOF {
		return File{}, err
	}
	length, err := lasting(folder, m, stem(name))
	if err != nil {
		return File{}, err
	}
	format := name[len(stem(name))+1:]
	return File{
		Name: name, ParticipantID: participantOf(name), ContentType: contentTypes[format],
		Bytes: size, SHA256: sum.Sum(nil), Duration: length,
	}, nil
}

// lasting is how long the sound of a file is, by its WAV.
func lasting(folder *os.Root, m manifest, stem string) (time.Duration, error) {
	info, err := folder.Stat(stem + ".wav")
	if err != nil {
		return 0, err
	}
	s := m.shapeOf(stem + ".wav")
	samples := max(info.Size()-headerBytes, 0) / s.frame()
	return time.Duration(samples) * time.Second / time.Duration(s.rate), nil
}

// convertAll makes each WAV file one of the recording's format beside it.
func (s *Studio) convertAll(folder *os.Root, m manifest, names []string) ([]string, error) {
	make, known := s.makers[m.Format]
	if !known {
		return nil, fmt.Errorf("%w: format %q", ErrNotRecordable, m.Format)
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-s.ctx.Done():
		return nil, ErrInterrupted
	}
	if s.ctx.Err() != nil {
		return nil, ErrInterrupted
	}
	var out []string
	for _, name := range names {
		to := stem(name) + "." + m.Format
		if err := s.spare(folder); err != nil {
			return nil, err
		}
		if err := convert(s.ctx, folder, m.shapeOf(name), name, to, make); err != nil {
			_ = folder.Remove(to + partEnding)
			if s.ctx.Err() != nil && errors.Is(err, context.Canceled) {
				err = ErrInterrupted
			}
			return nil, err
		}
		out = append(out, to)
	}
	return out, nil
}
