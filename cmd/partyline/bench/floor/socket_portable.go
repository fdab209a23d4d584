//go:build !linux || 386 || portable

package floor

import (
	"net/netip"

	"partyline/media/udp"
)

// socket is that of package udp, for want of a barer one.
type socket struct {
	*udp.Socket
	to    udp.Dest
	aimed bool
}

func listen() (*socket, error) {
	s, err := udp.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		return nil, err
	}
	return &socket{Socket: s}, nil
}

func (s *socket) port() uint16 { return s.Local().Port() }

func (s *socket) close() { _ = s.Close() }

func (s *socket) known() bool { return s.aimed }

func (s *socket) aim(port uint16) {
	s.to, s.aimed = s.Dest(netip.AddrPortFrom(s.Local().Addr(), port)), true
}

func (s *socket) receive(buf []byte) bool {
	_, from, ok := s.Read(buf)
	if ok && !s.aimed {
		s.aim(from.Port())
	}
	return ok
}

func (s *socket) send(b []byte) { s.Write(b, &s.to) }
