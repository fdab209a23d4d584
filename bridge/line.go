package bridge

import "sync"

// maxKept is how much of what a caller's line says is kept while nobody
// listens; a person does not do more within the moment that takes.
const maxKept = 256

// line carries what a caller's signalling, or their sound, says: to the
// reception at first, and to a conference from the moment it takes over. It
// keeps the order and loses nothing in between.
type line[E any] struct {
	wake chan struct{} // of one place: there is something to take
	last func(E) bool  // what must never be dropped, however much is kept

	mu   sync.Mutex
	kept []E
	on   func(E) // where it leads, once it leads on
}

func newLine[E any](wake chan struct{}, last func(E) bool) *line[E] {
	return &line[E]{wake: wake, last: last}
}

// tell takes in what happens. It waits for nobody as long as the line does not
// lead on, and then for as long as its new end does. It is called from one
// goroutine at a time.
func (l *line[E]) tell(e E) {
	l.mu.Lock()
	if on := l.on; on != nil {
		l.mu.Unlock()
		on(e)
		return
	}
	if len(l.kept) < maxKept || l.last(e) {
		l.kept = append(l.kept, e)
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take empties the line.
func (l *line[E]) take() []E {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.kept
	l.kept = nil
	return kept
}

// lead makes the line lead on, and returns what was not taken before: it comes
// before everything that the new end is told.
func (l *line[E]) lead(on func(E)) []E {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.kept
	l.kept, l.on = nil, on
	return kept
}
