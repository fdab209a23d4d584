//go:build linux && !386 && !portable

package udp

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A filter sees a datagram from its UDP header on.
const (
	firstByte    = 8
	secondByte   = firstByte + 1
	sequenceByte = firstByte + 3 // the lower half of the sequence number
)

// Mute lets the kernel drop the sound a leg sends before it costs a wake-up,
// a copy or a call: of RTP there pass the payload types in events, comfort
// noise, RTCP on the same port, and of all else one packet in 64 (sequence
// numbers divisible by 64), from which liveness and loss can still be told.
// What is not RTP version 2 is dropped. What waits in the socket stays there.
// A muted socket may be muted again, with other events.
//
// It takes 24 µs, most of it the kernel's compiler, and Unmute 1 µs: who mutes
// a thousand at once spreads that over some ticks.
func (s *Socket) Mute(events []uint8) error {
	if len(events) > mutedEventsMax {
		return errTooManyEvents
	}
	code := muteFilter(events)
	prog := syscall.SockFprog{Len: uint16(len(code)), Filter: unsafe.SliceData(code)}
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_SETSOCKOPT, uintptr(s.fd), syscall.SOL_SOCKET,
		syscall.SO_ATTACH_FILTER, uintptr(unsafe.Pointer(&prog)), unsafe.Sizeof(prog), 0); errno != 0 {
		return fmt.Errorf("udp %s: mute: %w", s.local, os.NewSyscallError("setsockopt", errno))
	}
	return nil
}

// Unmute lets everything through again. One packet in 64 of before may still
// wait: Drain throws it away.
func (s *Socket) Unmute() error {
	var unused int32
	_, _, errno := syscall.RawSyscall6(syscall.SYS_SETSOCKOPT, uintptr(s.fd), syscall.SOL_SOCKET,
		syscall.SO_DETACH_FILTER, uintptr(unsafe.Pointer(&unused)), unsafe.Sizeof(unused), 0)
	if errno != 0 && errno != syscall.ENOENT {
		return fmt.Errorf("udp %s: unmute: %w", s.local, os.NewSyscallError("setsockopt", errno))
	}
	return nil
}

// muteFilter is the rule in the code of classic BPF. A load from
// beyond the datagram's end drops it.
func muteFilter(events []uint8) []syscall.SockFilter {
	const (
		load = syscall.BPF_LD | syscall.BPF_B | syscall.BPF_ABS
		and  = syscall.BPF_ALU | syscall.BPF_AND | syscall.BPF_K
		eq   = syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K
		ge   = syscall.BPF_JMP | syscall.BPF_JGE | syscall.BPF_K
		gt   = syscall.BPF_JMP | syscall.BPF_JGT | syscall.BPF_K
		ret  = syscall.BPF_RET | syscall.BPF_K

		fixed = 13 // instructions besides those of events
		whole = 1 << 16
	)
	n := len(events) + fixed
	drop, pass := n-2, n-1
	code := make([]syscall.SockFilter, 0, n)
	put := func(op uint16, k uint32) { code = append(code, syscall.SockFilter{Code: op, K: k}) }
	// jump goes to yes or no, given by their place; a jump's own fields count
	// from the instruction after it.
	jump := func(op uint16, k uint32, yes, no int) {
		next := len(code) + 1
		code = append(code, syscall.SockFilter{Code: op, Jt: uint8(yes - next), Jf: uint8(no - next), K: k})
	}
	put(load, firstByte)
	put(and, versionMask)
	jump(eq, rtpVersion, len(code)+1, drop)
	put(load, secondByte)
	jump(ge, rtcpFirst, len(code)+1, len(code)+2)
	jump(gt, rtcpLast, len(code)+1, pass)
	put(and, 0x7f)
	jump(eq, comfortNoise, pass, len(code)+1)
	for _, e := range events {
		jump(eq, uint32(e&0x7f), pass, len(code)+1)
	}
	put(load, sequenceByte)
	put(and, sampleMask)
	jump(eq, 0, pass, drop)
	put(ret, 0)
	put(ret, whole)
	return code
}

// Drops counts the datagrams for this socket that the kernel has dropped: its
// buffer was full, or it was muted. It starts anywhere and wraps: what counts
// is the difference of two readings with no mute between them. ok is false
// when the kernel does not tell.
func (s *Socket) Drops() (n uint32, ok bool) {
	var info [unix.SK_MEMINFO_VARS]uint32
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := syscall.RawSyscall6(syscall.SYS_GETSOCKOPT, uintptr(s.fd), syscall.SOL_SOCKET,
		unix.SO_MEMINFO, uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 || size <= 4*unix.SK_MEMINFO_DROPS {
		return 0, false
	}
	return info[unix.SK_MEMINFO_DROPS], true
}
