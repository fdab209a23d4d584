//go:build linux && !386 && !portable

package floor

import (
	"os"
	"syscall"
	"unsafe"
)

// socket is nothing but the two system calls.
type socket struct {
	fd    int
	local uint16
	to    syscall.RawSockaddrInet4
	size  uint32
}

func listen() (*socket, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	s := &socket{fd: fd}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		s.close()
		return nil, os.NewSyscallError("bind", err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		s.close()
		return nil, os.NewSyscallError("getsockname", err)
	}
	s.local = uint16(name.(*syscall.SockaddrInet4).Port)
	return s, nil
}

func (s *socket) port() uint16 { return s.local }

func (s *socket) close() { _ = syscall.Close(s.fd) }

func (s *socket) known() bool { return s.to.Port != 0 }

func (s *socket) aim(port uint16) {
	s.to = syscall.RawSockaddrInet4{Family: syscall.AF_INET, Addr: [4]byte{127, 0, 0, 1}}
	at := (*[2]byte)(unsafe.Pointer(&s.to.Port))
	at[0], at[1] = byte(port>>8), byte(port)
}

// receive learns the sender of the first packet; then it asks for none.
func (s *socket) receive(buf []byte) bool {
	var from, size unsafe.Pointer
	if s.to.Port == 0 {
		s.size = uint32(unsafe.Sizeof(s.to))
		from, size = unsafe.Pointer(&s.to), unsafe.Pointer(&s.size)
	}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(s.fd), uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)),
		syscall.MSG_DONTWAIT, uintptr(from), uintptr(size))
	return errno == 0
}

func (s *socket) send(b []byte) {
	_, _, _ = syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
		syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, uintptr(unsafe.Pointer(&s.to)), unsafe.Sizeof(s.to))
}
