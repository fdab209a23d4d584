package report_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"partyline/media/report"
)

const (
	far    = 0xAABBCCDD
	ours   = 0x11223344
	tickNS = int64(20 * time.Millisecond)
)

func TestLoss(t *testing.T) {
	tests := map[string]struct {
		seqs           []uint16
		received, lost uint64
	}{
		"none":            {nil, 0, 0},
		"whole":           {[]uint16{1, 2, 3, 4}, 4, 0},
		"two missing":     {[]uint16{1, 2, 5, 6}, 4, 2},
		"swapped":         {[]uint16{1, 3, 2, 4}, 4, 0},
		"twice":           {[]uint16{1, 2, 2, 3}, 4, 0},
		"wraps":           {[]uint16{65534, 65535, 0, 2}, 4, 1},
		"one odd number":  {[]uint16{1, 2, 30000, 3, 4}, 5, 0},
		"new beginning":   {[]uint16{1, 2, 30000, 30001, 30002}, 5, 0},
		"loss, then leap": {[]uint16{1, 4, 30000, 30001, 30003}, 5, 2},
	}
	for name, test := range tests {
		var r report.Receiver
		for i, seq := range test.seqs {
			r.Packet(far, seq, uint32(i)*160, int64(i)*tickNS)
		}
		got := r.Reception()
		if got.Received != test.received || got.Lost != test.lost {
			t.Errorf("%s: received %d lost %d, want %d and %d", name, got.Received, got.Lost, test.received, test.lost)
		}
	}
}

func TestNewSourceKeepsTotals(t *testing.T) {
	var r report.Receiver
	for _, seq := range []uint16{1, 2, 5} {
		r.Packet(far, seq, 0, 0)
	}
	for _, seq := range []uint16{500, 502} {
		r.Packet(far+1, seq, 0, 0)
	}
	if got := r.Reception(); got.Received != 5 || got.Lost != 3 {
		t.Errorf("%+v", got)
	}
	if ssrc, ok := r.SSRC(); !ok || ssrc != far+1 {
		t.Errorf("source %x", ssrc)
	}
}

// The mean deviation of arrivals spread evenly over w is w/3.
func TestJitter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, width := range []time.Duration{0, 3 * time.Millisecond, 30 * time.Millisecond} {
		var r report.Receiver
		var sum float64
		const packets = 20000
		for i := range packets {
			delay := int64(random.Float64() * float64(width))
			r.Packet(far, uint16(i), uint32(i)*160, int64(i)*tickNS+delay)
			sum += float64(r.Reception().Jitter) / packets
		}
		if want := float64(width) / 3; math.Abs(sum-want) > 0.05*want {
			t.Errorf("spread over %v: jitter %v, want %v", width, time.Duration(sum), time.Duration(want))
		}
	}
}

func TestJitterIgnoresEventsAndLeaps(t *testing.T) {
	var r report.Receiver
	at, ts := int64(0), uint32(1<<32-1000)
	for i := range uint16(100) {
		switch {
		case i == 50:
			ts += 1 << 30
		case i%10 == 5: // a telephone event: time passes, the timestamp stays
		default:
			ts += uint32((at+tickNS)/125000) - uint32(at/125000)
		}
		at += tickNS
		r.Packet(far, i, ts, at)
		if i%10 == 5 {
			ts += 160
		}
	}
	if got := r.Reception().Jitter; got > 100*time.Microsecond {
		t.Errorf("jitter %v on an even line", got)
	}
}

// What is received and what is lost add up to what was sent, in any order.
func TestLossOfAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Uint16().Draw(t, "first")
		sent := rapid.IntRange(2, 300).Draw(t, "sent")
		order := make([]int, 0, sent)
		for i := range sent {
			if i == 0 || i == sent-1 || rapid.IntRange(0, 9).Draw(t, "fate") > 1 {
				order = append(order, i)
			}
		}
		for i := 1; i+2 < len(order); i++ {
			if rapid.Bool().Draw(t, "swap") {
				order[i], order[i+1] = order[i+1], order[i]
			}
		}
		var r report.Receiver
		for n, i := range order {
			r.Packet(far, first+uint16(i), uint32(i)*160, int64(n)*tickNS)
		}
		got := r.Reception()
		if got.Received != uint64(len(order)) || got.Received+got.Lost != uint64(sent) {
			t.Fatalf("%+v of %d sent, %d came", got, sent, len(order))
		}
	})
}

func TestInterval(t *testing.T) {
	if report.Interval(0) != 2500*time.Millisecond || report.Interval(0.5) != 5*time.Second || report.Interval(1) != 7500*time.Millisecond {
		t.Errorf("%v %v %v", report.Interval(0), report.Interval(0.5), report.Interval(1))
	}
}
