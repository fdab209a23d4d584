//go:build linux && !386 && !portable

package udp

import (
	"net/netip"
	"syscall"
	"unsafe"
)

// Dest is an address in the form the kernel takes, made once and used for
// every packet.
type Dest struct {
	raw  syscall.RawSockaddrInet6
	size uint32
}

// Dest makes an address this socket can send to.
func (s *Socket) Dest(addr netip.AddrPort) Dest {
	port := addr.Port()
	if !hostBigEndian {
		port = port>>8 | port<<8
	}
	var d Dest
	if s.six {
		d.raw = syscall.RawSockaddrInet6{Family: syscall.AF_INET6, Port: port, Addr: addr.Addr().As16()}
		d.size = syscall.SizeofSockaddrInet6
		return d
	}
	four := (*syscall.RawSockaddrInet4)(unsafe.Pointer(&d.raw))
	four.Family, four.Port = syscall.AF_INET, port
	if a := addr.Addr().Unmap(); a.Is4() {
		four.Addr = a.As4()
	}
	d.size = syscall.SizeofSockaddrInet4
	return d
}

func (s *Socket) sender() netip.AddrPort {
	port := s.from.Port>>8 | s.from.Port<<8
	if hostBigEndian {
		port = s.from.Port
	}
	if s.from.Family == syscall.AF_INET {
		four := (*syscall.RawSockaddrInet4)(unsafe.Pointer(&s.from))
		return netip.AddrPortFrom(netip.AddrFrom4(four.Addr), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(s.from.Addr).Unmap(), port)
}

var hostBigEndian = func() bool {
	one := uint16(1)
	return *(*byte)(unsafe.Pointer(&one)) == 0
}()
