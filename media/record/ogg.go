package record

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
)

// oggStream writes packets in the pages of one Ogg stream (RFC 3533 §6).
type oggStream struct {
	out    io.Writer
	serial uint32
	seq    uint32
	page   []byte // packets of the page at work
	lacing []byte
	began  bool
	at     uint64 // position at the end of the page at work
}

const (
	oggFirst = 2 // flags of a page
	oggLast  = 4
)

func newOggStream(out io.Writer) *oggStream { return &oggStream{out: out, serial: rand.Uint32()} }

// room tells whether a packet fits into the page at work: packets are not
// spread over pages.
func (o *oggStream) room(bytes int) bool { return len(o.lacing)+bytes/255+1 <= 255 }

// packet adds a packet, after which the stream is at that position.
func (o *oggStream) packet(b []byte, at uint64) {
	o.page = append(o.page, b...)
	for n := len(b); ; n -= 255 {
		o.lacing = append(o.lacing, byte(min(n, 255)))
		if n < 255 {
			break
		}
	}
	o.at = at
}

// flush writes the page at work.
func (o *oggStream) flush(last bool) error {
	b := make([]byte, 27, 27+len(o.lacing)+len(o.page))
	copy(b, "OggS")
	if !o.began {
		b[5] |= oggFirst
		o.began = true
	}
	if last {
		b[5] |= oggLast
	}
	le := binary.LittleEndian
	le.PutUint64(b[6:], o.at)
	le.PutUint32(b[14:], o.serial)
	le.PutUint32(b[18:], o.seq)
	b[26] = byte(len(o.lacing))
	b = append(append(b, o.lacing...), o.page...)
	le.PutUint32(b[22:], oggSum(b))
	o.seq++
	o.lacing, o.page = o.lacing[:0], o.page[:0]
	_, err := o.out.Write(b)
	return err
}

// oggTable is of the CRC of Ogg: polynomial 04C11DB7, the highest bit first,
// which hash/crc32 does not have.
var oggTable = func() (t [256]uint32) {
	for i := range t {
		r := uint32(i) << 24
		for range 8 {
			if r&(1<<31) != 0 {
				r = r<<1 ^ 0x04c11db7
			} else {
				r <<= 1
			}
		}
		t[i] = r
	}
	return t
}()

func oggSum(b []byte) (sum uint32) {
	for _, x := range b {
		sum = sum<<8 ^ oggTable[byte(sum>>24)^x]
	}
	return sum
}
