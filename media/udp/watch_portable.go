//go:build !linux || 386 || portable

package udp

import (
	"errors"
	"slices"
)

// Watch tells which of many sockets have something to read.
//
// A Watch belongs to one goroutine at a time.
type Watch struct {
	sockets []watched
	first   int // whose turn it is
	tags    []uint64
}

type watched struct {
	socket *Socket
	tag    uint64
}

var errWatched = errors.New("udp: the socket is watched already, or is not")

// NewWatch makes a Watch that tells of at most so many sockets at once; the
// others have their turn with the next Ready.
func NewWatch(most int) (*Watch, error) { return &Watch{tags: make([]uint64, max(most, 1))}, nil }

// Add watches a socket; Ready calls it by its tag. What waits in it already
// counts too.
func (w *Watch) Add(s *Socket, tag uint64) error {
	if w.index(s) >= 0 {
		return errWatched
	}
	w.sockets = append(w.sockets, watched{s, tag})
	return nil
}

// Remove watches a socket no more. It goes before the socket's Close.
func (w *Watch) Remove(s *Socket) error {
	i := w.index(s)
	if i < 0 {
		return errWatched
	}
	w.sockets = slices.Delete(w.sockets, i, i+1)
	return nil
}

func (w *Watch) index(s *Socket) int {
	return slices.IndexFunc(w.sockets, func(e watched) bool { return e.socket == s })
}

// Ready gives the tags of the sockets that have something to read, without
// waiting; a socket that is not read empty is told again. The slice is good
// until the next Ready.
func (w *Watch) Ready() []uint64 {
	n := 0
	for i := range w.sockets {
		at := (w.first + i) % len(w.sockets)
		if e := w.sockets[at]; len(e.socket.queue) > 0 {
			w.tags[n] = e.tag
			n++
		}
		if n == len(w.tags) {
			w.first = at + 1
			break
		}
	}
	return w.tags[:n]
}

// Close ends the watch; the sockets stay as they are.
func (w *Watch) Close() error { return nil }
