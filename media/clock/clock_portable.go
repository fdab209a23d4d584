//go:build !linux || portable

package clock

import "time"

var origin = time.Now()

// Now is in nanoseconds of a clock that only goes forward.
func Now() int64 { return int64(time.Since(origin)) }

// Sleep returns at a time of Now.
func Sleep(until int64, _ bool) { time.Sleep(time.Duration(until - Now())) }

// Hurry is for systems that can be asked to.
func Hurry() {}
