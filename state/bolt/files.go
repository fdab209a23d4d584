package bolt

import (
	"errors"
	"os"
	"path/filepath"
)

// writeNew makes a file that is either whole and on the disk, or not there:
// written beside its place, fsynced, then given its name. It never replaces a
// file (fs.ErrExist).
func writeNew(path string, write func(*os.File) error) error {
	tmp, err := writeBeside(path, write)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	if err := os.Link(tmp, path); err != nil { // a rename would replace
		return err
	}
	return syncDir(path)
}

// writeBeside writes a temporary file in path's folder, readable by its owner
// only, fsyncs it and returns its name.
func writeBeside(path string, write func(*os.File) error) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return "", err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}
