package media

import (
	"math/rand/v2"
	"net/netip"

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
		switch _, err := c.session.Handle(w.buffer[:n], w.now); err {
		case nil:
			s.silence.heard(w.now)
		case report.ErrStranger:
			w.count.strangers++
		default:
			w.count.malformed++
		}
	}
	if s.far.known && w.now >= c.next {
		c.start(w.now)
		c.send(s, c.session.AppendReport(w.report[:0], c.cname, w.engine.clock.wall(w.now), w.now))
	}
}

// bye tells the far end that the leg is closed.
func (c *control) bye(w *worker, s *stream) {
	if s.far.known {
		c.send(s, c.session.AppendBye(w.report[:0], c.cname, w.engine.clock.wall(w.now), w.now))
	}
}

func (c *control) send(s *stream, b []byte) {
	if c.to.IsValid() {
		s.socket.rtcp.Write(b, &c.dest)
	}
}
