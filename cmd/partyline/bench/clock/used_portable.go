//go:build !linux || portable

package clock

import (
	"errors"
	"time"
)

// Used is not known here.
func Used(int) (time.Duration, error) { return 0, errors.ErrUnsupported }
