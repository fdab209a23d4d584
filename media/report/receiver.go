// Package report keeps the statistics of one RTP stream each way and writes
// and reads the RTCP that carries them (RFC 3550 §6). Everything that runs
// per packet is arithmetic on fixed-size values.
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
}

// Reception is what a Receiver knows.
type Reception struct {
	Received uint64        // packets
	Lost     uint64        // packets; duplicates never make it less than 0
	Jitter   time.Duration // RFC 3550 §6.4.1
}

// Packet takes one packet's header and the time it arrived, in nanoseconds
// of any monotonic clock.
func (r *Receiver) Packet(ssrc uint32, seq uint16, ts uint32, arrival int64) {
	r.total++
	switch {
	case !r.started || ssrc != r.ssrc:
		r.lost += r.missing()
		r.ssrc, r.started = ssrc, true
		r.begin(seq)
		r.lastTS, r.lastAt = ts, arrival
	default:
		r.sequence(seq)
		r.spread(ts, arrival)
	}
	r.count++
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

func (r *Receiver) begin(seq uint16) {
	r.max, r.base, r.cycles, r.bad = seq, uint32(seq), 0, 0
	r.count, r.expected, r.received = 0, 0, 0
}

// sequence is RFC 3550 A.1 without probation: the source rule has had it.
func (r *Receiver) sequence(seq uint16) {
	step := seq - r.max
	switch {
	case step < maxDropout:
		if seq < r.max {
			r.cycles += 1 << 16
		}
		r.max = seq
		r.bad = 0
	case step <= 0xFFFF-maxMisorder:
		if r.bad == uint32(seq)+1 {
			r.lost += r.missing()
			r.begin(seq)
			return
		}
		r.bad = uint32(seq+1) + 1
	}
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
