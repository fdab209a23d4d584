package media

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestParsePacket(t *testing.T) {
	fixed := []byte{0x80, 0x88, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8}
	join := func(first byte, rest ...byte) []byte {
		b := append(bytes.Clone(fixed), rest...)
		b[0] = first
		return b
	}
	tests := []struct {
		name    string
		b       []byte
		payload []byte
		ok      bool
	}{
		{"plain", join(0x80, 0xAA, 0xBB), []byte{0xAA, 0xBB}, true},
		{"nothing in it", join(0x80), []byte{}, true},
		{"two contributing sources", join(0x82, 1, 1, 1, 1, 2, 2, 2, 2, 0xAA), []byte{0xAA}, true},
		{"sources missing", join(0x82, 1, 1, 1, 1), nil, false},
		{"extension of one word", join(0x90, 0xBE, 0xDE, 0, 1, 9, 9, 9, 9, 0xAA), []byte{0xAA}, true},
		{"extension of no words", join(0x90, 0xBE, 0xDE, 0, 0, 0xAA), []byte{0xAA}, true},
		{"extension cut", join(0x90, 0xBE, 0xDE, 0, 2, 9, 9, 9, 9), nil, false},
		{"extension header cut", join(0x90, 0xBE), nil, false},
		{"padding", join(0xA0, 0xAA, 0, 0, 3), []byte{0xAA}, true},
		{"all padding", join(0xA0, 0, 2), []byte{}, true},
		{"padding longer than the packet", join(0xA0, 0xAA, 200), nil, false},
		{"padding over the header", join(0xA0, 0xAA, 3), nil, false},
		{"no padding where it is said", join(0xA0, 0xAA, 0), nil, false},
		{"version 1", join(0x40, 0xAA), nil, false},
		{"short", fixed[:11], nil, false},
	}
	for _, test := range tests {
		p, ok := parsePacket(test.b)
		if ok != test.ok || !bytes.Equal(p.payload, test.payload) {
			t.Errorf("%s: %v % x, want %v % x", test.name, ok, p.payload, test.ok, test.payload)
		}
		if ok && (!p.marker || p.pt != 8 || p.seq != 0x1234 || p.ts != 0x01020304 || p.ssrc != 0x05060708) {
			t.Errorf("%s: header %+v", test.name, p)
		}
	}
}

func TestHeaderIsReadAsItWasWritten(t *testing.T) {
	for _, marker := range []bool{false, true} {
		var b [headerSize + 1]byte
		putHeader(b[:], marker, 101, 65535, 1<<31, 0xDEADBEEF)
		p, ok := parsePacket(b[:])
		if !ok || p.marker != marker || p.pt != 101 || p.seq != 65535 || p.ts != 1<<31 || p.ssrc != 0xDEADBEEF {
			t.Errorf("% x gives %v %+v", b, ok, p)
		}
	}
}

func FuzzParsePacket(f *testing.F) {
	names, err := filepath.Glob("testdata/corpus/rtp-*")
	if err != nil || len(names) == 0 {
		f.Fatalf("no corpus: %v", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{0xB1, 0x80, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0xBE, 0xDE, 0, 1, 1, 2, 3, 4, 0xFF, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := parsePacket(b)
		if ok && (len(p.payload) > len(b)-headerSize || p.pt > 127 || b[0]>>6 != 2) {
			t.Fatalf("% x gives %+v", b, p)
		}
	})
}
