package report_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"pgregory.net/rapid"

	"partyline/media/report"
)

// everyField is a block with a different value in each place, and its bytes.
var everyField = report.VoIPMetrics{
	SSRC: ours, LossRate: 1, DiscardRate: 2, BurstDensity: 3, GapDensity: 4, BurstDuration: 0x0506, GapDuration: 0x0708,
	RoundTrip: 0x090A, EndSystem: 0x0B0C, Signal: -21, Noise: -60, EchoLoss: 0x0F, Gmin: 16,
	R: 93, ExternalR: 127, MOSLQ: 44, MOSCQ: 43, Config: 0xB0, Nominal: 0x1112, Maximum: 0x1314, AbsMaximum: 0x1516,
}

const everyByte = "80CF000A AABBCCDD 07000008 11223344 01020304 05060708 090A0B0C EBC40F10 5D7F2C2B B0001112 13141516"

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVoIPMetricsBytes(t *testing.T) {
	want := unhex(t, everyByte)
	if got := report.AppendVoIPMetrics(nil, far, everyField); !bytes.Equal(got, want) {
		t.Errorf("%x\nwant\n%x", got, want)
	}
	compound := append(unhex(t, "80C90001AABBCCDD"), want...)
	got, err := report.Parse(compound, ours)
	if err != nil || !got.HasMetrics || got.Metrics != everyField {
		t.Errorf("%+v, %v", got, err)
	}
}

// Behind our own report the block is read by another implementation.
func TestVoIPMetricsInACompound(t *testing.T) {
	s := report.Session{SSRC: ours}
	feed(&s.Receiver, 1, 2, 3)
	m, ok := s.Metrics(report.Playout{Delay: 40 * time.Millisecond, Maximum: 60 * time.Millisecond, AbsMaximum: 120 * time.Millisecond, System: 50 * time.Millisecond})
	if !ok {
		t.Fatal("no metrics of three packets")
	}
	packets := read(t, report.AppendVoIPMetrics(s.AppendReport(nil, "c", wall, begin), s.SSRC, m))
	xr, ok := packets[2].(*rtcp.ExtendedReport)
	if !ok || xr.SenderSSRC != ours || len(xr.Reports) != 1 {
		t.Fatalf("%+v", packets)
	}
	b, ok := xr.Reports[0].(*rtcp.VoIPMetricsReportBlock)
	if !ok || b.SSRC != far || b.Gmin != 16 || b.JBNominal != 40 || b.JBMaximum != 60 || b.JBAbsMax != 120 || b.EndSystemDelay != 50 ||
		b.RFactor != 92 || b.MOSLQ != 44 || b.MOSCQ != 44 || b.SignalLevel != 127 || b.GapDuration != 60 || b.BurstDuration != 0 {
		t.Errorf("%+v", xr.Reports[0])
	}
	if _, ok := (&report.Session{SSRC: ours}).Metrics(report.Playout{}); ok {
		t.Error("metrics of nothing")
	}
}

