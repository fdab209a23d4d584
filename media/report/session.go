package report

import (
	"encoding/binary"
	"errors"
	"time"
)

// ErrStranger is RTCP from an SSRC that is not the far end's.
var ErrStranger = errors.New("RTCP from an unknown source")

// Session is both directions of one leg's RTP. SSRC is ours and must be set
// first. It allocates nothing and has no pointers. Where a method takes now
// and at, they are the same moment, by the wall clock and in nanoseconds of
// the monotonic clock that Packet gets.
type Session struct {
	SSRC     uint32
	Receiver Receiver

	packets  uint32
	octets   uint32
	lastTS   uint32
	lastSent int64
	sent     bool // since the last report

	sentSR  [4]stamp // our last sender reports
	nextSR  uint8
	farSR   stamp // the far end's last sender report
	round   time.Duration
	farLost int32
}

// stamp is the compact NTP time of a report and the moment it passed here.
type stamp struct {
	ntp uint32
	at  int64
}

// Sent counts a packet of ours: its timestamp, the bytes of its payload and
// when it left.
func (s *Session) Sent(ts uint32, octets int, at int64) {
	s.packets++
	s.octets += uint32(octets)
	s.lastTS, s.lastSent, s.sent = ts, at, true
}

// AppendReport appends a compound packet to dst: a sender report if anything
// was sent since the last one, otherwise a receiver report, and the CNAME.
func (s *Session) AppendReport(dst []byte, cname string, now time.Time, at int64) []byte {
	_, heard := s.Receiver.SSRC()
	var count byte
	words := 1
	if heard {
		count, words = 1, 7
	}
	if s.sent {
		dst = header(dst, count, typeSR, words+5)
		dst = binary.BigEndian.AppendUint32(dst, s.SSRC)
		dst = s.appendSender(dst, now, at)
	} else {
		dst = header(dst, count, typeRR, words)
		dst = binary.BigEndian.AppendUint32(dst, s.SSRC)
	}
	if heard {
		dst = appendBlock(dst, s.block(at))
	}
	s.sent = false
	return appendCNAME(dst, s.SSRC, cname)
}

// AppendBye appends a compound packet that says goodbye.
func (s *Session) AppendBye(dst []byte, cname string, now time.Time, at int64) []byte {
	dst = s.AppendReport(dst, cname, now, at)
	dst = header(dst, 1, typeBye, 1)
	return binary.BigEndian.AppendUint32(dst, s.SSRC)
}

func (s *Session) appendSender(dst []byte, now time.Time, at int64) []byte {
	ntp := ntpTime(now)
	s.sentSR[s.nextSR] = stamp{ntp: uint32(ntp >> 16), at: at}
	s.nextSR = (s.nextSR + 1) % uint8(len(s.sentSR))
	dst = binary.BigEndian.AppendUint64(dst, ntp)
	dst = binary.BigEndian.AppendUint32(dst, s.lastTS+uint32((at-s.lastSent)/sampleNS))
	dst = binary.BigEndian.AppendUint32(dst, s.packets)
	return binary.BigEndian.AppendUint32(dst, s.octets)
}

func (s *Session) block(at int64) Block {
	b := s.Receiver.block()
	if s.farSR.ntp != 0 {
		b.LSR = s.farSR.ntp
		b.DLSR = uint32((at - s.farSR.at) << 16 / int64(time.Second))
	}
	return b
}

// Handle takes a datagram that came to the RTCP port from the far end's
// address. What does not come from the SSRC whose packets we play changes
// nothing and is ErrStranger; before the first packet, a report about our
// own SSRC shows that its sender hears us.
func (s *Session) Handle(packet []byte, at int64) (Compound, error) {
	c, err := Parse(packet, s.SSRC)
	if err != nil {
		return Compound{}, err
	}
	ssrc, heard := s.Receiver.SSRC()
	if heard && c.SSRC != ssrc || !heard && !c.HasBlock || c.SSRC == s.SSRC {
		return Compound{}, ErrStranger
	}
	if c.HasNTP {
		s.farSR = stamp{ntp: uint32(c.NTP >> 16), at: at}
	}
	if c.HasBlock {
		s.farLost = c.Block.Lost
		s.measure(c.Block, at)
	}
	return c, nil
}

// measure takes the round trip from a block that answers one of our sender
// reports. Our own clock is compared with itself, so that neither a change
// of wall time nor an invented LSR can spoil the figure.
func (s *Session) measure(b Block, at int64) {
	for _, sr := range s.sentSR {
		if sr.ntp == 0 || sr.ntp != b.LSR {
			continue
		}
		held := int64(b.DLSR) * int64(time.Second) >> 16
		if trip := at - sr.at - held; trip >= 0 {
			s.round = time.Duration(trip)
		}
		return
	}
}

// RoundTrip is the last one measured, 0 before the first.
func (s *Session) RoundTrip() time.Duration { return s.round }

// FarLost is how many of our packets the far end says it has not got.
func (s *Session) FarLost() uint64 { return uint64(max(s.farLost, 0)) }

// Interval is the time to the next report (RFC 3550 §6.2): 5 s, spread over
// half to one and a half of it by random, which is in [0, 1).
func Interval(random float64) time.Duration {
	return time.Duration((0.5 + random) * float64(5*time.Second))
}

// ntpTime is seconds since 1900 with 32 bits of fraction.
func ntpTime(t time.Time) uint64 {
	const offset = 2208988800 // 1900 to 1970
	seconds := uint64(t.Unix() + offset)
	fraction := uint64(t.Nanosecond()) << 32 / uint64(time.Second)
	return seconds<<32 | fraction
}
