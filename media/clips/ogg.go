package clips

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// oggPage is one page of an Ogg file (RFC 3533, 6).
type oggPage struct {
	first   bool   // of its stream
	granule int64  // position at the end of its last whole packet; −1 for none
	serial  uint32 // of its stream
	lacing  []byte
	body    []byte
}

// oggReader gives the packets of one stream. Others beside it are passed over.
type oggReader struct {
	rest    []byte
	serial  uint32
	granule int64 // of the page that the newest packet ended in
	last    bool  // the newest packet was the last to end in its page
	partial []byte
	page    oggPage
}

// mostPacket bounds a packet that is put together from many pages.
const mostPacket = 1 << 20

// newOgg finds the first stream and its first packet. Of streams side by side,
// as of a film, the first one must be the sound.
func newOgg(file []byte) (*oggReader, []byte, error) {
	r := &oggReader{rest: file}
	if !r.readPage() || !r.page.first {
		return nil, nil, errors.New("the file is damaged")
	}
	r.serial = r.page.serial
	packet, ok := r.next()
	if !ok {
		return nil, nil, errors.New("the file is damaged")
	}
	return r, packet, nil
}

// next gives a packet; it is valid until the next call. It is false at the
// end, and where a further stream begins after this one.
func (r *oggReader) next() ([]byte, bool) {
	packet := r.partial[:0]
	for {
		for len(r.page.lacing) > 0 {
			n := int(r.page.lacing[0])
			r.page.lacing = r.page.lacing[1:]
			packet = append(packet, r.page.body[:n]...)
			r.page.body = r.page.body[n:]
			if len(packet) > mostPacket {
				return nil, false
			}
			if n < 255 {
				r.partial = packet
				r.granule, r.last = r.page.granule, !r.ends()
				return packet, true
			}
		}
		if !r.readPage() || r.page.first && len(packet) > 0 {
			return nil, false
		}
	}
}

// ends tells whether another packet ends in the page.
func (r *oggReader) ends() bool {
	for _, n := range r.page.lacing {
		if n < 255 {
			return true
		}
	}
	return false
}

// readPage reads the next page of the stream, passing over what is no page:
// its checksum tells.
func (r *oggReader) readPage() bool {
	for {
		at := bytes.Index(r.rest, []byte("OggS\x00"))
		if at < 0 {
			return false
		}
		r.rest = r.rest[at:]
		if len(r.rest) < 27 {
			return false
		}
		segments := int(r.rest[26])
		length := 27 + segments
		if len(r.rest) < length {
			return false
		}
		lacing := r.rest[27:length]
		for _, n := range lacing {
			length += int(n)
		}
		if len(r.rest) < length || !oggSound(r.rest[:length]) {
			r.rest = r.rest[4:]
			continue
		}
		page := r.rest[:length]
		r.rest = r.rest[length:]
		p := oggPage{
			first:   page[5]&2 != 0,
			granule: int64(binary.LittleEndian.Uint64(page[6:])),
			serial:  binary.LittleEndian.Uint32(page[14:]),
			lacing:  lacing,
			body:    page[27+segments:],
		}
		if r.serial != 0 && p.serial != r.serial {
			continue
		}
		r.page = p
		return true
	}
}

// oggSound tells whether a page's checksum is right: a CRC of 32 bits with
// the polynomial 0x04c11db7, not reflected, over the page with zeros in the
// checksum's place.
func oggSound(page []byte) bool {
	var crc uint32
	for i, b := range page {
		if i >= 22 && i < 26 {
			b = 0
		}
		crc = crc<<8 ^ oggTable[byte(crc>>24)^b]
	}
	return crc == binary.LittleEndian.Uint32(page[22:])
}

var oggTable = func() (table [256]uint32) {
	for i := range table {
		crc := uint32(i) << 24
		for range 8 {
			if crc&(1<<31) != 0 {
				crc = crc<<1 ^ 0x04c11db7
			} else {
				crc <<= 1
			}
		}
		table[i] = crc
	}
	return table
}()

// decodeOgg looks at what is in an Ogg file.
func decodeOgg(file []byte, in *intake) error {
	r, head, err := newOgg(file)
	if err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte("OpusHead")):
		return decodeOpus(r, head, in)
	case bytes.HasPrefix(head, []byte("\x01vorbis")):
		return decodeVorbis(r, head, in)
	case bytes.HasPrefix(head, []byte("\x7fFLAC")):
		return errors.New("sound of the kind FLAC inside Ogg cannot be read; send a plain FLAC file")
	case bytes.HasPrefix(head, []byte("Speex")):
		return errors.New("sound of the kind Speex cannot be read; send Vorbis or Opus")
	}
	return errors.New("neither Vorbis nor Opus is in it")
}
