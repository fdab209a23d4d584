package siptest

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// Network is a packet network in memory, for tests in virtual time
// (testing/synctest): sockets of the system would stop its clock. Packets
// arrive in order, after Delay, unless Lose says otherwise.
type Network struct {
	Delay time.Duration
	Lose  func(from, to string, b []byte) bool

	mu    sync.Mutex
	next  uint16
	socks map[netip.AddrPort]*packetSocket
}

// NewNetwork is an empty network.
func NewNetwork() *Network {
	return &Network{next: 20000, socks: map[netip.AddrPort]*packetSocket{}}
}

// ListenPacket opens a socket at "ip:port"; port 0 takes a free one.
func (n *Network) ListenPacket(address string) (net.PacketConn, error) {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if ap.Port() == 0 {
		n.next++
		ap = netip.AddrPortFrom(ap.Addr(), n.next)
	}
	if n.socks[ap] != nil {
		return nil, &net.OpError{Op: "listen", Net: "udp", Err: os.ErrExist}
	}
	s := &packetSocket{net: n, addr: ap, in: make(chan packet, 4096), done: make(chan struct{})}
	n.socks[ap] = s
	return s, nil
}

type packet struct {
	from netip.AddrPort
	data []byte
	at   time.Time
}

type packetSocket struct {
	net  *Network
	addr netip.AddrPort
	in   chan packet
	done chan struct{}
	once sync.Once
}

func (s *packetSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case <-s.done:
		return 0, nil, net.ErrClosed
	case p := <-s.in:
		if wait := time.Until(p.at); wait > 0 {
			t := time.NewTimer(wait)
			defer t.Stop()
			select {
			case <-t.C:
			case <-s.done:
				return 0, nil, net.ErrClosed
			}
		}
		return copy(b, p.data), net.UDPAddrFromAddrPort(p.from), nil
	}
}

func (s *packetSocket) WriteTo(b []byte, to net.Addr) (int, error) {
	ap, err := netip.ParseAddrPort(to.String())
	if err != nil {
		return 0, err
	}
	ap = netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	n := s.net
	n.mu.Lock()
	dst, lose, delay := n.socks[ap], n.Lose, n.Delay
	n.mu.Unlock()
	if dst == nil || (lose != nil && lose(s.addr.String(), ap.String(), b)) {
		return len(b), nil
	}
	select {
	case dst.in <- packet{from: s.addr, data: append([]byte(nil), b...), at: time.Now().Add(delay)}:
	default: // like any network
	}
	return len(b), nil
}

func (s *packetSocket) Close() error {
	s.once.Do(func() {
		s.net.mu.Lock()
		delete(s.net.socks, s.addr)
		s.net.mu.Unlock()
		close(s.done)
	})
	return nil
}

func (s *packetSocket) LocalAddr() net.Addr              { return net.UDPAddrFromAddrPort(s.addr) }
func (s *packetSocket) SetDeadline(time.Time) error      { return nil }
func (s *packetSocket) SetReadDeadline(time.Time) error  { return nil }
func (s *packetSocket) SetWriteDeadline(time.Time) error { return nil }
