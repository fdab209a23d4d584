//go:build linux && !386 && !portable

package udp

import (
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"unsafe"
)

// Connect ties the socket to one far end: the kernel drops what others send
// and Send needs no route lookup. It may be called again for another far end.
//
// Datagrams that came before stay in the socket, whoever sent them, and Read
// and ReadStamped still give each with its own sender: the caller has to look
// at the sender of those, and Recv, which does not tell, is for a socket that
// was drained. A socket bound to every address of the machine (0.0.0.0, ::)
// takes the one address the route to the far end leaves from, and gets only
// what is sent to that until Disconnect.
func (s *Socket) Connect(to netip.AddrPort) error {
	if !to.IsValid() {
		return errNoAddress
	}
	d := s.Dest(to)
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CONNECT, uintptr(s.fd),
		uintptr(unsafe.Pointer(&d.raw)), uintptr(d.size)); errno != 0 {
		return fmt.Errorf("udp %s to %s: %w", s.local, to, os.NewSyscallError("connect", errno))
	}
	return nil
}

// Disconnect undoes Connect: datagrams of every sender come again, to the
// address and port that Local tells.
func (s *Socket) Disconnect() error {
	none := syscall.RawSockaddr{Family: syscall.AF_UNSPEC}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CONNECT, uintptr(s.fd),
		uintptr(unsafe.Pointer(&none)), unsafe.Sizeof(none)); errno != 0 {
		return fmt.Errorf("udp %s: %w", s.local, os.NewSyscallError("disconnect", errno))
	}
	return nil
}

// Send is Write to the far end of a connected socket. When an earlier packet
// was refused there (ICMP port unreachable) the kernel says so on the next
// send in place of sending; the packet is then sent nevertheless.
func (s *Socket) Send(b []byte) bool {
	errno := s.send(b)
	if errno != 0 && errno != syscall.EAGAIN {
		errno = s.send(b)
	}
	return errno == 0
}

func (s *Socket) send(b []byte) syscall.Errno {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(s.fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
		syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
	return errno
}

// Recv is Read of a socket whose sender is known: it does not tell it.
func (s *Socket) Recv(buf []byte) (n int, ok bool) {
	for range looks {
		r, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(s.fd),
			uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)), syscall.MSG_DONTWAIT, 0, 0)
		if errno == 0 {
			return int(r), true
		}
		if errno == syscall.EAGAIN {
			break
		}
	}
	return 0, false
}

// Drain throws away what waits in the socket and tells how many datagrams
// that were. It ends even while more come.
func (s *Socket) Drain() int {
	n := 0
	for n < deepest {
		if _, ok := s.Recv(nil); !ok {
			break
		}
		n++
	}
	return n
}

// deepest is more than a receive buffer can hold: the kernel counts at least
// 256 bytes for a packet, and doubles the size that was asked for.
const deepest = 2 * receiveBuffer / 256
