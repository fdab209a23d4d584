package record

import (
	"fmt"
	"io"
	"io/fs"
)

// File opens a finished file to be read. The error of one that is not there
// satisfies errors.Is(err, fs.ErrNotExist).
func (s *Studio) File(id, name string) (io.ReadSeekCloser, error) {
	if !idPattern.MatchString(id) || !namePattern.MatchString(name) {
		return nil, fmt.Errorf("record: %w", fs.ErrNotExist)
	}
	s.mu.Lock()
	_, busy := s.busy[id]
	s.mu.Unlock()
	if busy {
		return nil, fmt.Errorf("record: %w: it is not finished", fs.ErrNotExist)
	}
	f, err := s.root.Open(id + "/" + name)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return f, nil
}

// Remove deletes a recording's files. Removing what is not there is no error;
// what still runs is not removed.
func (s *Studio) Remove(id string) error {
	if err := s.claim(id); err != nil {
		return err
	}
	defer s.unclaim(id)
	if err := s.root.RemoveAll(id); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}
