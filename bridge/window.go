package bridge

import (
	"sync"
	"time"
)

// window lets so many things happen in any second: not one more, however the
// seconds are laid. (A token bucket would let twice as many pass in the second
// after a pause.)
type window struct {
	most int

	mu   sync.Mutex
	past []time.Time // of what was let through within the last second, oldest first
}

// take lets one through, or says how long to wait.
func (w *window) take(now time.Time) (wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	old := 0
	for old < len(w.past) && now.Sub(w.past[old]) >= time.Second {
		old++
	}
	w.past = append(w.past[:0], w.past[old:]...)
	if len(w.past) >= w.most {
		return time.Second - now.Sub(w.past[0])
	}
	w.past = append(w.past, now)
	return 0
}
