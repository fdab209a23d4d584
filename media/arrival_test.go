package media

import (
	"testing"
	"time"
)

func TestArrivalIsTheKernelsWhereItCanBe(t *testing.T) {
	const zero = int64(1_700_000_000e9)
	w := &worker{now: 5000*tick + 3e6, due: 5000 * tick, zero: zero}
	for name, c := range map[string]struct{ zero, stamp, want int64 }{
		"between two ticks":         {zero, zero + w.due - 13e6, w.due - 13e6},
		"while the tick was late":   {zero, zero + w.due + 1e6, w.due + 1e6},
		"after the tick began":      {zero, zero + w.now + 1e6, w.now},
		"no word of the kernel":     {zero, 0, w.due},
		"no wall clock":             {0, zero, w.due},
		"the wall clock went ahead": {zero + int64(time.Hour), zero + w.due, w.due},
		"the wall clock went back":  {zero - int64(time.Hour), zero + w.due, w.now},
	} {
		w.zero = c.zero
		if got := w.arrival(c.stamp); got != c.want {
			t.Errorf("%s: arrived %v from the tick, want %v", name, time.Duration(got-w.due), time.Duration(c.want-w.due))
		}
	}
}

// What the two clocks have to do with each other.
func TestZeroOfTheClock(t *testing.T) {
	c := epochClock{time.Now()}
	zero, now := c.zero(), c.now()
	if off := time.Duration(time.Now().UnixNano() - zero - now); off < -time.Second || off > time.Second {
		t.Errorf("the clocks are %v apart", off)
	}
}
