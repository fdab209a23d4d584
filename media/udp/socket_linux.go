//go:build linux && !386 && !portable

package udp

import (
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"unsafe"
)

// receiveBuffer holds about a second of 20 ms G.711 packets of one leg, with
// the kernel's own overhead per packet; more would only ever be stale sound.
const receiveBuffer = 64 << 10

// looks is how often one call asks the kernel. Of a connected socket it tells
// an ICMP error before the packets that wait, once; only EAGAIN means empty.
const looks = 3

// Socket is one bound UDP port.
type Socket struct {
	fd    int
	local netip.AddrPort
	six   bool
	from  syscall.RawSockaddrInet6 // where recvfrom puts the sender; wide enough for both families
	size  uint32

	msg     syscall.Msghdr // of ReadStamped, kept here so that reading allocates nothing
	iov     syscall.Iovec
	control [8]uint64 // bytes of control messages, aligned as they must be
}

// Listen binds addr; port 0 takes any free one.
func Listen(addr netip.AddrPort) (*Socket, error) {
	family := syscall.AF_INET
	six := addr.Addr().Is6() && !addr.Addr().Is4In6()
	if six {
		family = syscall.AF_INET6
	}
	fd, err := syscall.Socket(family, syscall.SOCK_DGRAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	s := &Socket{fd: fd, six: six}
	// A refused size is no reason to have no call: the default serves too.
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, receiveBuffer)
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1) // without it ReadStamped gives 0
	if err := s.claim(addr); err != nil {
		syscall.Close(fd)
		return nil, fmt.Errorf("udp %s: %w", addr, err)
	}
	return s, nil
}

// claim binds addr so that Disconnect leaves the port bound. The kernel gives
// up a port of its own choice when a socket is disconnected and keeps only
// one that was asked for by number; so a chosen one is given up here, while
// nobody knows it yet, and asked for.
func (s *Socket) claim(addr netip.AddrPort) error {
	if err := s.bind(addr); err != nil || addr.Port() != 0 {
		return err
	}
	const tries = 16 // another program may take the port in between
	var err error
	for range tries {
		if err = s.Disconnect(); err != nil {
			return err
		}
		if err = s.bind(netip.AddrPortFrom(addr.Addr(), s.local.Port())); err == nil {
			return nil
		}
		if err := s.bind(addr); err != nil {
			return err
		}
	}
	return err
}

func (s *Socket) bind(addr netip.AddrPort) error {
	var sa syscall.Sockaddr
	if s.six {
		sa = &syscall.SockaddrInet6{Port: int(addr.Port()), Addr: addr.Addr().As16()}
	} else {
		sa = &syscall.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().Unmap().As4()}
	}
	if err := syscall.Bind(s.fd, sa); err != nil {
		return os.NewSyscallError("bind", err)
	}
	got, err := syscall.Getsockname(s.fd)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	switch a := got.(type) {
	case *syscall.SockaddrInet4:
		s.local = netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *syscall.SockaddrInet6:
		s.local = netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
	}
	return nil
}

// Local is the address the socket is bound to.
func (s *Socket) Local() netip.AddrPort { return s.local }

// Read takes the next waiting datagram; ok is false when there is none. A
// datagram longer than buf is cut to len(buf).
func (s *Socket) Read(buf []byte) (n int, from netip.AddrPort, ok bool) {
	for range looks {
		s.size = uint32(unsafe.Sizeof(s.from))
		r, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(s.fd),
			uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)), syscall.MSG_DONTWAIT,
			uintptr(unsafe.Pointer(&s.from)), uintptr(unsafe.Pointer(&s.size)))
		if errno == 0 {
			return int(r), s.sender(), true
		}
		if errno == syscall.EAGAIN {
			break
		}
	}
	return 0, netip.AddrPort{}, false
}

// ReadStamped is Read that also tells when the datagram arrived, in
// nanoseconds since 1970 by the kernel's clock; 0 when it does not say.
func (s *Socket) ReadStamped(buf []byte) (n int, from netip.AddrPort, at int64, ok bool) {
	s.iov.Base = unsafe.SliceData(buf)
	s.iov.SetLen(len(buf))
	s.msg = syscall.Msghdr{
		Name: (*byte)(unsafe.Pointer(&s.from)), Namelen: uint32(unsafe.Sizeof(s.from)),
		Iov: &s.iov, Iovlen: 1, Control: (*byte)(unsafe.Pointer(&s.control)),
	}
	for range looks {
		s.msg.SetControllen(int(unsafe.Sizeof(s.control)))
		r, _, errno := syscall.RawSyscall(syscall.SYS_RECVMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.msg)), syscall.MSG_DONTWAIT)
		if errno == 0 {
			return int(r), s.sender(), s.stamp(), true
		}
		if errno == syscall.EAGAIN {
			break
		}
	}
	return 0, netip.AddrPort{}, 0, false
}

// stamp reads the arrival time out of the control message; the kernel puts
// no other before it on these sockets.
func (s *Socket) stamp() int64 {
	const head = syscall.SizeofCmsghdr
	h := (*syscall.Cmsghdr)(unsafe.Pointer(&s.control))
	if int(s.msg.Controllen) < head+int(unsafe.Sizeof(syscall.Timespec{})) ||
		h.Level != syscall.SOL_SOCKET || h.Type != syscall.SCM_TIMESTAMPNS {
		return 0
	}
	ts := (*syscall.Timespec)(unsafe.Add(unsafe.Pointer(&s.control), head))
	return ts.Nano()
}

// Write sends one datagram, or reports that the kernel would not take it
// (its buffer is full, the network is down): a packet of live sound is not
// worth a second try.
func (s *Socket) Write(b []byte, to *Dest) bool {
	for {
		_, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(s.fd),
			uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL,
			uintptr(unsafe.Pointer(&to.raw)), uintptr(to.size))
		if errno != syscall.EINTR {
			return errno == 0
		}
	}
}

// Close gives the port back.
func (s *Socket) Close() error {
	fd := s.fd
	s.fd = -1
	return os.NewSyscallError("close", syscall.Close(fd))
}