func TestVoIPMetricsOfOthers(t *testing.T) {
	block := everyByte[18:]
	const rr = "80C90001 AABBCCDD "
	tests := map[string]struct {
		xr   string
		has  bool
		good bool
	}{
		"behind another block":         {"80CF000D AABBCCDD 04000002 0000000000000000 " + block, true, true},
		"about somebody else":          {"80CF000A AABBCCDD " + strings.Replace(block, "11223344", "11223345", 1), false, true},
		"by somebody else":             {"80CF000A AABBCCDE " + block, false, true},
		"shorter than it must be":      {"80CF0009 AABBCCDD " + strings.Replace(block, "07000008", "07000007", 1)[:len(block)-9], false, true},
		"without blocks":               {"80CF0001 AABBCCDD", false, true},
		"without a sender":             {"80CF0000", false, false},
		"a block longer than it all":   {"80CF000A AABBCCDD " + strings.Replace(block, "07000008", "07000009", 1), false, false},
		"a block longer than any":      {"80CF0002 AABBCCDD 0700FFFF", false, false},
		"blocks of nothing but a head": {"80CF0004 AABBCCDD 07000000 07000000 07000000", false, true},
	}
	for name, test := range tests {
		got, err := report.Parse(unhex(t, rr+test.xr), ours)
		if (err == nil) != test.good || err != nil && !errors.Is(err, report.ErrMalformed) || got.HasMetrics != test.has {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if test.has && got.Metrics != everyField {
			t.Errorf("%s: %+v", name, got.Metrics)
		}
	}
}

// missing is a stream of n packets from a sequence number on, without those
// at the given places.
func missing(first uint16, n int, lost ...int) (seqs []uint16) {
	for i := range n {
		if !slices.Contains(lost, i) {
			seqs = append(seqs, first+uint16(i))
		}
	}
	return seqs
}

func TestBursts(t *testing.T) {
	late := func(seqs []uint16, late, after int) []uint16 {
		var out []uint16
		for _, s := range seqs {
			if s == uint16(65500+late) {
				continue
			}
			if out = append(out, s); s == uint16(65500+after) {
				out = append(out, uint16(65500+late))
			}
		}
		return out
	}
	tests := map[string]struct {
		seqs                     []uint16
		burst, gap               uint8  // density, of 256
		burstLength, gapDuration uint16 // ms
	}{
		"none":                              {missing(65500, 100), 0, 0, 0, 2000},
		"lone ones":                         {missing(65500, 200, 20, 40, 60), 0, 3 * 256 / 200, 0, 4000},
		"16 between are enough for a gap":   {missing(65500, 100, 40, 57), 0, 2 * 256 / 100, 0, 2000},
		"15 between are one burst":          {missing(65500, 100, 40, 56), 2 * 256 / 17, 0, 17 * 20, 83 * 10},
		"two in a row":                      {missing(65500, 100, 40, 41), 255, 0, 40, 98 * 10},
		"two bursts and a lone one":         {missing(65500, 400, 40, 41, 44, 100, 200, 210), 5 * 256 / 16, 0, 16 * 10, 384 * 20 / 3},
		"70 in a row, then one more":        {missing(65500, 200, append(run(30, 70), 110)...), 71 * 256 / 81, 0, 81 * 20, 119 * 10},
		"swapped":                           {late(missing(65500, 100), 40, 41), 0, 0, 0, 2000},
		"swapped behind a loss":             {late(missing(65500, 100, 39), 40, 41), 0, 256 / 100, 0, 2000},
		"swapped before a loss":             {late(missing(65500, 100, 41), 40, 42), 0, 256 / 100, 0, 2000},
		"late within a burst":               {late(missing(65500, 100, 39, 41), 40, 42), 2 * 256 / 3, 0, 60, 97 * 10},
		"the last of three was late":        {late(missing(65500, 100, 38, 39), 40, 43), 255, 0, 40, 98 * 10},
		"the first of three was late":       {late(missing(65500, 100, 41, 42), 40, 43), 255, 0, 40, 98 * 10},
		"all of a burst came late":          {late(late(missing(65500, 100), 40, 43), 41, 44), 0, 0, 0, 2000},
		"a repeated packet takes none back": {append(missing(65500, 60, 50, 51), 65500+52-65536, 65500+49-65536), 255, 0, 40, 58 * 10},
	}
	for name, test := range tests {
		s := report.Session{SSRC: ours}
		for i, seq := range test.seqs {
			s.Receiver.Packet(far, seq, uint32(i)*160, int64(i)*tickNS)
		}
		m, _ := s.Metrics(report.Playout{})
		if m.BurstDensity != test.burst || m.GapDensity != test.gap || m.BurstDuration != test.burstLength || m.GapDuration != test.gapDuration {
			t.Errorf("%s: density %d and %d, duration %d and %d; want %d and %d, %d and %d", name,
				m.BurstDensity, m.GapDensity, m.BurstDuration, m.GapDuration, test.burst, test.gap, test.burstLength, test.gapDuration)
		}
	}
}

func run(from, n int) (lost []int) {
	for i := range n {
		lost = append(lost, from+i)
	}
	return lost
}

// The machine that works only when something is missing finds the same bursts
// as one that reads the definition to every packet (RFC 3611 §4.7.2).
func TestBurstsByDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 400).Draw(t, "packets")
		lost := make([]bool, n)
		s := report.Session{SSRC: ours}
		odds := rapid.IntRange(1, 40).Draw(t, "odds")
		for i := range n {
			lost[i] = i > 0 && i < n-1 && rapid.IntRange(0, odds).Draw(t, "fate") == 0
			if !lost[i] {
				s.Receiver.Packet(far, uint16(i), 0, 0)
			}
		}
		bursts, inBurst, burstLost, gapLost := 0, 0, 0, 0
		for i := 0; i < n; i++ {
			if !lost[i] {
				continue
			}
			last, count := i, 1
			for k := i + 1; k < n && k-last <= 16; k++ {
				if lost[k] {
					last, count = k, count+1
				}
			}
			if count == 1 {
				gapLost++
			} else {
				bursts, inBurst, burstLost = bursts+1, inBurst+last-i+1, burstLost+count
			}
			i = last
		}
		m, _ := s.Metrics(report.Playout{})
		part := func(a, b int) uint8 {
			if b == 0 {
				return 0
			}
			return uint8(min(a*256/b, 255))
		}
		long := func(packets, n int) uint16 {
			return uint16(math.Floor(20*float64(packets)/float64(max(n, 1)) + 0.5))
		}
		if m.BurstDensity != part(burstLost, inBurst) || m.GapDensity != part(gapLost, n-inBurst) ||
			m.BurstDuration != long(inBurst, bursts) || m.GapDuration != long(n-inBurst, bursts+1) || m.LossRate != part(burstLost+gapLost, n) {
			t.Fatalf("%+v: %d bursts of %d packets, %d lost; %d lost in gaps; of %d", m, bursts, inBurst, burstLost, gapLost, n)
		}
	})
}

