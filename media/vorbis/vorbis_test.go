package vorbis

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The fast transform is the one that the specification defines.
func TestMDCT(t *testing.T) {
	for block := 64; block <= 1024; block *= 2 {
		n := block / 2
		x := make([]float32, n)
		seed := uint32(1)
		for i := range x {
			seed = seed*1664525 + 1013904223
			x[i] = float32(int32(seed)) / (1 << 31)
		}
		got := make([]float32, block)
		newMDCT(block).inverse(got, x)
		for i := range got {
			var want float64
			for k, c := range x {
				want += float64(c) * math.Cos(math.Pi/float64(n)*(float64(i)+0.5+float64(n)/2)*(float64(k)+0.5))
			}
			if math.Abs(want-float64(got[i])) > 1e-4 {
				t.Fatalf("block of %d: sample %d is %g and not %g", block, i, got[i], want)
			}
		}
	}
}

// Where slopes overlap, their squares sum to one.
func TestSlope(t *testing.T) {
	for n := 32; n <= 4096; n *= 2 {
		w := slope(n)
		for i := range w {
			a, b := float64(w[i]), float64(w[n-1-i])
			if math.Abs(a*a+b*b-1) > 1e-6 {
				t.Fatalf("slope of %d: %g at %d", n, a*a+b*b, i)
			}
		}
	}
}

// The example of the specification, 3.2.1.
func TestCodewords(t *testing.T) {
	c := &codebook{entries: 8}
	if err := c.plant([]byte{2, 4, 4, 4, 4, 2, 3, 3}); err != nil {
		t.Fatal(err)
	}
	for entry, word := range []string{"00", "0100", "0101", "0110", "0111", "10", "110", "111"} {
		b := &bits{packet: make([]byte, 1)}
		for i, bit := range word {
			b.packet[0] |= byte(bit-'0') << i
		}
		if got, ok := c.entry(b); !ok || got != entry || b.at != len(word) {
			t.Errorf("%s is entry %d after %d bits", word, got, b.at)
		}
	}
}

// Trees that hold more than there is room for are refused, those that are not
// full are not, and a lone entry is read whatever the bit.
func TestPlant(t *testing.T) {
	for _, c := range []struct {
		lengths []byte
		ok      bool
	}{
		{[]byte{1, 1}, true}, {[]byte{1, 1, 1}, false}, {[]byte{1, 2, 2, 2}, false}, {[]byte{2, 2, 2}, true},
		{[]byte{0, 0, 1}, true}, {nil, true}, {[]byte{32, 32}, true}, {[]byte{1, 1, 32}, false},
	} {
		if err := new(codebook).plant(c.lengths); (err == nil) != c.ok {
			t.Errorf("%v: %v", c.lengths, err)
		}
	}
	lone := new(codebook)
	if err := lone.plant([]byte{0, 5, 0}); err != nil {
		t.Fatal(err)
	}
	for _, first := range []byte{0, 1} {
		if entry, ok := lone.entry(&bits{packet: []byte{first}}); !ok || entry != 1 {
			t.Errorf("%d, %v", entry, ok)
		}
	}
	if _, ok := (&codebook{nodes: make([][2]int32, 1)}).entry(&bits{packet: []byte{0}}); ok {
		t.Error("an empty book gives an entry")
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ x, want int }{{0, 0}, {1, 1}, {2, 2}, {3, 2}, {4, 3}, {7, 3}} {
		if got := ilog(c.x); got != c.want {
			t.Errorf("ilog(%d) is %d", c.x, got)
		}
	}
	for _, c := range []struct{ entries, dimensions, want int }{
		{81, 4, 3}, {80, 4, 2}, {625, 4, 5}, {1, 8, 1}, {0, 2, 0}, {1 << 18, 1, 1 << 18}, {1 << 18, 65535, 1},
	} {
		if got := lattice1(c.entries, c.dimensions); got != c.want {
			t.Errorf("lattice1(%d, %d) is %d and not %d", c.entries, c.dimensions, got, c.want)
		}
	}
	for _, want := range []float64{0, 1, -1, 0.5, -3.25, 1000} {
		mantissa, exponent := math.Frexp(math.Abs(want))
		x := uint32(math.Ldexp(mantissa, 20)) | uint32(exponent-20+788)<<21
		if want < 0 {
			x |= 1 << 31
		}
		if got := unpackFloat(x); got != want {
			t.Errorf("%g is read as %g", want, got)
		}
	}
}

// What is written bit by bit, lowest first, is read again in any widths.
func TestBits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		packet := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(rt, "packet")
		b := &bits{packet: packet}
		for at := 0; at < 8*len(packet); {
			n := rapid.IntRange(0, 32).Draw(rt, "width")
			got := b.read(n)
			if at+n > 8*len(packet) {
				if got != 0 || !b.over {
					rt.Fatalf("%d bits beyond the end are %d", n, got)
				}
				return
			}
			for i := range n {
				if bit := packet[(at+i)/8] >> ((at + i) % 8) & 1; uint32(bit) != got>>i&1 {
					rt.Fatalf("bit %d of %d at %d is wrong", i, n, at)
				}
			}
			at += n
		}
	})
}

// Every height has one code, whatever the middle.
func TestUnfold(t *testing.T) {
	for _, most := range levels {
		for middle := range most {
			seen := make([]bool, most)
			for value := range most {
				seen[unfold(value, middle, most)] = true
			}
			for y, ok := range seen {
				if !ok {
					t.Fatalf("around %d of %d, %d has no code", middle, most, y)
				}
			}
		}
	}
	if levels != [4]int{256, 128, 86, 64} { // Vorbis I, 7.2.3
		t.Errorf("%v", levels)
	}
}

// A line ends where the next begins, and is nowhere off it by a step.
func TestLine(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		x1 := rapid.IntRange(1, 200).Draw(rt, "x1")
		y0, y1 := rapid.IntRange(0, 255).Draw(rt, "y0"), rapid.IntRange(0, 255).Draw(rt, "y1")
		outline := make([]float32, x1+5)
		line(outline, 0, y0, x1, y1)
		for x := range x1 {
			if want := amplitudes[point(0, y0, x1, y1, x)]; outline[x] != want {
				rt.Fatalf("from %d to %d in %d: %g at %d and not %g", y0, y1, x1, outline[x], x, want)
			}
		}
		if outline[x1] != 0 {
			rt.Fatal("it goes on beyond its end")
		}
	})
}

// Damaged headers are refused, whatever they are cut to.
func TestHeaders(t *testing.T) {
	first := append([]byte("\x01vorbis\x00\x00\x00\x00\x01\x44\xac\x00\x00"), make([]byte, 12)...)
	first = append(first, 0xb8, 1)
	for _, third := range [][]byte{nil, []byte("\x05vorbis"), []byte("\x05vorbis\xff\x42\x43\x56\xff\xff\xff\xff\xff"), first} {
		if d, err := New(first, third); err == nil || d != nil {
			t.Errorf("%q: %v", third, err)
		}
	}
	for n := range first {
		if d, err := New(first[:n], nil); err == nil || d != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}
