package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Snapshotter is what Backup copies: a state.Store, or a way to one in another
// process.
type Snapshotter interface {
	Snapshot(ctx context.Context, w io.Writer) error
}

// Backup copies a store that is in use to dest, which must not exist yet. The
// copy is verified page by page and on the disk before it gets its name. Its
// values are sealed with the store's key: a backup is worth nothing without it.
func Backup(ctx context.Context, s Snapshotter, dest string) error {
	err := writeNew(dest, func(f *os.File) error {
		if err := s.Snapshot(ctx, f); err != nil {
			return err
		}
		info, err := f.Stat()
		if err != nil {
			return err
		}
		_, _, err = walkFile(f, info.Size(), func(string, []byte, []byte) error { return nil })
		return err
	})
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the backup %s exists already: choose another name: %w", dest, fs.ErrExist)
	}
	if err != nil {
		return fmt.Errorf("backing up to %s: %w", dest, err)
	}
	return nil
}

// BackupFile copies the store at path while no program uses it.
func BackupFile(ctx context.Context, path string, key []byte, dest string) error {
	s, err := Open(path, Options{Key: key, ReadOnly: true})
	if err != nil {
		return err
	}
	return errors.Join(Backup(ctx, s, dest), s.Close())
}

// Restore puts a backup in the place of dest, after checking all of it. A
// store that is there already is refused with fs.ErrExist, unless force is
// set; then it is kept beside the new one as dest + ".replaced". A store in
// use is always refused. Until the last step dest is what it was.
func Restore(backup, dest string, key []byte, force bool) error {
	if _, err := Check(backup, key); err != nil {
		return fmt.Errorf("the backup is not good: %w", err)
	}
	src, err := os.Open(backup)
	if err != nil {
		return err
	}
	defer src.Close()
	fill := func(f *os.File) error {
		if _, err := io.Copy(f, src); err != nil {
			return err
		}
		_, _, err := verifyFile(f, f.Name(), key, func(_ string, _ []byte, _ uint64, err error) error { return err })
		return err
	}
	err = writeNew(dest, fill)
	if errors.Is(err, fs.ErrExist) {
		if !force {
			return fmt.Errorf("the store %s exists already: move it away, or say --force: %w", dest, fs.ErrExist)
		}
		err = replace(dest, src, fill)
	}
	if err != nil {
		return fmt.Errorf("restoring %s to %s: %w", backup, dest, err)
	}
	return nil
}

// replace swaps the file at dest for a new one, keeping the old.
func replace(dest string, src *os.File, fill func(*os.File) error) error {
	inUse, err := openLocked(dest, true, lockTimeout)
	if err != nil {
		return err
	}
	defer inUse.Close()
	if _, err := src.Seek(0, io.SeekStart); err != nil {
		return err
	}
	tmp, err := writeBeside(dest, fill)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	kept := dest + ".replaced"
	if err := os.Remove(kept); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Link(dest, kept); err != nil {
		return err
	}
	if err := os.Rename(tmp, dest); err != nil {
		return err
	}
	return syncDir(dest)
}