// A stream whose packets overtake each other, by no more than a buffer bears,
// is as good as one in order.
func TestReorderedIsNotLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var order []uint16
		odds := rapid.IntRange(1, 30).Draw(t, "odds")
		for i := range uint16(rapid.IntRange(2, 300).Draw(t, "packets")) {
			if i == 0 || rapid.IntRange(0, odds).Draw(t, "fate") > 0 {
				order = append(order, i)
			}
		}
		var inOrder, mixed report.Session
		feed(&inOrder.Receiver, order...)
		end := order[len(order)-1]
		const depth = 6
		for i := 1; i+depth < len(order); i++ {
			if d := rapid.IntRange(0, 2*depth).Draw(t, "late"); d <= depth {
				late := order[i]
				copy(order[i:], order[i+1:i+1+d])
				order[i+d] = late
				i += d
			}
		}
		feed(&mixed.Receiver, order...)
		want, _ := inOrder.Metrics(report.Playout{})
		got, _ := mixed.Metrics(report.Playout{})
		if got != want {
			t.Fatalf("%v to %d:\n%+v, in order\n%+v", order, end, got, want)
		}
	})
}

// A far end that begins anew, with another source or other numbers, ends a
// burst and what was seen of it stays.
func TestBurstsAcrossSources(t *testing.T) {
	for name, second := range map[string]struct {
		ssrc uint32
		seq  uint16
	}{"source": {far + 1, 500}, "numbers": {far, 30000}} {
		s := report.Session{SSRC: ours}
		feed(&s.Receiver, missing(0, 100, 95, 97)...)
		for i, seq := range missing(second.seq, 101, 3, 5) {
			s.Receiver.Packet(second.ssrc, seq, uint32(seq)*160, int64(200+i)*tickNS)
		}
		m, _ := s.Metrics(report.Playout{})
		if m.BurstDensity != 4*256/6 || m.BurstDuration != 60 || m.GapDensity != 0 || m.GapDuration < 195*20/3-20 || m.GapDuration > 195*20/3+20 {
			t.Errorf("another %s: %+v", name, m)
		}
	}
}

