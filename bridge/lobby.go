package bridge

import "sync"

// lobby counts the callers who are in a reception, and ends them with the
// bridge.
type lobby struct {
	most int
	quit chan struct{} // closed: everybody out

	mu     sync.Mutex
	here   int
	closed bool
	busy   sync.WaitGroup
}

func newLobby(most int) *lobby { return &lobby{most: most, quit: make(chan struct{})} }

// enter runs a reception, if there is a place.
func (l *lobby) enter(run func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.here >= l.most {
		return false
	}
	l.here++
	l.busy.Go(func() {
		defer l.leave()
		run()
	})
	return true
}

func (l *lobby) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.here--
}

// close sends everybody out and waits until they are gone.
func (l *lobby) close() {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.quit)
	}
	l.mu.Unlock()
	l.busy.Wait()
}

func (l *lobby) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.here
}
