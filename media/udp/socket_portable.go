//go:build !linux || 386 || portable

package udp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"
)

const (
	waiting = 50   // datagrams kept for a reader that is behind: a second of 20 ms packets
	largest = 2048 // bytes; RTP of a telephone is far below
)

// Socket is one bound UDP port.
type Socket struct {
	conn  *net.UDPConn
	queue chan datagram
	free  chan []byte
	done  chan struct{}

	rule    atomic.Pointer[rule] // what the reader takes; never nil
	dropped atomic.Uint32
}

type datagram struct {
	b    []byte
	from netip.AddrPort
	at   int64 // nanoseconds since 1970
}

// Dest is an address a socket can send to.
type Dest struct{ addr netip.AddrPort }

// Listen binds addr; port 0 takes any free one.
func Listen(addr netip.AddrPort) (*Socket, error) {
	network := "udp4"
	if addr.Addr().Is6() && !addr.Addr().Is4In6() {
		network = "udp6"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, fmt.Errorf("udp %s: %w", addr, err)
	}
	s := &Socket{
		conn:  conn,
		queue: make(chan datagram, waiting),
		free:  make(chan []byte, waiting+1),
		done:  make(chan struct{}),
	}
	s.rule.Store(&rule{})
	for range waiting + 1 {
		s.free <- make([]byte, largest)
	}
	go s.receive()
	return s, nil
}

// receive moves datagrams from the runtime's poller into the queue; what a
// full queue cannot take is lost, as it would be in the kernel.
func (s *Socket) receive() {
	defer close(s.done)
	buf := <-s.free
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(buf[:largest])
		if err != nil {
			if ne, ok := err.(net.Error); ok && !ne.Timeout() {
				return
			}
			continue
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if r := s.rule.Load(); r.peer.IsValid() && r.peer != from {
			continue
		} else if r.muted && !passes(r.events, buf[:n]) {
			s.dropped.Add(1)
			continue
		}
		select {
		case s.queue <- datagram{buf[:n], from, time.Now().UnixNano()}:
			buf = <-s.free
		default:
			s.dropped.Add(1)
		}
	}
}

// Local is the address the socket is bound to.
func (s *Socket) Local() netip.AddrPort {
	a := s.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// Read takes the next waiting datagram; ok is false when there is none. A
// datagram longer than buf is cut to len(buf).
func (s *Socket) Read(buf []byte) (n int, from netip.AddrPort, ok bool) {
	n, from, _, ok = s.ReadStamped(buf)
	return n, from, ok
}

// ReadStamped is Read that also tells when the datagram arrived, in
// nanoseconds since 1970; here that is when the reader got it.
func (s *Socket) ReadStamped(buf []byte) (n int, from netip.AddrPort, at int64, ok bool) {
	select {
	case d := <-s.queue:
		n = copy(buf, d.b)
		s.free <- d.b
		return n, d.from, d.at, true
	default:
		return 0, netip.AddrPort{}, 0, false
	}
}

// Write sends one datagram, or reports that it could not: a packet of live
// sound is not worth a second try.
func (s *Socket) Write(b []byte, to *Dest) bool {
	const tries = 3 // a deadline may pass while the goroutine is not served, before anything was tried
	for range tries {
		_ = s.conn.SetWriteDeadline(time.Now().Add(time.Millisecond))
		_, err := s.conn.WriteToUDPAddrPort(b, to.addr)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err == nil
		}
	}
	return false
}

// Close gives the port back and waits for the reader to end.
func (s *Socket) Close() error {
	err := s.conn.Close()
	<-s.done
	return err
}

// Dest makes an address this socket can send to.
func (s *Socket) Dest(addr netip.AddrPort) Dest { return Dest{addr} }
