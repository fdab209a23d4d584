package media

import "partyline/media/clock"

// alarm sleeps to absolute times of an engine's clock.
type alarm struct {
	origin int64 // of the engine's clock by clock.Now
	keep   bool  // keep the processor while asleep: another one is there for everyone else
}

func newAlarm(now func() int64, keep bool) *alarm {
	return &alarm{origin: clock.Now() - now(), keep: keep}
}

// sleep returns at the given time of the engine's clock, or soon after done
// is closed.
func (a *alarm) sleep(until int64, now func() int64, done <-chan struct{}) {
	for now() < until {
		clock.Sleep(a.origin+until, a.keep)
		select {
		case <-done:
			return
		default:
		}
	}
}
