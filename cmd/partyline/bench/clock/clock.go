// Package clock is the time of the processes that measure, and what time they
// have used.
package clock

import (
	"time"

	"partyline/media/clock"
)

var (
	origin = time.Now()
	skew   = clock.Now() - Now()
)

// Now is in nanoseconds of a clock that only goes forward.
func Now() int64 { return int64(time.Since(origin)) }

// Wall is in nanoseconds since 1970, of the clock that the kernel stamps
// packets with.
func Wall() int64 { return time.Now().UnixNano() }

// Sleep returns at a time of Now, or soon after. The processor is kept while
// asleep, as the bridge's media workers do.
func Sleep(until int64) {
	for Now() < until {
		clock.Sleep(skew+until, true)
	}
}
