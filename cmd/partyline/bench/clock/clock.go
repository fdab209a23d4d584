// Package clock sleeps to absolute times and reads what time processes have
// used.
package clock

import "time"

var origin = time.Now()

// Now is in nanoseconds of a clock that only goes forward.
func Now() int64 { return int64(time.Since(origin)) }

// Wall is in nanoseconds since 1970, of the clock that the kernel stamps
// packets with.
func Wall() int64 { return time.Now().UnixNano() }
