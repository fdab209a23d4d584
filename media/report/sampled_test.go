package report_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"pgregory.net/rapid"

	"partyline/media/report"
)

// filteredLine is a far end that sends a packet every 20 ms, a line, a filter
// and a socket that is read some time after packets have arrived in it.
type filteredLine struct {
	r       report.Receiver
	first   uint16
	n       int // packets sent
	on      bool
	waiting []waiting
}

type waiting struct {
	n  int
	at int64
}

func (l *filteredLine) at() int64 { return int64(l.n) * tickNS }

// send has one packet arrive, or be lost, or stay in the filter.
func (l *filteredLine) send(lost, event bool) {
	seq := l.first + uint16(l.n)
	if !lost && (!l.on || event || seq%report.Sample == 0) {
		l.waiting = append(l.waiting, waiting{l.n, l.at()})
	}
	l.n++
}

// read takes what waits.
func (l *filteredLine) read() {
	for _, p := range l.waiting {
		l.r.Packet(far, l.first+uint16(p.n), uint32(p.n)*160, p.at)
	}
	l.waiting = l.waiting[:0]
}

// turn puts the filter in place or away, half a packet after the last one.
func (l *filteredLine) turn(on bool) {
	l.on = on
	l.r.Filtered(on, l.at()-tickNS/2)
}

// Whatever is muted and unmuted when, and whatever still waits in the socket
// then: where nothing is lost, nothing is reported lost.
func TestFilteredIsNotLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := filteredLine{first: rapid.Uint16().Draw(t, "first")}
		s := report.Session{SSRC: ours}
		for range rapid.IntRange(1, 20).Draw(t, "stretches") {
			l.turn(rapid.Bool().Draw(t, "filtered"))
			if rapid.Bool().Draw(t, "read at once") {
				l.read()
			}
			for range rapid.IntRange(0, 300).Draw(t, "packets") {
				l.send(false, rapid.IntRange(0, 20).Draw(t, "event") == 0)
				if rapid.IntRange(0, 3).Draw(t, "tick") == 0 {
					l.read()
				}
			}
		}
		l.read()
		s.Receiver = l.r
		got := l.r.Reception()
		if got.Lost != 0 || got.Received > uint64(l.n) || l.n > 0 && got.Received+2*report.Sample < uint64(l.n) {
			t.Fatalf("%+v of %d sent without loss", got, l.n)
		}
		if _, ok := l.r.SSRC(); ok {
			b := onlyBlock(t, s.AppendReport(nil, "c", wall, begin))
			if b.FractionLost != 0 || b.TotalLost != 0 {
				t.Fatalf("%+v", b)
			}
		}
	})
}

// onlyBlock is the report block of a receiver report.
func onlyBlock(t interface{ Fatalf(string, ...any) }, b []byte) rtcp.ReceptionReport {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return packets[0].(*rtcp.ReceiverReport).Reports[0]
}

// lossy is a line in one of two states, as in a Gilbert model; mean is its
// share of losses in the long run, run the mean length of a loss.
func lossy(random *rand.Rand, mean, run float64) func() bool {
	bad := false
	leave := 1 / run
	enter := leave * mean / (1 - mean)
	return func() bool {
		if bad {
			bad = random.Float64() >= leave
		} else {
			bad = random.Float64() < enter
		}
		return bad
	}
}

// The estimate of a filtered stream is right in the mean, for losses at
// random and in bursts, and each time within what one sample of 64 can tell.
func TestFilteredLossIsUnbiased(t *testing.T) {
	const packets, calls = 30000, 150 // ten minutes each
	for _, line := range []struct{ mean, run float64 }{{0.005, 1}, {0.05, 1}, {0.3, 1.5}, {0.05, 5}, {0.1, 40}} {
		random := rand.New(rand.NewPCG(7, uint64(1000*line.mean+line.run)))
		var estimated, actual, worst, variance float64
		for range calls {
			lose := lossy(random, line.mean, line.run)
			l := filteredLine{first: uint16(random.Uint32())}
			lost := 0
			for i := range packets {
				if i == 10 {
					l.turn(true)
				}
				gone := i > 0 && lose()
				if gone {
					lost++
				}
				l.send(gone, random.IntN(500) == 0)
				l.read()
			}
			got := float64(l.r.Reception().Lost)
			estimated += got
			actual += float64(lost)
			// Losses longer than a sample's distance come whole or not at all.
			sd := report.Sample * math.Sqrt(packets/report.Sample*line.mean*(1-line.mean)*max(1, 2*line.run/report.Sample))
			worst = max(worst, math.Abs(got-float64(lost))/sd)
			variance += sd * sd
		}
		if bias := estimated - actual; math.Abs(bias) > 3*math.Sqrt(variance) || math.Abs(bias) > 0.1*actual {
			t.Errorf("%+v: %.0f lost, estimated %.0f: off by %.1f %%", line, actual, estimated, 100*bias/actual)
		}
		if worst > 5 {
			t.Errorf("%+v: one estimate is off by %.1f standard deviations", line, worst)
		}
	}
}

