package edge

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestFrame(t *testing.T) {
	const one = "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 3\r\n\r\nabc"
	for _, tc := range []struct {
		name string
		in   string
		n    int
		last bool
	}{
		{"nothing", "", 0, false},
		{"part of a head", one[:20], 0, false},
		{"part of a body", one[:len(one)-1], 0, false},
		{"one", one, len(one), false},
		{"one and more", one + one, len(one), false},
		{"line breaks before", "\r\n\r\n" + one, len(one) + 4, false},
		{"short name", "X y SIP/2.0\r\nl : 0\r\n\r\nmore", 22, false},
		{"no length", "X y SIP/2.0\r\nA: b\r\n\r\nmore", 25, true},
		{"two lengths", "X y SIP/2.0\r\nl: 0\r\nContent-Length: 4\r\n\r\nmore", 44, true},
		{"negative length", "X y SIP/2.0\r\nl: -1\r\n\r\n", 22, true},
		{"huge length", "X y SIP/2.0\r\nl: 99999999999999999999\r\n\r\n", 40, true},
		{"too long", "X y SIP/2.0\r\nl: 65536\r\n\r\n", 25, true},
		{"endless head", strings.Repeat("a", MaxStream+1), MaxStream + 1, true},
		{"long head so far", strings.Repeat("a", MaxStream), 0, false},
		{"line breaks only", "\r\n\r\n\r\n", 0, false},
	} {
		if n, last := Frame([]byte(tc.in)); n != tc.n || last != tc.last {
			t.Errorf("%s: %d %v, want %d %v", tc.name, n, last, tc.n, tc.last)
		}
	}
}

// However a stream is cut into reads, the same messages come out of it.
func FuzzFrame(f *testing.F) {
	f.Add([]byte("A b SIP/2.0\r\nl: 3\r\n\r\nabc\r\n\r\nB c SIP/2.0\r\nContent-Length: 0\r\n\r\n"), uint8(7))
	f.Add(corpus(f, "dblreq"), uint8(100))
	f.Add([]byte("\r\n\r\nA b SIP/2.0\r\n\r\n"), uint8(1))
	f.Fuzz(func(t *testing.T, stream []byte, step uint8) {
		split := func(step int) (msgs []string) {
			var buf []byte
			for rest := stream; len(rest) > 0; {
				k := min(step, len(rest))
				buf, rest = append(buf, rest[:k]...), rest[k:]
				for {
					n, last := Frame(buf)
					if n > len(buf) || n < 0 {
						t.Fatalf("%d bytes of %d", n, len(buf))
					}
					if n == 0 || last {
						if last {
							return append(msgs, "broken")
						}
						break
					}
					msgs = append(msgs, fmt.Sprintf("%q", bytes.TrimLeft(buf[:n], "\r\n")))
					buf = buf[n:]
				}
			}
			return msgs
		}
		if len(stream) > MaxStream/2 {
			return
		}
		whole, pieces := split(len(stream)+1), split(int(step)+1)
		if fmt.Sprint(whole) != fmt.Sprint(pieces) {
			t.Fatalf("in one piece %v, in pieces of %d %v", whole, int(step)+1, pieces)
		}
	})
}

// The largest and worst messages are judged within 10 ms of CPU.
func BenchmarkBombs(b *testing.B) {
	const uri = "INVITE sip:a@203.0.113.1 SIP/2.0"
	for name, msg := range map[string][]byte{
		"ordinary":     build(uri, sdp, "Content-Type: application/sdp"),
		"64 KB of SDP": build(uri, sdp+strings.Repeat("a=x\r\n", 12000), "Content-Type: application/sdp"),
		"5000 media":   build(uri, sdp+strings.Repeat("m=a\r\n", 5000), "Content-Type: application/sdp"),
		"2000 headers": build(uri, "", many("X-A: a", 2000)...),
		"quotes":       build(uri, "", "X: "+strings.Repeat(`"`, 30000), "Contact: "+strings.Repeat(`"\`, 10000)),
		"folds":        build(uri, "", "X: a"+strings.Repeat("\r\n a", 12000)),
		"commas":       build(uri, "", "Require: "+strings.Repeat("a,", 30000)),
		"multiparts":   build(uri, strings.Repeat("--a\r\nContent-Type: multipart/mixed;boundary=a\r\n\r\n", 20), "Content-Type: multipart/mixed;boundary=a"),
	} {
		b.Run(name, func(b *testing.B) {
			g := gate()
			b.ReportAllocs()
			for b.Loop() {
				if d := g.Admit("TCP", carrier, msg); d.Why == "fault" {
					b.Fatal(d.Why)
				}
			}
		})
	}
}
