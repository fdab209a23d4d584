//go:build linux && !386 && !portable

package udp

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// entry is one operation of io_uring (struct io_uring_sqe).
type entry struct {
	op       uint8
	flags    uint8
	_        uint16
	fd       int32
	_        uint64
	addr     uint64
	len      uint32
	msgFlags uint32
	tag      uint64
	_        [3]uint64
}

// result is what became of one (struct io_uring_cqe).
type result struct {
	tag   uint64
	res   int32
	flags uint32
}

const (
	opSend        = 26      // IORING_OP_SEND
	quiet         = 1 << 6  // IOSQE_CQE_SKIP_SUCCESS
	setupClamp    = 1 << 4  // IORING_SETUP_CLAMP
	setupAll      = 1 << 7  // IORING_SETUP_SUBMIT_ALL: one bad entry does not stop the rest
	canSingleMap  = 1 << 0  // IORING_FEAT_SINGLE_MMAP
	canQuiet      = 1 << 11 // IORING_FEAT_CQE_SKIP, Linux 5.17
	offSends      = 0x10000000
	line          = 64  // packets begin on a cache line
	typicalPacket = 256 // bytes of memory for each entry; longer packets fill it sooner
)

// ringParams is struct io_uring_params.
type ringParams struct {
	sends, results, flags uint32
	_, _                  uint32
	features              uint32
	_                     [4]uint32
	sq                    struct {
		head, tail, mask, _, _, _, array, _ uint32
		_                                   uint64
	}
	cq struct {
		head, tail, mask, _, _, results, _, _ uint32
		_                                     uint64
	}
}

// NewRing makes a ring that takes about entries packets before it flushes by
// itself; or it fails with ErrNoRing.
func NewRing(entries int) (*Ring, error) { return newRing(entries, ringSetup) }

func ringSetup(entries int, p *ringParams) (int, syscall.Errno) {
	fd, _, errno := syscall.Syscall(unix.SYS_IO_URING_SETUP, uintptr(entries), uintptr(unsafe.Pointer(p)), 0)
	return int(fd), errno
}

func newRing(entries int, setup func(int, *ringParams) (int, syscall.Errno)) (*Ring, error) {
	p := ringParams{flags: setupClamp | setupAll}
	fd, errno := setup(max(entries, 1), &p)
	if errno != 0 {
		return nil, fmt.Errorf("%w: %w", ErrNoRing, errno)
	}
	r := &Ring{fd: fd}
	if p.features&canSingleMap == 0 || p.features&canQuiet == 0 {
		r.Close()
		return nil, fmt.Errorf("%w: it is older than Linux 5.17", ErrNoRing)
	}
	if err := r.share(&p); err != nil {
		r.Close()
		return nil, fmt.Errorf("%w: %w", ErrNoRing, err)
	}
	if _, errno := r.enter(0); errno != 0 { // some let a ring be made and not used
		r.Close()
		return nil, fmt.Errorf("%w: %w", ErrNoRing, errno)
	}
	return r, nil
}

// share maps what the kernel and we both see, and the packets' memory.
func (r *Ring) share(p *ringParams) (err error) {
	const prot = syscall.PROT_READ | syscall.PROT_WRITE
	const how = syscall.MAP_SHARED | syscall.MAP_POPULATE
	size := max(int(p.sq.array)+4*int(p.sends), int(p.cq.results)+int(p.results)*int(unsafe.Sizeof(result{})))
	if r.rings, err = syscall.Mmap(r.fd, 0, size, prot, how); err != nil {
		return err
	}
	if r.table, err = syscall.Mmap(r.fd, offSends, int(p.sends)*int(unsafe.Sizeof(entry{})), prot, how); err != nil {
		return err
	}
	size = int(p.sends)*typicalPacket + PacketSize
	if r.mem, err = syscall.Mmap(-1, 0, size, prot, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_POPULATE); err != nil {
		return err
	}
	at := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.rings[offset])) }
	r.head, r.tail, r.mask = at(p.sq.head), at(p.sq.tail), *at(p.sq.mask)
	r.heard, r.written, r.resultMask = at(p.cq.head), at(p.cq.tail), *at(p.cq.mask)
	r.sends = unsafe.Slice((*entry)(unsafe.Pointer(&r.table[0])), p.sends)
	r.results = unsafe.Slice((*result)(unsafe.Pointer(&r.rings[p.cq.results])), p.results)
	order := unsafe.Slice(at(p.sq.array), p.sends)
	for i := range order {
		order[i] = uint32(i)
	}
	return nil
}
