package clock_test

import (
	"testing"

	"partyline/media/clock"
)

// Sleep may end early, as its caller is told, but the clock gets there, and a
// time that is over is not waited for.
func TestSleepGetsThere(t *testing.T) {
	clock.Hurry()
	for _, keep := range []bool{false, true} {
		until := clock.Now() + 2e6
		for clock.Now() < until {
			clock.Sleep(until, keep)
		}
		before := clock.Now()
		clock.Sleep(before-1e9, keep)
		if took := clock.Now() - before; took > 1e9 {
			t.Errorf("keep %v: waited %d ns for a time that was over", keep, took)
		}
	}
}
