package ear_test

import (
	"encoding/binary"
	"testing"

	"partyline/cmd/partyline/bench/ear"
)

// sent is a packet of a stream.
type sent struct {
	seq, ssrc int
	ts        int   // in frames
	at        int64 // ms
	pt        byte
}

func (s sent) bytes() []byte {
	b := make([]byte, 12+ear.FrameSize)
	b[0], b[1] = 0x80, s.pt
	binary.BigEndian.PutUint16(b[2:], uint16(s.seq))
	binary.BigEndian.PutUint32(b[4:], uint32(s.ts*ear.FrameSize))
	binary.BigEndian.PutUint32(b[8:], uint32(s.ssrc))
	return b
}

func TestLinesFaultsAreToldApart(t *testing.T) {
	for name, tt := range map[string]struct {
		packets []sent
		want    ear.LineCounts
		worst   int64 // ms off 20
		missing int
	}{
		"in order":     {[]sent{{seq: 65534, ts: 0}, {seq: 65535, ts: 1, at: 20}, {seq: 65536, ts: 2, at: 40}}, ear.LineCounts{Packets: 3}, 0, 0},
		"one lost":     {[]sent{{seq: 1, ts: 1}, {seq: 3, ts: 3, at: 40}}, ear.LineCounts{Packets: 2, Lost: 1}, 0, 1},
		"one late":     {[]sent{{seq: 1, ts: 1}, {seq: 3, ts: 3, at: 40}, {seq: 2, ts: 2, at: 41}, {seq: 4, ts: 4, at: 60}}, ear.LineCounts{Packets: 4, Reordered: 1}, 0, 1},
		"one twice":    {[]sent{{seq: 1, ts: 1}, {seq: 1, ts: 1, at: 1}, {seq: 2, ts: 2, at: 20}}, ear.LineCounts{Packets: 3, Reordered: 1}, 0, 0},
		"a late tick":  {[]sent{{seq: 1, ts: 1}, {seq: 2, ts: 2, at: 33}, {seq: 3, ts: 3, at: 40}}, ear.LineCounts{Packets: 3}, 13, 0},
		"a tick lost":  {[]sent{{seq: 1, ts: 1}, {seq: 2, ts: 3, at: 40}}, ear.LineCounts{Packets: 2, Jumps: 1}, 20, 0},
		"a new stream": {[]sent{{seq: 1, ts: 1, ssrc: 1}, {seq: 700, ts: 9, at: 20, ssrc: 2}}, ear.LineCounts{Packets: 2, Streams: 1}, 0, 0},
		"another codec": {[]sent{{seq: 1, ts: 1, pt: 8}, {seq: 2, ts: 2, pt: 0x80}},
			ear.LineCounts{Packets: 1, Foreign: 1}, 0, 0},
	} {
		var l ear.Line
		worst, lost := int64(0), 0
		for _, p := range tt.packets {
			_, missing, off, early := l.Packet(p.bytes(), p.at*1e6)
			if lost += missing; !early {
				worst = max(worst, off/1e6)
			}
		}
		if l.Counts != tt.want || worst != tt.worst || lost != tt.missing {
			t.Errorf("%s: %+v, %d ms off, %d missing, want %+v, %d and %d", name, l.Counts, worst, lost, tt.want, tt.worst, tt.missing)
		}
	}
	var l ear.Line
	if l.Packet([]byte{0x80, 0, 1}, 0); l.Counts.Foreign != 1 {
		t.Errorf("a stump of a packet: %+v", l.Counts)
	}
}

func TestSpread(t *testing.T) {
	var a, b ear.Spread
	for i := range 990 {
		a.Note(int64(i%10) * 1e6)
	}
	for range 10 {
		b.Note(50e6)
	}
	b.Note(-5)
	b.Note(7e9)
	a.Add(&b)
	if m, p, q := a.Quantile(0.5), a.Quantile(0.985), a.Quantile(0.995); m < 4 || m > 5.1 || p < 9 || p > 9.2 || q < 50 || q > 50.2 || a.Max != 7e9 || a.N != 1002 {
		t.Errorf("median %v, p98.5 %v, p99.5 %v of %d, %d at most", m, p, q, a.N, a.Max)
	}
	if (&ear.Spread{}).Quantile(0.5) != 0 {
		t.Error("a quantile of nothing")
	}
}
