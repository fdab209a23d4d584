package dtmf

import (
	"encoding/binary"
	"time"
)

// Packet is one telephone-event packet to send: what its RTP header says and
// its payload. Sequence numbers are the sender's.
type Packet struct {
	At      time.Duration // when to send it, from the start of the press
	TS      uint32        // the same in all packets of a press
	Marker  bool          // on the first only
	Payload [4]byte
}

// Packets makes the packets of one press as a phone sends them: one every
// interval with a growing duration, then the end three times (RFC 4733
// §2.5.1.2, §2.5.1.4). A press longer than 8.19 s is cut into segments. It
// returns nil for a digit that is no key. interval 0 is 20 ms.
func Packets(digit byte, ts uint32, held, interval time.Duration) []Packet {
	event, ok := Code(digit)
	if !ok {
		return nil
	}
	if interval <= 0 {
		interval = 20 * time.Millisecond
	}
	var out []Packet
	var segment uint32 // where this segment began, in timestamp units from ts
	for at := interval; at < held; at += interval {
		length := uint32(at*8000/time.Second) - segment
		if length > 0xFFFF {
			out = append(out, packet(event, ts+segment, 0xFFFF, false, false, at))
			segment += 0xFFFF
			length -= 0xFFFF
		}
		out = append(out, packet(event, ts+segment, length, len(out) == 0, false, at))
	}
	length := uint32(held*8000/time.Second) - segment
	for range 3 {
		out = append(out, packet(event, ts+segment, min(length, 0xFFFF), len(out) == 0, true, held))
	}
	return out
}

func packet(event byte, ts, length uint32, marker, end bool, at time.Duration) Packet {
	p := Packet{At: at, TS: ts, Marker: marker}
	p.Payload[0] = event
	p.Payload[1] = 10 // −10 dBm0
	if end {
		p.Payload[1] |= 0x80
	}
	binary.BigEndian.PutUint16(p.Payload[2:], uint16(length))
	return p
}
