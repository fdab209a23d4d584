// Package report keeps the statistics of one RTP stream each way and writes
// and reads the RTCP that carries them (RFC 3550 §6, RFC 3611 §4.7).
// Everything that runs per packet is arithmetic on fixed-size values.
package report

import "time"

// sampleNS is the length of one timestamp unit of G.711.
const sampleNS = int64(time.Second / 8000)

const (
	maxDropout  = 3000 // RFC 3550 A.1
	maxMisorder = 100
)

// Receiver counts what arrives from one far end (RFC 3550 A.1, A.3, A.8).
// Its zero value is ready.
type Receiver struct {
	ssrc     uint32
	started  bool
	view     view   // how much of the stream is seen
	max      uint16 // highest sequence number
	base     uint32 // first, extended
	cycles   uint32 // wraps, times 65536
	bad      uint32 // the number after a leap, plus one; 0 for none
	count    uint32 // packets of this SSRC since base
	total    uint64 // packets ever
	lost     int64  // lost under earlier SSRCs and before leaps
	jitter   int64  // nanoseconds times 16
	lastTS   uint32
	lastAt   int64
	expected uint32 // at the last report
	received uint32 // at the last report

	turn    int64  // when the view changed
	settled uint32 // what came or was lost below this extended number is known
	owed    uint32 // a sample counted lost that may be on its way yet
	credit  uint32 // what it stood for; 0 for none
	bursts  bursts
}

// Reception is what a Receiver knows.
type Reception struct {
	Received uint64        // packets; those a filter kept from us by estimate
	Lost     uint64        // packets; duplicates never make it less than 0
	Jitter   time.Duration // RFC 3550 §6.4.1
}

// Packet takes one packet's header and the time it arrived, in nanoseconds
// of any monotonic clock.
func (r *Receiver) Packet(ssrc uint32, seq uint16, ts uint32, arrival int64) {
	n := uint32(1)
	switch {
	case !r.started || ssrc != r.ssrc:
		r.ssrc = ssrc
		r.restart(seq)
		r.lastTS, r.lastAt = ts, arrival
	case r.view != whole:
		n = r.glimpse(seq, ts, arrival)
	default:
		n = r.sequence(seq)
		r.spread(ts, arrival)
	}
	r.count += n
	r.total += uint64(n)
}

// SSRC is the source last heard; ok is false before the first packet.
func (r *Receiver) SSRC() (ssrc uint32, ok bool) { return r.ssrc, r.started }

// Reception returns the totals.
func (r *Receiver) Reception() Reception {
	return Reception{
		Received: r.total,
		Lost:     uint64(max(r.lost+r.missing(), 0)),
		Jitter:   time.Duration(r.jitter / 16),
	}
}

// restart begins to count anew at a sequence number, whose packet the caller
// counts; what was lost before stays in the totals.
func (r *Receiver) restart(seq uint16) {
	r.bursts.leave(r.highest())
	r.lost += r.missing()
	r.started = true
	r.max, r.base, r.cycles, r.bad = seq, uint32(seq), 0, 0
	r.count, r.expected, r.received = 0, 0, 0
	r.settled, r.credit = 0, 0
	if r.view == whole || r.view == closing {
		r.bursts.enter(r.base)
	}
}

// sequence is RFC 3550 A.1 without probation: the source rule has had it. It
// returns for how many packets this one counts.
func (r *Receiver) sequence(seq uint16) uint32 {
	step := seq - r.max
	switch {
	case step < maxDropout:
		if step > 1 {
			r.bursts.lose(r.highest()+1, uint32(step-1))
		}
		r.advance(seq)
	case step <= 0xFFFF-maxMisorder:
		if r.bad == uint32(seq)+1 {
			r.restart(seq)
			return 1
		}
		r.bad = uint32(seq+1) + 1
	default:
		return r.late(r.highest() - uint32(-step))
	}
	return 1
}

func (r *Receiver) advance(seq uint16) {
	if seq < r.max {
		r.cycles += 1 << 16
	}
	r.max, r.bad = seq, 0
}

// late takes a packet that comes after others with higher numbers.
func (r *Receiver) late(number uint32) (count uint32) {
	r.bursts.came(number)
	switch {
	case r.credit != 0 && number == r.owed:
		count, r.credit = r.credit, 0
		return count
	case number < r.settled:
		return 0
	}
	return 1
}

// spread is RFC 3550 A.8. Packets with the timestamp of the one before, as
// telephone events have, say nothing of the line; a leap of the timestamp
// does not either.
func (r *Receiver) spread(ts uint32, arrival int64) {
	if ts == r.lastTS {
		return
	}
	d := arrival - r.lastAt - int64(int32(ts-r.lastTS))*sampleNS
	r.lastTS, r.lastAt = ts, arrival
	if d < 0 {
		d = -d
	}
	if d < int64(time.Second) {
		r.jitter += d - r.jitter/16
	}
}

func (r *Receiver) highest() uint32 { return r.cycles + uint32(r.max) }

func (r *Receiver) missing() int64 {
	if !r.started {
		return 0
	}
	return int64(r.highest()-r.base) + 1 - int64(r.count)
}

// block fills a report block (RFC 3550 A.3) and begins a new interval of its
// fraction lost.
func (r *Receiver) block() Block {
	expected := r.highest() - r.base + 1
	interval := int64(expected - r.expected)
	lost := interval - int64(r.count-r.received)
	r.expected, r.received = expected, r.count
	b := Block{
		SSRC:    r.ssrc,
		Lost:    int32(min(max(r.lost+r.missing(), -1<<23), 1<<23-1)),
		Highest: r.highest(),
		Jitter:  uint32(r.jitter / 16 / sampleNS),
	}
	if interval > 0 && lost > 0 {
		b.Fraction = uint8(min(lost<<8/interval, 255))
	}
	return b
}
