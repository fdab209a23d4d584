package dtmf_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"partyline/media/dtmf"
)

const (
	ms   = int64(time.Millisecond)
	ssrc = 0x1234
)

// received is a packet as it comes in.
type received struct {
	ssrc, ts uint32
	marker   bool
	payload  []byte
	at       int64
}

// press makes the packets of one press that began at a time.
func press(digit byte, ssrc, ts uint32, at int64, held time.Duration) []received {
	var out []received
	for _, p := range dtmf.Packets(digit, ts, held, 0) {
		out = append(out, received{ssrc, p.TS, p.Marker, p.Payload[:], at + int64(p.At)})
	}
	return out
}

// decode runs packets through a decoder and lets time pass after them.
func decode(packets []received) []dtmf.Press {
	var d dtmf.Decoder
	var out []dtmf.Press
	var now int64
	expire := func(until int64) {
		for ; now <= until; now += 20 * ms {
			if p, ok := d.Expire(now); ok {
				out = append(out, p)
			}
		}
	}
	for _, r := range packets {
		expire(r.at)
		if p, ok := d.Packet(r.ssrc, r.ts, r.marker, r.payload, r.at); ok {
			out = append(out, p)
		}
	}
	expire(now + int64(time.Second))
	if d.Active() {
		panic("still active a second after the last packet")
	}
	return out
}

func digits(presses []dtmf.Press) string {
	var out []byte
	for _, p := range presses {
		out = append(out, p.Digit)
	}
	return string(out)
}

func TestOnePressIsOneDigit(t *testing.T) {
	const held = 100 * time.Millisecond
	whole := press('5', ssrc, 8000, 0, held)
	n := len(whole)
	double := slices.Concat(whole, whole)
	slices.SortStableFunc(double, func(a, b received) int { return int(a.at - b.at) })
	swapped := slices.Clone(whole)
	swapped[1], swapped[2] = swapped[2], swapped[1]
	late := slices.Clone(whole)
	for _, r := range whole {
		r.at += 400 * ms
		late = append(late, r)
	}
	tests := map[string][]received{
		"whole":                  whole,
		"start lost":             whole[3:],
		"only one end packet":    whole[n-1:],
		"two end packets lost":   whole[:n-2],
		"every packet twice":     double,
		"out of order":           swapped,
		"all of it again later":  late,
		"end before its updates": slices.Concat(whole[:2], whole[n-1:], whole[2:n-1]),
	}
	for name, packets := range tests {
		got := decode(packets)
		if digits(got) != "5" {
			t.Errorf("%s: %q", name, digits(got))
			continue
		}
		if got[0].Duration != held && name != "end before its updates" {
			t.Errorf("%s: %v long, want %v", name, got[0].Duration, held)
		}
	}
	ends := whole[:n-3]
	if got := decode(ends); digits(got) != "5" || got[0].Duration != 80*time.Millisecond {
		t.Errorf("all end packets lost: %v", got)
	}
}

func TestAllKeys(t *testing.T) {
	const keys = "0123456789*#ABCD"
	var packets []received
	for i := range len(keys) {
		packets = append(packets, press(keys[i], ssrc, uint32(8000*i), int64(i)*200*ms, 60*time.Millisecond)...)
	}
	if got := digits(decode(packets)); got != keys {
		t.Errorf("%q", got)
	}
}

