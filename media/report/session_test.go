package report_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"partyline/media/report"
)

var wall = time.Date(2026, 11, 22, 10, 0, 0, 500_000_000, time.UTC)

const begin = int64(1000 * time.Second)

// read has another implementation read a packet of ours.
func read(t *testing.T, b []byte) []rtcp.Packet {
	t.Helper()
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		t.Fatalf("% x: %v", b, err)
	}
	if err := rtcp.CompoundPacket(packets).Validate(); err != nil {
		t.Fatalf("not a valid compound packet: %v", err)
	}
	return packets
}

func marshal(t testing.TB, packets ...rtcp.Packet) []byte {
	t.Helper()
	b, err := rtcp.Marshal(packets)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSenderReport(t *testing.T) {
	s := report.Session{SSRC: ours}
	for i := range uint32(10) {
		s.Sent(5000+i*160, 160, begin+int64(i)*tickNS)
	}
	for i, seq := range []uint16{65534, 65535, 1, 2} {
		s.Receiver.Packet(far, seq, uint32(i)*160, begin+int64(i)*tickNS)
	}
	at := begin + 9*tickNS + int64(10*time.Millisecond)
	packets := read(t, s.AppendReport(nil, "leg7@partyline", wall, at))
	sr, ok := packets[0].(*rtcp.SenderReport)
	if !ok {
		t.Fatalf("%T", packets[0])
	}
	const ntp = (1795341600+2208988800)<<32 | 1<<31
	if sr.SSRC != ours || sr.NTPTime != ntp || sr.RTPTime != 5000+9*160+80 || sr.PacketCount != 10 || sr.OctetCount != 1600 {
		t.Errorf("%+v", sr)
	}
	if len(sr.Reports) != 1 {
		t.Fatalf("%d blocks", len(sr.Reports))
	}
	b := sr.Reports[0]
	if b.SSRC != far || b.TotalLost != 1 || b.FractionLost != 51 || b.LastSequenceNumber != 1<<16+2 || b.LastSenderReport != 0 || b.Delay != 0 {
		t.Errorf("%+v", b)
	}
	sdes, ok := packets[1].(*rtcp.SourceDescription)
	if !ok || sdes.Chunks[0].Source != ours || sdes.Chunks[0].Items[0].Type != rtcp.SDESCNAME || sdes.Chunks[0].Items[0].Text != "leg7@partyline" {
		t.Errorf("%+v", packets[1])
	}
}

func TestReceiverReportWhenNothingWasSent(t *testing.T) {
	s := report.Session{SSRC: ours}
	packets := read(t, s.AppendReport(nil, "c", wall, begin))
	if rr, ok := packets[0].(*rtcp.ReceiverReport); !ok || len(rr.Reports) != 0 {
		t.Errorf("%+v", packets[0])
	}
	s.Receiver.Packet(far, 1, 0, begin)
	packets = read(t, s.AppendReport(nil, "c", wall, begin))
	if rr, ok := packets[0].(*rtcp.ReceiverReport); !ok || rr.SSRC != ours || len(rr.Reports) != 1 {
		t.Errorf("%+v", packets[0])
	}
}

func TestEveryCNAMELength(t *testing.T) {
	s := report.Session{SSRC: ours}
	name := make([]byte, 300)
	for i := range name {
		name[i] = 'a'
	}
	for n := range name {
		packets := read(t, s.AppendReport(nil, string(name[:n]), wall, begin))
		if text := packets[1].(*rtcp.SourceDescription).Chunks[0].Items[0].Text; len(text) != min(n, 255) {
			t.Errorf("a CNAME of %d bytes reads as %d", n, len(text))
		}
	}
}

func TestBye(t *testing.T) {
	s := report.Session{SSRC: ours}
	packets := read(t, s.AppendBye(nil, "c", wall, begin))
	if bye, ok := packets[len(packets)-1].(*rtcp.Goodbye); !ok || len(bye.Sources) != 1 || bye.Sources[0] != ours {
		t.Errorf("%+v", packets)
	}
}

// FractionLost is of the time since the last report, TotalLost of all time.
func TestFractionLost(t *testing.T) {
	s := report.Session{SSRC: ours}
	for seq := range uint16(10) {
		s.Receiver.Packet(far, seq*2, 0, begin)
	}
	block := func() rtcp.ReceptionReport {
		return read(t, s.AppendReport(nil, "c", wall, begin))[0].(*rtcp.ReceiverReport).Reports[0]
	}
	if b := block(); b.FractionLost != 9*256/19 || b.TotalLost != 9 {
		t.Errorf("%+v", b)
	}
	for seq := range uint16(10) {
		s.Receiver.Packet(far, 19+seq, 0, begin)
	}
	if b := block(); b.FractionLost != 0 || b.TotalLost != 9 {
		t.Errorf("%+v", b)
	}
}

func TestRoundTrip(t *testing.T) {
	s := report.Session{SSRC: ours}
	s.Sent(1, 160, begin)
	s.Receiver.Packet(far, 1, 1, begin)
	sr := read(t, s.AppendReport(nil, "c", wall, begin))[0].(*rtcp.SenderReport)
	answer := rtcp.ReceptionReport{
		SSRC: ours, LastSenderReport: uint32(sr.NTPTime >> 16), Delay: 65536 * 3, TotalLost: 17,
	}
	got, err := s.Handle(marshal(t, &rtcp.ReceiverReport{SSRC: far, Reports: []rtcp.ReceptionReport{{SSRC: 99}, answer}}),
		begin+int64(3*time.Second+80*time.Millisecond))
	if err != nil || !got.HasBlock || got.Block.Lost != 17 {
		t.Fatalf("%+v, %v", got, err)
	}
	if s.RoundTrip() != 80*time.Millisecond || s.FarLost() != 17 {
		t.Errorf("round trip %v, %d lost", s.RoundTrip(), s.FarLost())
	}
	// An LSR that was never ours, and a delay longer than the time, say nothing.
	for _, odd := range []rtcp.ReceptionReport{{SSRC: ours, LastSenderReport: 1234}, {SSRC: ours, LastSenderReport: answer.LastSenderReport, Delay: 1 << 31}} {
		if _, err := s.Handle(marshal(t, &rtcp.ReceiverReport{SSRC: far, Reports: []rtcp.ReceptionReport{odd}}), begin+int64(9*time.Second)); err != nil {
			t.Error(err)
		}
		if s.RoundTrip() != 80*time.Millisecond {
			t.Errorf("round trip %v after %+v", s.RoundTrip(), odd)
		}
	}
}

func TestAnswersTheFarEndsReport(t *testing.T) {
	s := report.Session{SSRC: ours}
	s.Receiver.Packet(far, 1, 1, begin)
	if _, err := s.Handle(marshal(t, &rtcp.SenderReport{SSRC: far, NTPTime: 0x0123456789ABCDEF}), begin); err != nil {
		t.Fatal(err)
	}
	b := read(t, s.AppendReport(nil, "c", wall, begin+int64(1500*time.Millisecond)))[0].(*rtcp.ReceiverReport).Reports[0]
	if b.LastSenderReport != 0x456789AB || b.Delay != 65536*3/2 {
		t.Errorf("%+v", b)
	}
}

func TestStrangersChangeNothing(t *testing.T) {
	const stranger = 0x66666666
	block := []rtcp.ReceptionReport{{SSRC: ours, TotalLost: 1000}}
	packets := map[string][]byte{
		"bye":           marshal(t, &rtcp.ReceiverReport{SSRC: stranger}, &rtcp.Goodbye{Sources: []uint32{far}}),
		"sender report": marshal(t, &rtcp.SenderReport{SSRC: stranger, NTPTime: 1 << 60, Reports: block}),
		"report":        marshal(t, &rtcp.ReceiverReport{SSRC: stranger, Reports: block}),
		"our own":       marshal(t, &rtcp.ReceiverReport{SSRC: ours, Reports: block}),
	}
	for name, packet := range packets {
		s := report.Session{SSRC: ours}
		s.Receiver.Packet(far, 1, 1, begin)
		before := s
		if got, err := s.Handle(packet, begin); !errors.Is(err, report.ErrStranger) || got != (report.Compound{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if s != before {
			t.Errorf("%s changed the session", name)
		}
	}
	// A listener sends no RTP; its report about us shows that it is there.
	s := report.Session{SSRC: ours}
	if _, err := s.Handle(packets["report"], begin); err != nil {
		t.Errorf("a listener's report: %v", err)
	}
	if _, err := s.Handle(marshal(t, &rtcp.ReceiverReport{SSRC: stranger}), begin); !errors.Is(err, report.ErrStranger) {
		t.Errorf("a report that knows nothing of us: %v", err)
	}
}

func TestByeOfAnotherIsNotTheFarEnds(t *testing.T) {
	s := report.Session{SSRC: ours}
	s.Receiver.Packet(far, 1, 1, begin)
	got, err := s.Handle(marshal(t, &rtcp.ReceiverReport{SSRC: far}, &rtcp.Goodbye{Sources: []uint32{1, 2}}), begin)
	if err != nil || got.Bye {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = s.Handle(marshal(t, &rtcp.ReceiverReport{SSRC: far}, &rtcp.Goodbye{Sources: []uint32{far}}), begin)
	if err != nil || !got.Bye {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMalformed(t *testing.T) {
	good := marshal(t, &rtcp.ReceiverReport{SSRC: far, Reports: []rtcp.ReceptionReport{{SSRC: ours}}})
	bad := map[string][]byte{
		"empty":             {},
		"4 bytes":           {0x81, 201, 0, 0},
		"7 bytes":           good[:7],
		"cut":               good[:len(good)-4],
		"odd length":        append(append([]byte{}, good...), 0),
		"version 1":         append([]byte{0x41}, good[1:]...),
		"no report first":   {0x81, 203, 0, 1, 0, 0, 0, 1},
		"more blocks":       append([]byte{0x9F}, good[1:]...),
		"length too great":  append([]byte{0x81, 201, 0xFF, 0xFF}, good[4:]...),
		"padding in middle": append(append([]byte{0xA1}, good[1:]...), good...),
		"RTP":               {0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1},
	}
	for name, b := range bad {
		if got, err := report.Parse(b, ours); !errors.Is(err, report.ErrMalformed) || got != (report.Compound{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	names, err := filepath.Glob("testdata/corpus/*")
	if err != nil || len(names) < 10 {
		f.Fatalf("no corpus: %v", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(marshal(f, &rtcp.SenderReport{SSRC: far, Reports: []rtcp.ReceptionReport{{SSRC: ours}}}, &rtcp.Goodbye{Sources: []uint32{far}}))
	f.Add(append(unhex(f, "80C90001AABBCCDD"), unhex(f, everyByte)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := report.Parse(b, ours)
		if err != nil {
			return
		}
		if c.HasBlock && (c.Block.SSRC != ours || c.Block.Lost < -1<<23 || c.Block.Lost >= 1<<23) {
			t.Fatalf("%+v", c)
		}
		s := report.Session{SSRC: ours}
		s.Receiver.Packet(c.SSRC, 1, 1, begin)
		s.Sent(1, 1, begin)
		s.AppendReport(nil, "c", wall, begin)
		if _, err := s.Handle(b, begin+1); err != nil && c.SSRC != ours {
			t.Fatal(err)
		}
		if s.RoundTrip() < 0 {
			t.Fatalf("round trip %v", s.RoundTrip())
		}
		if c.HasMetrics && c.Metrics.SSRC != ours {
			t.Fatalf("%+v", c.Metrics)
		}
		m, _ := s.Metrics(report.Playout{})
		read(t, report.AppendVoIPMetrics(s.AppendReport(nil, "c", wall, begin+2), ours, m))
	})
}

func TestNoAllocation(t *testing.T) {
	s := report.Session{SSRC: ours}
	incoming := append(marshal(t, &rtcp.ReceiverReport{SSRC: far, Reports: []rtcp.ReceptionReport{{SSRC: ours}}}), unhex(t, everyByte)...)
	buffer := make([]byte, 0, 256)
	seq := uint16(0)
	if n := testing.AllocsPerRun(1000, func() {
		seq++
		at := begin + int64(seq)*tickNS
		if seq%128 == 0 {
			s.Receiver.Filtered(seq%256 == 0, at)
		}
		if seq%5 != 0 {
			s.Receiver.Packet(far, seq, uint32(seq)*160, at)
		}
		s.Sent(uint32(seq)*160, 160, at)
		if _, err := s.Handle(incoming, begin); err != nil {
			t.Fatal(err)
		}
		m, _ := s.Metrics(report.Playout{Discarded: 3})
		buffer = report.AppendVoIPMetrics(s.AppendReport(buffer[:0], "leg@partyline", wall, begin), ours, m)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPacket(b *testing.B) {
	for name, every := range map[string]uint16{"whole": 0xFFFF, "1 in 20 lost": 20} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var r report.Receiver
			seq, at := uint16(0), int64(0)
			for b.Loop() {
				seq++
				at += tickNS
				if seq%every != 0 {
					r.Packet(far, seq, uint32(seq)*160, at)
				}
			}
		})
	}
}

func BenchmarkMetrics(b *testing.B) {
	b.ReportAllocs()
	s := report.Session{SSRC: ours}
	feed(&s.Receiver, missing(0, 1000, 40, 41, 44, 300)...)
	buffer := make([]byte, 0, 256)
	for b.Loop() {
		m, _ := s.Metrics(report.Playout{})
		buffer = report.AppendVoIPMetrics(buffer[:0], ours, m)
	}
}
