//go:build !linux || 386 || portable

package udp

// Waiting tells whether a datagram is there to be read, without reading it.
func (s *Socket) Waiting() bool { return len(s.queue) > 0 }
