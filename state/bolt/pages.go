package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// The file format of bbolt (version 2), as far as it takes to verify a file
// without mapping it. bbolt trusts its pages: a damaged one makes it follow
// wild offsets, recurse for ever or allocate without bound, and not all of
// that can be recovered from. So nothing reaches bbolt unverified.
const (
	pageHeader = 16 // id (8), flags (2), count (2), overflow (4)
	elemSize   = 16 // of a branch and of a leaf alike
	metaSize   = 64 // without the page header

	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagMeta     = 0x04
	flagFreelist = 0x10
	flagBucket   = 0x01 // of a leaf element

	boltMagic   = 0xED0CDAED
	boltVersion = 2
	noFreelist  = ^uint64(0)

	maxDepth = 64 // of a tree: bbolt's fan-out never needs more than a dozen
)

var order = binary.NativeEndian // bbolt writes as the machine does

// meta is the header of a file: where everything begins.
type meta struct {
	pageSize int64
	root     uint64 // page of the root bucket
	freelist uint64
	pages    uint64 // high-water mark: pages in use are below
	txid     uint64
	self     uint64 // number and kind the page gives itself
	flags    uint16
}

// parseMeta finds a header good by its checksum, as bbolt does: which header
// is in force must be the same for both.
func parseMeta(page []byte) (meta, error) {
	if len(page) < pageHeader+metaSize {
		return meta{}, io.ErrUnexpectedEOF
	}
	b := page[pageHeader:]
	if order.Uint32(b) != boltMagic {
		return meta{}, errors.New("no bbolt header")
	}
	if metaSum(b) != order.Uint64(b[metaSize-8:]) {
		return meta{}, errors.New("header checksum differs")
	}
	if v := order.Uint32(b[4:]); v != boltVersion {
		return meta{}, fmt.Errorf("bbolt format %d", v)
	}
	return meta{
		pageSize: int64(order.Uint32(b[8:])),
		root:     order.Uint64(b[16:]),
		freelist: order.Uint64(b[32:]),
		pages:    order.Uint64(b[40:]),
		txid:     order.Uint64(b[48:]),
		self:     order.Uint64(page),
		flags:    order.Uint16(page[8:]),
	}, nil
}

// metaSum is the checksum of a header, over what stands before it.
func metaSum(b []byte) uint64 {
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8])
	return sum.Sum64()
}

// readMeta finds the newer of the two headers. doubt is set when one of them
// is damaged: bbolt goes on from the other, which may be one commit older.
func readMeta(r io.ReaderAt, size int64) (newest meta, doubt error, err error) {
	first, err0 := metaAt(r, 0)
	pageSize := first.pageSize
	if err0 != nil { // then the second header is at one of the sizes a page can have
		for pageSize = 1 << 10; pageSize < min(size, 1<<24); pageSize <<= 1 {
			if m, err := metaAt(r, pageSize); err == nil && m.pageSize == pageSize {
				break
			}
		}
	}
	second, err1 := metaAt(r, pageSize)
	switch {
	case err0 != nil && err1 != nil:
		return meta{}, nil, err0
	case err0 != nil:
		newest, doubt = second, fmt.Errorf("its first header is damaged (%w)", err0)
	case err1 != nil:
		newest, doubt = first, fmt.Errorf("its second header is damaged (%w)", err1)
	case second.txid > first.txid:
		newest = second
	default:
		newest = first
	}
	for i, m := range []meta{first, second} {
		if m.pageSize != 0 && (m.self != uint64(i) || m.flags != flagMeta) {
			return meta{}, nil, fmt.Errorf("its header %d calls itself page %d of kind %#x", i, m.self, m.flags)
		}
	}
	if s := newest.pageSize; s < 1<<10 || s > 1<<24 || s&(s-1) != 0 {
		return meta{}, nil, fmt.Errorf("its pages would have %d bytes", s)
	}
	if newest.pages < 4 || newest.pages > uint64(size/newest.pageSize) {
		return meta{}, nil, fmt.Errorf("it has %d bytes, its header speaks of %d pages of %d: it is truncated",
			size, newest.pages, newest.pageSize)
	}
	return newest, doubt, nil
}

func metaAt(r io.ReaderAt, off int64) (meta, error) {
	b := make([]byte, pageHeader+metaSize)
	if _, err := r.ReadAt(b, off); err != nil {
		return meta{}, err
	}
	return parseMeta(b)
}

// page is one page with its overflow, as read.
type page struct {
	id    uint64
	flags uint16
	count int
	data  []byte // header included
}

// parsePage takes the header apart; data may be longer than the page is.
func parsePage(id uint64, data []byte) (page, error) {
	if len(data) < pageHeader {
		return page{}, io.ErrUnexpectedEOF
	}
	p := page{id: id, flags: order.Uint16(data[8:]), count: int(order.Uint16(data[10:])), data: data}
	if p.flags == flagFreelist {
		return p, nil
	}
	if p.flags != flagBranch && p.flags != flagLeaf {
		return page{}, fmt.Errorf("page %d is of kind %#x, not one of a tree", id, p.flags)
	}
	if pageHeader+p.count*elemSize > len(data) {
		return page{}, fmt.Errorf("page %d holds %d entries, too many for its size", id, p.count)
	}
	return p, nil
}

// branch returns the i-th key of a branch page and the page it leads to.
func (p page) branch(i int) (key []byte, child uint64, err error) {
	at := pageHeader + i*elemSize
	e := p.data[at:]
	key, err = p.slice(at, order.Uint32(e), order.Uint32(e[4:]))
	return key, order.Uint64(e[8:]), err
}

// leaf returns the i-th entry of a leaf page.
func (p page) leaf(i int) (key, value []byte, bucket bool, err error) {
	at := pageHeader + i*elemSize
	e := p.data[at:]
	flags, pos, ksize, vsize := order.Uint32(e), order.Uint32(e[4:]), order.Uint32(e[8:]), order.Uint32(e[12:])
	if flags > flagBucket {
		return nil, nil, false, fmt.Errorf("page %d entry %d has unknown flags %#x", p.id, i, flags)
	}
	if key, err = p.slice(at, pos, ksize); err != nil {
		return nil, nil, false, err
	}
	value, err = p.slice(at, pos+ksize, vsize)
	if uint64(pos)+uint64(ksize) > 1<<32-1 {
		err = fmt.Errorf("page %d entry %d points outside of the page", p.id, i)
	}
	return key, value, flags == flagBucket, err
}

// slice returns size bytes that begin pos after the entry at offset at.
func (p page) slice(at int, pos, size uint32) ([]byte, error) {
	from := uint64(at) + uint64(pos)
	to := from + uint64(size)
	if to > uint64(len(p.data)) {
		return nil, fmt.Errorf("page %d has an entry that points outside of the page", p.id)
	}
	return p.data[from:to], nil
}