func TestSequences(t *testing.T) {
	a := press('1', ssrc, 8000, 0, 80*time.Millisecond)
	b := press('1', ssrc, 9600, 200*ms, 80*time.Millisecond)
	other := press('2', ssrc, 9600, 200*ms, 80*time.Millisecond)
	foreign := press('3', 0x9999, 8000, 200*ms, 80*time.Millisecond)
	wrap := press('7', ssrc, 1<<32-320, 0, 80*time.Millisecond)
	tests := map[string]struct {
		packets []received
		want    string
	}{
		"two equal keys":                       {slices.Concat(a, b), "11"},
		"the first one's end lost":             {slices.Concat(a[:len(a)-3], b), "11"},
		"the second begins before it is known": {slices.Concat(a[:len(a)-3], press('1', ssrc, 9600, 90*ms, 80*time.Millisecond)), "11"},
		"another key at once, by one packet":   {slices.Concat(a[:2], other[len(other)-1:]), "12"},
		"another SSRC with the same timestamp": {slices.Concat(a, foreign), "13"},
		"timestamp wraps":                      {wrap, "7"},
		"late end of the first in the second":  {slices.Concat(a[:len(a)-2], other[:2], a[len(a)-2:], other[2:]), "12"},
	}
	for name, test := range tests {
		if got := digits(decode(test.packets)); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// RFC 4733 §2.5.1.3: a press longer than the duration field goes on under a
// new timestamp; some phones let the field wrap instead.
func TestLongPress(t *testing.T) {
	const held = 20 * time.Second
	got := decode(press('9', ssrc, 1000, 0, held))
	if digits(got) != "9" || got[0].Duration < held-50*time.Millisecond || got[0].Duration > held+50*time.Millisecond {
		t.Errorf("segments: %v", got)
	}
	var wrapping []received
	for at := 20 * time.Millisecond; at <= held; at += 20 * time.Millisecond {
		duration := uint16(at * 8000 / time.Second)
		end := byte(0)
		if at == held {
			end = 0x80
		}
		wrapping = append(wrapping, received{ssrc, 1000, false, []byte{9, end | 10, byte(duration >> 8), byte(duration)}, int64(at)})
	}
	got = decode(wrapping)
	if digits(got) != "9" || got[0].Duration < held-50*time.Millisecond || got[0].Duration > held+50*time.Millisecond {
		t.Errorf("wrapping: %v", got)
	}
}

func TestMalformed(t *testing.T) {
	var d dtmf.Decoder
	for _, payload := range [][]byte{nil, {}, {1}, {1, 0x80, 0}, {16, 0x80, 3, 32}, {255, 255, 255, 255}} {
		if p, ok := d.Packet(ssrc, 1, true, payload, 0); ok {
			t.Errorf("% x is a press of %q", payload, p.Digit)
		}
	}
	if d.Active() {
		t.Error("a malformed payload began a press")
	}
}

func TestVolumeDoesNotMatter(t *testing.T) {
	for volume := range byte(64) {
		packets := press('#', ssrc, 5, 0, 100*time.Millisecond)
		for i := range packets {
			packets[i].payload[1] = packets[i].payload[1]&0xC0 | volume
		}
		if got := digits(decode(packets)); got != "#" {
			t.Errorf("volume %d: %q", volume, got)
		}
	}
}

func TestPacketsOfNoKey(t *testing.T) {
	if got := dtmf.Packets('x', 0, time.Second, 0); got != nil {
		t.Errorf("%v", got)
	}
}

// Every press of which any packet comes is told once, whatever is lost,
// doubled or swapped within it.
func TestAnyLossCountsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(1, 8).Draw(t, "presses")
		var packets []received
		var want []byte
		at, ts := int64(0), rapid.Uint32().Draw(t, "ts")
		for range count {
			digit := "0123456789*#ABCD"[rapid.IntRange(0, 15).Draw(t, "digit")]
			held := time.Duration(rapid.IntRange(40, 400).Draw(t, "held")) * time.Millisecond
			came := false
			for _, r := range press(digit, ssrc, ts, at, held) {
				switch rapid.IntRange(0, 5).Draw(t, "fate") {
				case 0, 1:
				case 2:
					packets = append(packets, r, r)
					came = true
				case 3:
					r.at += int64(rapid.IntRange(0, 60).Draw(t, "delay")) * ms
					packets = append(packets, r)
					came = true
				default:
					packets = append(packets, r)
					came = true
				}
			}
			if came {
				want = append(want, digit)
			}
			pause := time.Duration(rapid.IntRange(60, 400).Draw(t, "pause")) * time.Millisecond
			at += int64(held + pause)
			ts += uint32((held + pause) * 8000 / time.Second)
		}
		if len(packets) == 0 {
			return
		}
		slices.SortStableFunc(packets, func(a, b received) int { return int(a.at - b.at) })
		if got := digits(decode(packets)); got != string(want) {
			t.Fatalf("%q, want %q", got, want)
		}
	})
}

func FuzzPacket(f *testing.F) {
	f.Add(uint32(1), uint32(2), true, []byte{1, 0x80, 3, 32}, int64(0))
	f.Add(uint32(1), uint32(2), false, []byte{11, 10, 255, 255}, int64(1))
	f.Fuzz(func(t *testing.T, ssrc, ts uint32, marker bool, payload []byte, now int64) {
		var d dtmf.Decoder
		for range 3 {
			if p, ok := d.Packet(ssrc, ts, marker, payload, now); ok {
				if _, known := dtmf.Code(p.Digit); !known || p.Duration < 0 {
					t.Fatalf("press %+v", p)
				}
			}
			now += ms
		}
	})
}

func TestNoAllocation(t *testing.T) {
	var d dtmf.Decoder
	payload := []byte{5, 10, 0, 160}
	var ts uint32
	var now int64
	if n := testing.AllocsPerRun(1000, func() {
		ts += 160
		now += 20 * ms
		d.Packet(ssrc, ts, false, payload, now)
		d.Expire(now)
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
