//go:build linux || darwin || freebsd

package record

import (
	"os"

	"golang.org/x/sys/unix"
)

// freeSpace is how many bytes this user may still write where the folder is.
func freeSpace(folder *os.Root) (int64, error) {
	d, err := folder.Open(".")
	if err != nil {
		return 0, err
	}
	defer d.Close()
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(d.Fd()), &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}
