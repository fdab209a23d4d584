//go:build !unix

package bolt

import (
	"os"
	"time"
)

// lock leaves the locking to bbolt: here a lock would keep bbolt itself out.
func lock(*os.File, bool, time.Duration) error { return nil }

// syncDir has nothing to do: here a folder cannot be fsynced.
func syncDir(string) error { return nil }
