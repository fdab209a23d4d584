//go:build !linux || portable

package media

import "time"

// alarm sleeps to absolute times of an engine's clock.
type alarm struct{ timer *time.Timer }

func newAlarm(func() int64, bool) *alarm {
	return &alarm{timer: time.NewTimer(time.Hour)}
}

// hurry is for systems that can be asked to.
func hurry() {}

// nap sleeps for a moment.
func nap(ns int64) { time.Sleep(time.Duration(ns)) }

// sleep returns at the given time of the engine's clock, or when done is
// closed.
func (a *alarm) sleep(until int64, now func() int64, done <-chan struct{}) {
	a.timer.Reset(time.Duration(until - now()))
	select {
	case <-a.timer.C:
	case <-done:
		a.timer.Stop()
	}
}
