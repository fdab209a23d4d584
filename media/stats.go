package media

import (
	"sync/atomic"
	"time"

	"partyline/media/jitter"
)

// Stats of a leg, for the quality record. They are up to 200 ms old.
type Stats struct {
	Codec      string
	Received   uint64        // RTP packets accepted
	Lost       uint64        // by sequence number (RFC 3550 A.3)
	Discarded  uint64        // malformed, duplicate, late, or from a wrong source
	Sent       uint64        // RTP packets
	Jitter     time.Duration // RFC 3550 §6.4.1
	RoundTrip  time.Duration // from RTCP; 0 when never measured
	FarLost    uint64        // packets of ours the far end reports lost
	Digits     uint64        // key presses
	MOS        float64       // how well we hear the far end by the E-model, 1 to 4.5 (ITU-T G.107); 0: not known
	FarMOS     float64       // how well it hears us by its own XR report; 0: not known
	Cipher     string        // SRTP suite; empty: plain RTP
	LastPacket time.Time     // zero before the first
}

// published is what a worker has told of a leg.
type published struct {
	received, lost, discarded, sent, farLost, digits atomic.Uint64
	jitter, roundTrip, lastPacket                    atomic.Int64
	mos, farMOS                                      atomic.Uint32 // tenths
}

// Stats returns what is known of the leg; it stays readable after Close.
func (l *Leg) Stats() Stats {
	l.mu.Lock()
	codec, cipher := l.codec, l.cipher
	l.mu.Unlock()
	p := &l.seen
	s := Stats{
		Codec:     codec,
		Cipher:    cipher,
		MOS:       score(p.mos.Load()),
		FarMOS:    score(p.farMOS.Load()),
		Received:  p.received.Load(),
		Lost:      p.lost.Load(),
		Discarded: p.discarded.Load(),
		Sent:      p.sent.Load(),
		Jitter:    time.Duration(p.jitter.Load()),
		RoundTrip: time.Duration(p.roundTrip.Load()),
		FarLost:   p.farLost.Load(),
		Digits:    p.digits.Load(),
	}
	if at := p.lastPacket.Load(); at != 0 {
		s.LastPacket = l.engine.clock.wall(at)
	}
	return s
}

// score is a mean opinion score of tenths; what is no score is not known.
func score(tenths uint32) float64 {
	if tenths < 10 || tenths > 50 {
		return 0
	}
	return float64(tenths) / 10
}

// publish tells the leg's figures to whoever asks.
func (s *stream) publish() {
	p, session := &s.leg.seen, &s.control.session
	reception, jit := session.Receiver.Reception(), jitter.Stats{}
	if s.mouth != nil {
		jit = s.jit.Stats()
	}
	p.received.Store(s.counts.received)
	p.lost.Store(reception.Lost)
	p.discarded.Store(s.counts.discarded + jit.Duplicates + jit.Late + jit.Strange)
	p.sent.Store(s.counts.sent)
	p.farLost.Store(session.FarLost())
	p.digits.Store(s.counts.digits)
	p.jitter.Store(int64(reception.Jitter))
	p.roundTrip.Store(int64(session.RoundTrip()))
	p.lastPacket.Store(s.silence.last)
	p.mos.Store(uint32(s.control.mos))
	p.farMOS.Store(uint32(s.control.farMOS))
}

// LatenessBounds are the upper bounds of EngineStats.Lateness; the last
// bucket has none.
var LatenessBounds = [...]time.Duration{
	100 * time.Microsecond, 300 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond,
	10 * time.Millisecond, 20 * time.Millisecond, 60 * time.Millisecond,
}

// lateAfter is when a tick counts as late: a quarter of a frame.
const lateAfter = 5 * time.Millisecond

// EngineStats are the sums of all workers since the engine was made.
type EngineStats struct {
	Legs, Rooms   int
	Ticks         uint64
	Late          uint64                          // ticks that began more than 5 ms after their time
	Skipped       uint64                          // ticks left out after a stall
	Lateness      [len(LatenessBounds) + 1]uint64 // ticks by how late they began
	Budget        float64                         // of 20 ms used by the busiest worker, lately; 1 is all of it
	In            uint64                          // RTP packets read
	Out           uint64                          // RTP packets sent
	Refused       uint64                          // packets the system would not take
	Overflowed    uint64                          // packets the kernel dropped because a socket was full
	Filtered      int                             // legs whose sound the kernel drops because nobody may hear it
	Unmet         uint64                          // ticks on which a worker did not wait any longer for another
	Malformed     uint64                          // packets that are no RTP or RTCP
	Unknown       uint64                          // packets of a payload type nobody agreed on
	Strangers     uint64                          // packets from a wrong address or SSRC
	EventsDropped uint64                          // events lost because handlers were too slow
}

// gauge is what a worker tells of itself.
type gauge struct {
	ticks, late, skipped atomic.Uint64
	lateness             [len(LatenessBounds) + 1]atomic.Uint64
	budget               atomic.Int64 // nanoseconds of a tick, smoothed
	in, out, refused     atomic.Uint64
	unmet, overflowed    atomic.Uint64
	filtered             atomic.Int64
	malformed, unknown   atomic.Uint64
	strangers            atomic.Uint64
}

// note takes the tick that has just ended.
func (g *gauge) note(w *worker, end int64) {
	late := time.Duration(w.now - w.due)
	g.ticks.Add(1)
	if late > lateAfter {
		g.late.Add(1)
	}
	bucket := 0
	for bucket < len(LatenessBounds) && late > LatenessBounds[bucket] {
		bucket++
	}
	g.lateness[bucket].Add(1)
	g.budget.Store(g.budget.Load() + (end-w.now-g.budget.Load())/16)
	g.in.Store(w.count.in)
	g.out.Store(w.count.out)
	g.refused.Store(w.count.refused)
	g.malformed.Store(w.count.malformed)
	g.unknown.Store(w.count.unknown)
	g.strangers.Store(w.count.strangers)
	g.overflowed.Store(w.count.overflowed)
	g.filtered.Store(w.filtered)
}

// Stats returns the engine's figures, up to a tick old.
func (e *Engine) Stats() EngineStats {
	e.mu.Lock()
	s := EngineStats{Legs: len(e.legs), Rooms: len(e.rooms)}
	e.mu.Unlock()
	s.EventsDropped = e.dispatch.dropped.Load()
	for _, w := range e.workers {
		g := &w.gauge
		s.Ticks += g.ticks.Load()
		s.Late += g.late.Load()
		s.Skipped += g.skipped.Load()
		for i := range g.lateness {
			s.Lateness[i] += g.lateness[i].Load()
		}
		s.Budget = max(s.Budget, float64(g.budget.Load())/float64(tick))
		s.In += g.in.Load()
		s.Out += g.out.Load()
		s.Refused += g.refused.Load()
		s.Unmet += g.unmet.Load()
		s.Overflowed += g.overflowed.Load()
		s.Filtered += int(g.filtered.Load())
		s.Malformed += g.malformed.Load()
		s.Unknown += g.unknown.Load()
		s.Strangers += g.strangers.Load()
	}
	return s
}
