package media

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"partyline/media/jitter"
	"partyline/media/report"
	"partyline/media/udp"
)

const controlReads = 4 // RTCP packets a second and leg; a flood costs no more

// control is a leg's RTCP.
type control struct {
	session report.Session
	cname   string
	to      netip.AddrPort
	dest    udp.Dest
	next    int64 // when the next report is due
	mos     uint8 // tenths of a mean opinion score: how we hear the far end
	farMOS  uint8 // how it says it hears us
}

// start begins to report, once there is a far end.
func (c *control) start(now int64) { c.next = now + int64(report.Interval(rand.Float64())) }

// aim sends reports to the address SDP named for them.
func (c *control) aim(to netip.AddrPort, s *stream) {
	if to != c.to {
		c.to, c.dest = to, s.socket.rtcp.Dest(to)
	}
}

// turn reads what has come and sends a report when one is due.
func (c *control) turn(w *worker, s *stream) {
	for range controlReads {
		n, from, ok := s.socket.rtcp.Read(w.buffer[:])
		if !ok {
			break
		}
		if !s.far.known || !s.lock.CheckRTCP(from) {
			w.count.strangers++
			continue
		}
		b := w.buffer[:n]
		if s.secure != nil {
			var err error
			if b, err = s.secure.UnprotectRTCP(w.clear[:0], b); err != nil {
				w.count.strangers++
				continue
			}
		}
		switch got, err := c.session.Handle(b, w.now); err {
		case nil:
			s.silence.heard(w.now)
			if got.HasMetrics {
				c.farMOS = got.Metrics.MOSLQ
			}
		case report.ErrStranger:
			w.count.strangers++
		default:
			w.count.malformed++
		}
	}
	if s.far.known && w.now >= c.next {
		c.start(w.now)
		b := c.session.AppendReport(w.report[:0], c.cname, w.engine.clock.wall(w.now), w.now)
		if m, ok := c.session.Metrics(s.playout()); ok {
			c.mos = m.MOSLQ
			if s.far.metrics {
				b = report.AppendVoIPMetrics(b, c.session.SSRC, m)
			}
		}
		c.send(s, b)
	}
}

// bye tells the far end that the leg is closed.
func (c *control) bye(w *worker, s *stream) {
	if s.far.known {
		c.send(s, c.session.AppendBye(w.report[:0], c.cname, w.engine.clock.wall(w.now), w.now))
	}
}

func (c *control) send(s *stream, b []byte) {
	if !c.to.IsValid() {
		return
	}
	if s.secure != nil {
		sealed, err := s.secure.ProtectRTCP(b[:0], b)
		if err != nil {
			return // and not in the clear
		}
		b = sealed
	}
	s.socket.rtcp.Write(b, &c.dest)
}

// playout is what the metrics need to know of the jitter buffer.
func (s *stream) playout() report.Playout {
	if s.mouth == nil {
		return report.Playout{Packet: 20 * time.Millisecond, AbsMaximum: jitter.Cap, System: 10 * time.Millisecond}
	}
	jit := s.jit.Stats()
	depth := s.jit.Depth()
	return report.Playout{
		Packet:     20 * time.Millisecond,
		Discarded:  jit.Late,
		Delay:      depth,
		Maximum:    depth + 20*time.Millisecond,
		AbsMaximum: jitter.Cap,
		System:     depth + 10*time.Millisecond,
	}
}
