package media

import "encoding/binary"

// RTP payload types (RFC 3551 §6).
const (
	ptPCMU = 0
	ptPCMA = 8
	ptG722 = 9
	ptCN   = 13 // comfort noise, RFC 3389
)

const headerSize = 12 // RFC 3550 §5.1, without contributing sources

// packet is a received RTP packet; payload lies in the buffer it was read to.
type packet struct {
	marker  bool
	pt      uint8
	seq     uint16
	ts      uint32
	ssrc    uint32
	payload []byte
}

// parsePacket reads RFC 3550 §5.1, extension and padding included; ok is
// false when a length does not fit or the version is not 2.
func parsePacket(b []byte) (p packet, ok bool) {
	if len(b) < headerSize || b[0]>>6 != 2 {
		return packet{}, false
	}
	p.marker, p.pt = b[1]&0x80 != 0, b[1]&0x7F
	p.seq = binary.BigEndian.Uint16(b[2:])
	p.ts = binary.BigEndian.Uint32(b[4:])
	p.ssrc = binary.BigEndian.Uint32(b[8:])
	at := headerSize + 4*int(b[0]&0x0F)
	if b[0]&0x10 != 0 {
		if len(b) < at+4 {
			return packet{}, false
		}
		at += 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
	}
	end := len(b)
	if b[0]&0x20 != 0 {
		pad := int(b[end-1])
		if pad == 0 {
			return packet{}, false
		}
		end -= pad
	}
	if at > end {
		return packet{}, false
	}
	p.payload = b[at:end]
	return p, true
}

// putHeader writes the header of a packet of ours.
func putHeader(b []byte, marker bool, pt uint8, seq uint16, ts, ssrc uint32) {
	_ = b[11]
	b[0], b[1] = 0x80, pt
	if marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], ts)
	binary.BigEndian.PutUint32(b[8:], ssrc)
}
