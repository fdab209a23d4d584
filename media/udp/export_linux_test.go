//go:build linux && !386 && !portable

package udp

import "golang.org/x/sys/unix"

// Waiting tells whether a datagram is there to be read, without reading it.
func (s *Socket) Waiting() bool {
	n, err := unix.IoctlGetInt(s.fd, unix.TIOCINQ)
	return err == nil && n > 0
}