// feed gives a Receiver packets 20 ms apart by their number.
func feed(r *report.Receiver, seqs ...uint16) {
	for _, seq := range seqs {
		r.Packet(far, seq, uint32(seq)*160, int64(seq)*tickNS)
	}
}

func TestSamples(t *testing.T) {
	after := func(seq uint16) int64 { return int64(seq)*tickNS + 1 }
	tests := map[string]struct {
		run            func(*report.Receiver)
		received, lost uint64
	}{
		"a sample stands for 64": {func(r *report.Receiver) {
			feed(r, 128, 192, 256)
		}, 129, 0},
		"and is missed as 64": {func(r *report.Receiver) {
			feed(r, 128, 256)
		}, 65, 64},
		"three of them": {func(r *report.Receiver) {
			feed(r, 128, 384)
		}, 65, 192},
		"one that comes late": {func(r *report.Receiver) {
			feed(r, 128, 256, 192)
		}, 129, 0},
		"two of them, the second late": {func(r *report.Receiver) {
			feed(r, 128, 320, 256)
		}, 129, 64},
		"late and twice": {func(r *report.Receiver) {
			feed(r, 128, 256, 192, 192, 320, 320)
		}, 193, 0},
		"events between": {func(r *report.Receiver) {
			feed(r, 128, 130, 131, 133, 192, 193)
		}, 65, 0},
		"the one after events is missing": {func(r *report.Receiver) {
			feed(r, 128, 190, 191, 193, 256)
		}, 65, 64},
		"the wrap": {func(r *report.Receiver) {
			feed(r, 65472, 0, 128)
		}, 129, 64},
		"a far end that counts anew": {func(r *report.Receiver) {
			feed(r, 128, 30016, 30080, 30144)
		}, 66, 0},
		"one odd number": {func(r *report.Receiver) {
			feed(r, 128, 30016, 192)
		}, 65, 0},
		"whole again before the next sample": {func(r *report.Receiver) {
			feed(r, 128)
			r.Filtered(false, after(150))
			feed(r, 151, 152, 154)
		}, 26, 1},
		"whole again, a sample missing": {func(r *report.Receiver) {
			feed(r, 128)
			r.Filtered(false, after(200))
			feed(r, 201, 202)
		}, 11, 64},
		"whole again, that sample was late": {func(r *report.Receiver) {
			feed(r, 128)
			r.Filtered(false, after(200))
			feed(r, 201, 192, 202)
		}, 75, 0},
		"whole again, the first two swapped": {func(r *report.Receiver) {
			feed(r, 128)
			r.Filtered(false, after(150))
			feed(r, 152, 151, 153, 155)
		}, 27, 1},
		"what waited in the socket": {func(r *report.Receiver) {
			feed(r, 128)
			r.Filtered(false, after(200))
			feed(r, 135, 192, 201, 203)
		}, 75, 1},
		"muted again at once": {func(r *report.Receiver) {
			feed(r, 128)
			r.Filtered(false, after(150))
			r.Filtered(true, after(150))
			feed(r, 192, 256)
		}, 129, 0},
		"told twice": {func(r *report.Receiver) {
			r.Filtered(true, after(1000))
			feed(r, 128)
			r.Filtered(false, after(150))
			r.Filtered(false, after(1000))
			feed(r, 151, 153)
		}, 25, 1},
	}
	for name, test := range tests {
		var r report.Receiver
		r.Filtered(true, -1)
		test.run(&r)
		if got := r.Reception(); got.Received != test.received || got.Lost != test.lost {
			t.Errorf("%s: received %d lost %d, want %d and %d", name, got.Received, got.Lost, test.received, test.lost)
		}
	}
}

// What waits in the socket when the filter comes is still judged as whole.
func TestLossBeforeTheFilter(t *testing.T) {
	var r report.Receiver
	feed(&r, 1, 2)
	r.Filtered(true, 10*tickNS+1)
	feed(&r, 3, 6, 7, 10, 64, 128)
	if got := r.Reception(); got.Lost != 4 || got.Received != 124 {
		t.Errorf("%+v", got)
	}
}

// Two clocks that differ by 300 ppm, and ten minutes of mute: the jitter is
// what it was before.
func TestJitterIsNotFedBySamples(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	l := filteredLine{first: 17}
	drifting := func(until int) {
		for l.n < until {
			l.send(false, false)
			for _, p := range l.waiting {
				at := p.at + p.at*300/1e6 + int64(random.Float64()*float64(3*time.Millisecond))
				l.r.Packet(far, l.first+uint16(p.n), uint32(p.n)*160, at)
			}
			l.waiting = l.waiting[:0]
		}
	}
	drifting(500)
	before := l.r.Reception().Jitter
	l.turn(true)
	drifting(30000)
	if got := l.r.Reception().Jitter; got != before {
		t.Errorf("jitter %v became %v while filtered", before, got)
	}
	l.turn(false)
	drifting(30010)
	if got := l.r.Reception().Jitter; got < before/2 || got > 2*before {
		t.Errorf("jitter %v became %v after it", before, got)
	}
}
