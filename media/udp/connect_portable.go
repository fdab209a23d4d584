//go:build !linux || 386 || portable

package udp

import "net/netip"

// rule is what the reader of a socket takes. Each change is a new one, so the
// reader needs no lock.
type rule struct {
	peer   netip.AddrPort // the only sender taken, when valid
	muted  bool
	events []uint8
}

// Connect ties the socket to one far end: what others send is dropped, and
// Send knows where to. It may be called again for another far end.
//
// Datagrams that came before stay in the socket, whoever sent them, and Read
// and ReadStamped still give each with its own sender: the caller has to look
// at the sender of those, and Recv, which does not tell, is for a socket that
// was drained.
func (s *Socket) Connect(to netip.AddrPort) error {
	if !to.IsValid() {
		return errNoAddress
	}
	next := *s.rule.Load()
	next.peer = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	s.rule.Store(&next)
	return nil
}

// Disconnect undoes Connect: datagrams of every sender come again.
func (s *Socket) Disconnect() error {
	next := *s.rule.Load()
	next.peer = netip.AddrPort{}
	s.rule.Store(&next)
	return nil
}

// Send is Write to the far end of a connected socket.
func (s *Socket) Send(b []byte) bool {
	peer := s.rule.Load().peer
	if !peer.IsValid() {
		return false
	}
	return s.Write(b, &Dest{peer})
}

// Recv is Read of a socket whose sender is known: it does not tell it.
func (s *Socket) Recv(buf []byte) (n int, ok bool) {
	n, _, _, ok = s.ReadStamped(buf)
	return n, ok
}

// Drain throws away what waits in the socket and tells how many datagrams
// that were. It ends even while more come.
func (s *Socket) Drain() int {
	n := 0
	for n < waiting {
		if _, ok := s.Recv(nil); !ok {
			break
		}
		n++
	}
	return n
}