// While not all packets are seen no bursts are found, and what was found stays.
func TestBurstsRestWhileFiltered(t *testing.T) {
	s := report.Session{SSRC: ours}
	r := &s.Receiver
	feed(r, missing(0, 100, 50, 52)...)
	r.Filtered(true, 100*tickNS-1)
	feed(r, 128, 192, 512, 576) // four samples are missing
	r.Filtered(false, 600*tickNS-1)
	feed(r, missing(600, 100, 40)...)
	m, _ := s.Metrics(report.Playout{})
	if m.BurstDensity != 2*256/3 || m.BurstDuration != 60 || m.GapDensity != 256/197 || m.GapDuration != 197*10 {
		t.Errorf("%+v", m)
	}
	if want := uint8((3 + 256) * 256 / 700); m.LossRate != want {
		t.Errorf("loss rate %d, want %d", m.LossRate, want)
	}
}

func TestMetricsOfLossDiscardAndDelay(t *testing.T) {
	s := report.Session{SSRC: ours}
	var seqs []int
	for i := 50; i < 1000; i += 50 {
		seqs = append(seqs, i)
	}
	feed(&s.Receiver, missing(0, 1000, seqs...)...)
	s.Sent(1, 160, begin)
	sr := read(t, s.AppendReport(nil, "c", wall, begin))[0].(*rtcp.SenderReport)
	if _, err := s.Handle(marshal(t, &rtcp.ReceiverReport{SSRC: far, Reports: []rtcp.ReceptionReport{{SSRC: ours, LastSenderReport: uint32(sr.NTPTime >> 16)}}}),
		begin+int64(300*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	m, _ := s.Metrics(report.Playout{Packet: 20 * time.Millisecond, Discarded: 31, System: 100 * time.Millisecond})
	// 5 % lost or discarded: 93.2 − 95·5/(5+25.1) = 77.4; 250 ms: 6.0 + 8.0 less.
	if m.LossRate != 19*256/1000 || m.DiscardRate != 31*256/1000 || m.RoundTrip != 300 || m.EndSystem != 100 || m.R != 63 || m.MOSLQ != 39 || m.MOSCQ != 33 {
		t.Errorf("%+v", m)
	}
}

// Reference values: R and MOS of G.107's defaults (93.2 is 4.41), G.113's
// robustness, and the well-known 177.3 ms.
func TestRating(t *testing.T) {
	for _, test := range []struct {
		line   report.Line
		r, mos float64
	}{
		{report.Line{}, 93.2, 4.41},
		{report.Line{OneWay: 100 * time.Millisecond}, 90.8, 4.36},
		{report.Line{OneWay: 400 * time.Millisecond}, 59.1, 3.05},
		{report.Line{Loss: 0.01}, 89.56, 4.33},
		{report.Line{Loss: 0.05}, 77.42, 3.93},
		{report.Line{Loss: 0.05, BurstRatio: 2}, 76.0, 3.87},
		{report.Line{Loss: 1, OneWay: time.Second}, 0, 1},
	} {
		if r := test.line.R(); math.Abs(r-test.r) > 0.06 || math.Abs(report.MOS(r)-test.mos) > 0.02 {
			t.Errorf("%+v: R %.2f, MOS %.2f", test.line, r, report.MOS(r))
		}
	}
	if report.MOS(100) != 4.5 || report.MOS(-1) != 1 || report.MOS(3) != 1 {
		t.Error("MOS outside of 1 to 4.5")
	}
}

// Losses that come together make a worse line than as many at random.
func TestBurstinessIsHeard(t *testing.T) {
	score := func(lost ...int) uint8 {
		s := report.Session{SSRC: ours}
		feed(&s.Receiver, missing(0, 1000, lost...)...)
		m, _ := s.Metrics(report.Playout{})
		return m.R
	}
	var alone []int
	for i := range 100 {
		alone = append(alone, 5+9*i)
	}
	together := append(append(run(100, 25), run(300, 25)...), append(run(500, 25), run(700, 25)...)...)
	if a, b := score(alone...), score(together...); a < b+10 {
		t.Errorf("R is %d with lone losses and %d with bursts", a, b)
	}
}
