package report

// Sample is how sparsely audio is let through while a leg is filtered: only
// packets whose sequence number is a multiple of it.
const Sample = 64

// view is how much of the stream is seen.
type view uint8

const (
	whole   view = iota
	closing      // a filter is in place; packets from before it may still wait
	sampled      // only every 64th packet of audio, telephone events and comfort noise come
	opening      // the filter is gone; packets from before that may still wait
)

// Filtered tells that a filter in front of the socket has been put in place
// or taken away, and when, by the clock of Packet's arrival. While it is
// there it lets through audio whose sequence number is a multiple of Sample,
// and any telephone events and comfort noise; Packet takes whatever comes, as
// ever. A sample speaks for itself and for the numbers since the sample
// before it: if it came they came, if it is missing they are lost. So the
// loss figures stay right in the mean, and nothing lost is exactly nothing
// reported. Numbers between the last sample and the first packet after the
// filter are taken as received.
//
// For a filter put in place at must not be later than that, for one taken
// away not earlier: packets that have arrived by then still wait in the
// socket and are judged by what was true when they came.
//
// The jitter is not fed while filtered: packets 1.28 s apart measure the
// drift of the two clocks rather than the line, and with the estimator's
// weight of 1/16 one of them would be felt for 20 s. It keeps its last value
// and takes the first whole packet as its new reference. Bursts and gaps are
// not counted either.
func (r *Receiver) Filtered(on bool, at int64) {
	switch {
	case on && r.view == whole:
		r.view, r.turn = closing, at
	case on && r.view == opening:
		r.view = sampled
	case !on && (r.view == closing || r.view == sampled):
		r.narrow()
		r.view, r.turn = opening, at
	}
}

// narrow ends the time in which every packet is expected to be seen.
func (r *Receiver) narrow() {
	if r.started {
		r.bursts.leave(r.highest())
	}
	r.view = sampled
}

// glimpse is Packet while not all packets are seen. It returns for how many
// this one counts.
func (r *Receiver) glimpse(seq uint16, ts uint32, arrival int64) uint32 {
	before := arrival <= r.turn
	switch {
	case r.view == closing && before:
		r.spread(ts, arrival)
		return r.sequence(seq)
	case r.view == closing:
		r.narrow()
	case r.view == opening && !before:
		r.view = whole
		r.lastTS, r.lastAt = ts, arrival
		n := r.estimate(seq)
		r.bursts.enter(r.highest())
		return n
	}
	if seq%Sample != 0 {
		return 0 // its sample speaks for it
	}
	return r.estimate(seq)
}

// estimate takes a sample, or the first packet after the filter, and all
// numbers below it that are not yet known. It returns how many of them came.
func (r *Receiver) estimate(seq uint16) uint32 {
	step := seq - r.max
	switch {
	case step < maxDropout:
		from := r.highest()
		r.advance(seq)
		to := r.highest()
		if missed := (to - 1) &^ (Sample - 1); missed > from {
			r.owed, r.credit = missed, min(missed-from, Sample)
			from = missed
		}
		r.settled = to + 1
		return to - from
	case step <= 0xFFFF-maxMisorder:
		if r.bad != 0 && seq-uint16(r.bad-1) < Sample {
			r.restart(seq)
			return 1
		}
		r.bad = uint32(seq+1) + 1
		return 0
	}
	return r.late(r.highest() - uint32(-step))
}
