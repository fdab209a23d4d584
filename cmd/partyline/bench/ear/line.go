package ear

import "encoding/binary"

// Line follows the packets of one leg (RFC 3550).
type Line struct {
	Counts LineCounts

	begun bool
	ssrc  uint32
	seq   uint16
	ts    uint32
	last  int64
}

// LineCounts of packets.
type LineCounts struct {
	Packets   uint64 `json:"packets"`
	Lost      uint64 `json:"lost"`      // sequence numbers that never came
	Reordered uint64 `json:"reordered"` // that came late or twice
	Streams   uint64 `json:"streams"`   // changes of SSRC
	Jumps     uint64 `json:"ts_jumps"`  // timestamps that did not go on by 160
	Foreign   uint64 `json:"foreign"`   // packets that are no PCMU
}

// Add sums.
func (c *LineCounts) Add(o LineCounts) {
	c.Packets += o.Packets
	c.Lost += o.Lost
	c.Reordered += o.Reordered
	c.Streams += o.Streams
	c.Jumps += o.Jumps
	c.Foreign += o.Foreign
}

// Hang forgets the call.
func (l *Line) Hang() { *l = Line{Counts: l.Counts} }

// Zero begins to count anew within the same call.
func (l *Line) Zero() { l.Counts = LineCounts{} }

// Last is when the newest packet came, 0 before the first.
func (l *Line) Last() int64 { return l.last }

// Packet takes a datagram that came at a time in nanoseconds. It returns its
// sound, how many packets are missing before it, and how far its distance from
// the one before is off 20 ms for each step of sequence; early is true when
// there is nothing to compare with. A payload of nil has no place in the sound.
func (l *Line) Packet(b []byte, at int64) (payload []byte, missing int, off int64, early bool) {
	if len(b) < 12 || b[0] != 0x80 || b[1]&0x7f != 0 {
		l.Counts.Foreign++
		return nil, 0, 0, true
	}
	l.Counts.Packets++
	seq, ts, ssrc := binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	if l.begun && ssrc != l.ssrc {
		l.Counts.Streams++
		l.begun = false
	}
	early = !l.begun
	if l.begun {
		step := int16(seq - l.seq)
		if step <= 0 {
			l.Counts.Reordered++
			if step < 0 && l.Counts.Lost > 0 {
				l.Counts.Lost--
			}
			return nil, 0, 0, true
		}
		missing = int(step) - 1
		l.Counts.Lost += uint64(missing)
		if ts-l.ts != uint32(step)*FrameSize {
			l.Counts.Jumps++
		}
		off = at - l.last - int64(step)*20e6
		off = max(off, -off)
	}
	l.begun, l.ssrc, l.seq, l.ts, l.last = true, ssrc, seq, ts, at
	return b[12:], missing, off, early
}
