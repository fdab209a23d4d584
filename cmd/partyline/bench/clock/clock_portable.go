//go:build !linux || portable

package clock

import (
	"errors"
	"time"
)

// Sleep returns at a time of Now, or soon after.
func Sleep(until int64) { time.Sleep(time.Duration(until - Now())) }

// Used is not known here.
func Used(int) (time.Duration, error) { return 0, errors.ErrUnsupported }
