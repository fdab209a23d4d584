package report

import (
	"encoding/binary"
	"time"
)

const (
	typeXR        = 207 // RFC 3611 §2
	blockMetrics  = 7   // RFC 3611 §4.7
	metricsLength = 36  // bytes, its header included
	unknown       = 127 // of levels, echo, R factors and scores
)

// VoIPMetrics is a VoIP metrics block (RFC 3611 §4.7), in its units: rates
// and densities of 256, durations and delays in milliseconds, 127 for a level,
// a factor or a score that is not known.
type VoIPMetrics struct {
	SSRC uint32 // of the stream it tells about

	LossRate, DiscardRate, BurstDensity, GapDensity uint8
	BurstDuration, GapDuration                      uint16
	RoundTrip, EndSystem                            uint16

	Signal, Noise int8  // dBm0
	EchoLoss      uint8 // residual echo return loss, dB
	Gmin          uint8
	R, ExternalR  uint8 // 0 to 100
	MOSLQ, MOSCQ  uint8 // 10 to 50: tenths

	Config                       uint8  // receiver configuration (§4.7.6)
	Nominal, Maximum, AbsMaximum uint16 // delay of the jitter buffer
}

// adaptive is our receiver configuration: enhanced concealment, an adaptive
// buffer, and no word on how fast it adapts.
const adaptive = 2<<6 | 3<<4

// Playout is what the receiver of a stream does not know by itself.
type Playout struct {
	Packet     time.Duration // of sound in one packet; 0: 20 ms
	Discarded  uint64        // packets that came too late to be played, or too early
	Delay      time.Duration // of the jitter buffer now
	Maximum    time.Duration // of the jitter buffer as it is adapted now
	AbsMaximum time.Duration // that it may ever reach
	System     time.Duration // from arrival to departure, the jitter buffer and half of a tick included
}

// Metrics computes the block about what was received so far; ok is false when
// that is nothing. It is meant to be asked when a report is due, not more.
func (s *Session) Metrics(p Playout) (m VoIPMetrics, ok bool) {
	r := &s.Receiver
	if !r.started {
		return VoIPMetrics{}, false
	}
	if p.Packet <= 0 {
		p.Packet = 20 * time.Millisecond
	}
	got := r.Reception()
	expected := got.Received + got.Lost
	at := r.bursts.pattern(r.highest())
	m = VoIPMetrics{
		SSRC:          r.ssrc,
		LossRate:      share(got.Lost, expected),
		DiscardRate:   share(p.Discarded, expected),
		BurstDensity:  share(at.burstLost, at.inBurst),
		GapDensity:    share(at.gapLost, at.inGap),
		BurstDuration: mean(at.inBurst, at.bursts, p.Packet),
		GapDuration:   mean(at.inGap, at.bursts+1, p.Packet),
		RoundTrip:     millis(s.round),
		EndSystem:     millis(p.System),
		Signal:        unknown,
		Noise:         unknown,
		EchoLoss:      unknown,
		Gmin:          gMin,
		ExternalR:     unknown,
		Config:        adaptive,
		Nominal:       millis(p.Delay),
		Maximum:       millis(p.Maximum),
		AbsMaximum:    millis(p.AbsMaximum),
	}
	line := Line{OneWay: s.round/2 + p.System, BurstRatio: at.ratio()}
	if expected > 0 {
		line.Loss = min(float64(got.Lost+p.Discarded)/float64(expected), 1)
	}
	m.R = uint8(line.R() + 0.5)
	m.MOSLQ, m.MOSCQ = tenths(Line{Loss: line.Loss, BurstRatio: line.BurstRatio}.R()), tenths(line.R())
	return m, true
}

// share is a part of a whole, of 256.
func share(part, whole uint64) uint8 {
	if whole == 0 {
		return 0
	}
	return uint8(min(part<<8/whole, 255))
}

// mean is the mean length of n periods of altogether so many packets, in
// milliseconds.
func mean(packets, n uint64, each time.Duration) uint16 {
	if n == 0 {
		return 0
	}
	return millis(time.Duration(packets/n)*each + time.Duration(packets%n)*each/time.Duration(n))
}

func millis(d time.Duration) uint16 {
	return uint16(min(max((d+time.Millisecond/2).Milliseconds(), 0), 0xFFFF))
}

func tenths(r float64) uint8 { return uint8(10*MOS(r) + 0.5) }

// AppendVoIPMetrics appends an extended report with one VoIP metrics block;
// ssrc is ours. It belongs behind what AppendReport wrote, in the same
// datagram (RFC 3611 §2).
func AppendVoIPMetrics(dst []byte, ssrc uint32, m VoIPMetrics) []byte {
	dst = header(dst, 0, typeXR, 1+metricsLength/4)
	dst = binary.BigEndian.AppendUint32(dst, ssrc)
	dst = append(dst, blockMetrics, 0, 0, metricsLength/4-1)
	dst = binary.BigEndian.AppendUint32(dst, m.SSRC)
	dst = append(dst, m.LossRate, m.DiscardRate, m.BurstDensity, m.GapDensity)
	dst = binary.BigEndian.AppendUint16(dst, m.BurstDuration)
	dst = binary.BigEndian.AppendUint16(dst, m.GapDuration)
	dst = binary.BigEndian.AppendUint16(dst, m.RoundTrip)
	dst = binary.BigEndian.AppendUint16(dst, m.EndSystem)
	dst = append(dst, byte(m.Signal), byte(m.Noise), m.EchoLoss, m.Gmin)
	dst = append(dst, m.R, m.ExternalR, m.MOSLQ, m.MOSCQ, m.Config, 0)
	dst = binary.BigEndian.AppendUint16(dst, m.Nominal)
	dst = binary.BigEndian.AppendUint16(dst, m.Maximum)
	return binary.BigEndian.AppendUint16(dst, m.AbsMaximum)
}

// extended reads an extended report from c's sender: of its blocks only the
// VoIP metrics about our stream matter.
func (c *Compound) extended(p []byte, ours uint32) bool {
	if len(p) < 8 {
		return false
	}
	mine := binary.BigEndian.Uint32(p[4:]) == c.SSRC
	for b := p[8:]; len(b) > 0; {
		if len(b) < 4 {
			return false
		}
		size := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
		if size > len(b) {
			return false
		}
		if mine && b[0] == blockMetrics && size == metricsLength && binary.BigEndian.Uint32(b[4:]) == ours {
			c.HasMetrics, c.Metrics = true, readMetrics(b)
		}
		b = b[size:]
	}
	return true
}

func readMetrics(b []byte) VoIPMetrics {
	return VoIPMetrics{
		SSRC:          binary.BigEndian.Uint32(b[4:]),
		LossRate:      b[8],
		DiscardRate:   b[9],
		BurstDensity:  b[10],
		GapDensity:    b[11],
		BurstDuration: binary.BigEndian.Uint16(b[12:]),
		GapDuration:   binary.BigEndian.Uint16(b[14:]),
		RoundTrip:     binary.BigEndian.Uint16(b[16:]),
		EndSystem:     binary.BigEndian.Uint16(b[18:]),
		Signal:        int8(b[20]),
		Noise:         int8(b[21]),
		EchoLoss:      b[22],
		Gmin:          b[23],
		R:             b[24],
		ExternalR:     b[25],
		MOSLQ:         b[26],
		MOSCQ:         b[27],
		Config:        b[28],
		Nominal:       binary.BigEndian.Uint16(b[30:]),
		Maximum:       binary.BigEndian.Uint16(b[32:]),
		AbsMaximum:    binary.BigEndian.Uint16(b[34:]),
	}
}
