package report

import (
	"encoding/binary"
	"errors"
)

// Packet types of RFC 3550 §12.1.
const (
	typeSR   = 200
	typeRR   = 201
	typeSDES = 202
	typeBye  = 203
)

// ErrMalformed is a datagram that is no RTCP compound packet.
var ErrMalformed = errors.New("RTCP not understood")

// Block is a report block (RFC 3550 §6.4.1), in its units.
type Block struct {
	SSRC     uint32
	Fraction uint8  // lost since the last report, of 256
	Lost     int32  // cumulative, 24 bits
	Highest  uint32 // extended highest sequence number
	Jitter   uint32 // timestamp units
	LSR      uint32 // middle of the NTP time of the last SR
	DLSR     uint32 // delay since, in 1/65536 s
}

// Compound is what matters in a compound packet.
type Compound struct {
	SSRC     uint32 // of its sender
	HasNTP   bool   // it has a sender report
	NTP      uint64
	HasBlock bool // it has a report block about us
	Block    Block
	Bye      bool // its sender leaves

	HasMetrics bool // it has VoIP metrics about us
	Metrics    VoIPMetrics
}

// Parse reads a compound packet as RFC 3550 A.2 would have it: version 2, a
// report first, lengths that add up. ours is the SSRC whose report block is
// wanted.
func Parse(packet []byte, ours uint32) (Compound, error) {
	var c Compound
	if len(packet) < 8 || len(packet)%4 != 0 {
		return c, ErrMalformed
	}
	if kind := packet[1]; kind != typeSR && kind != typeRR {
		return c, ErrMalformed
	}
	c.SSRC = binary.BigEndian.Uint32(packet[4:])
	for len(packet) > 0 {
		if len(packet) < 4 || packet[0]>>6 != 2 {
			return Compound{}, ErrMalformed
		}
		size := 4 * (int(binary.BigEndian.Uint16(packet[2:])) + 1)
		if size > len(packet) || packet[0]&0x20 != 0 && size != len(packet) {
			return Compound{}, ErrMalformed
		}
		if !c.take(packet[:size], ours) {
			return Compound{}, ErrMalformed
		}
		packet = packet[size:]
	}
	return c, nil
}

// take reads one packet of a compound.
func (c *Compound) take(p []byte, ours uint32) bool {
	count := int(p[0] & 0x1F)
	switch p[1] {
	case typeSR:
		if len(p) < 28+24*count {
			return false
		}
		if binary.BigEndian.Uint32(p[4:]) == c.SSRC {
			c.HasNTP, c.NTP = true, binary.BigEndian.Uint64(p[8:])
			c.blocks(p[28:], count, ours)
		}
	case typeRR:
		if len(p) < 8+24*count {
			return false
		}
		if binary.BigEndian.Uint32(p[4:]) == c.SSRC {
			c.blocks(p[8:], count, ours)
		}
	case typeBye:
		if len(p) < 4+4*count {
			return false
		}
		for i := range count {
			if binary.BigEndian.Uint32(p[4+4*i:]) == c.SSRC {
				c.Bye = true
			}
		}
	case typeXR:
		return c.extended(p, ours)
	}
	return true
}

func (c *Compound) blocks(b []byte, count int, ours uint32) {
	for ; count > 0; count, b = count-1, b[24:] {
		if binary.BigEndian.Uint32(b) != ours {
			continue
		}
		c.HasBlock = true
		c.Block = Block{
			SSRC:     ours,
			Fraction: b[4],
			Lost:     int32(binary.BigEndian.Uint32(b[4:])<<8) >> 8,
			Highest:  binary.BigEndian.Uint32(b[8:]),
			Jitter:   binary.BigEndian.Uint32(b[12:]),
			LSR:      binary.BigEndian.Uint32(b[16:]),
			DLSR:     binary.BigEndian.Uint32(b[20:]),
		}
	}
}

// header appends a packet's first word; words is its length without it.
func header(dst []byte, count, kind byte, words int) []byte {
	return append(dst, 2<<6|count, kind, byte(words>>8), byte(words))
}

func appendBlock(dst []byte, b Block) []byte {
	dst = binary.BigEndian.AppendUint32(dst, b.SSRC)
	dst = binary.BigEndian.AppendUint32(dst, uint32(b.Fraction)<<24|uint32(b.Lost)&0xFFFFFF)
	dst = binary.BigEndian.AppendUint32(dst, b.Highest)
	dst = binary.BigEndian.AppendUint32(dst, b.Jitter)
	dst = binary.BigEndian.AppendUint32(dst, b.LSR)
	return binary.BigEndian.AppendUint32(dst, b.DLSR)
}

// appendCNAME appends the source description every compound packet needs.
func appendCNAME(dst []byte, ssrc uint32, cname string) []byte {
	cname = cname[:min(len(cname), 255)]
	chunk := 4 + 2 + len(cname) + 1 // SSRC, item header, text, end of items
	pad := (4 - chunk%4) % 4
	dst = header(dst, 1, typeSDES, (chunk+pad)/4)
	dst = binary.BigEndian.AppendUint32(dst, ssrc)
	dst = append(dst, 1, byte(len(cname)))
	dst = append(dst, cname...)
	for range pad + 1 {
		dst = append(dst, 0)
	}
	return dst
}
