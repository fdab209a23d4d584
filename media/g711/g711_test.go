package g711

import (
	"math"
	"testing"
)

// Output values of ITU-T G.711 tables 1a and 2a at the ends of the segments,
// scaled to 16 bits (µ-law ×4, A-law ×8), with the codes as they go on the
// wire: µ-law bits inverted, A-law even bits inverted.
var reference = []struct {
	law    Law
	code   byte
	sample int16
}{
	{Mu, 0x80, 8031 * 4}, {Mu, 0x8F, 4191 * 4}, {Mu, 0x9F, 2079 * 4}, {Mu, 0xAF, 1023 * 4},
	{Mu, 0xBF, 495 * 4}, {Mu, 0xCF, 231 * 4}, {Mu, 0xDF, 99 * 4}, {Mu, 0xEF, 33 * 4},
	{Mu, 0xFE, 2 * 4}, {Mu, 0xFF, 0},
	{Mu, 0x00, -8031 * 4}, {Mu, 0x0F, -4191 * 4}, {Mu, 0x6F, -33 * 4}, {Mu, 0x7E, -2 * 4}, {Mu, 0x7F, 0},
	{A, 0xFF ^ 0x55, 4032 * 8}, {A, 0xF0 ^ 0x55, 2112 * 8}, {A, 0xE0 ^ 0x55, 1056 * 8},
	{A, 0xD0 ^ 0x55, 528 * 8}, {A, 0xC0 ^ 0x55, 264 * 8}, {A, 0xB0 ^ 0x55, 132 * 8},
	{A, 0xA0 ^ 0x55, 66 * 8}, {A, 0x80 ^ 0x55, 1 * 8},
	{A, 0x7F ^ 0x55, -4032 * 8}, {A, 0x70 ^ 0x55, -2112 * 8}, {A, 0x00 ^ 0x55, -1 * 8},
}

func TestDecodeReferenceValues(t *testing.T) {
	for _, r := range reference {
		var got [1]int16
		r.law.Decode(got[:], []byte{r.code})
		if got[0] != r.sample {
			t.Errorf("law %d code %#02x: got %d, want %d", r.law, r.code, got[0], r.sample)
		}
	}
}

// ITU-T G.711 tables 5 and 6: the period of a 1 kHz sine at 0 dBm0. The
// highest sine a law can carry is 3.14 dBm0 in A-law, 3.17 dBm0 in µ-law.
func TestReferenceToneLevel(t *testing.T) {
	tones := []struct {
		law      Law
		period   [8]byte
		overload float64 // dBm0
		peak     float64 // virtual decision value at full load
	}{
		{Mu, [8]byte{0x1E, 0x0B, 0x0B, 0x1E, 0x9E, 0x8B, 0x8B, 0x9E}, 3.17, 8159 * 4},
		{A, [8]byte{0x34, 0x21, 0x21, 0x34, 0xB4, 0xA1, 0xA1, 0xB4}, 3.14, 4096 * 8},
	}
	for _, tone := range tones {
		var samples [8]int16
		tone.law.Decode(samples[:], tone.period[:])
		var power float64
		for _, x := range samples {
			power += float64(x) * float64(x) / 8
		}
		level := 10*math.Log10(power/(tone.peak*tone.peak/2)) + tone.overload
		if math.Abs(level) > 0.1 {
			t.Errorf("law %d: the 0 dBm0 tone measures %.2f dBm0", tone.law, level)
		}
		var back [8]byte
		tone.law.Encode(back[:], samples[:])
		if back != tone.period {
			t.Errorf("law %d: the tone encodes to % x, want % x", tone.law, back, tone.period)
		}
	}
}

func TestEveryCodeSurvives(t *testing.T) {
	for _, law := range []Law{Mu, A} {
		for code := range 256 {
			var sample, again [1]int16
			var back [1]byte
			law.Decode(sample[:], []byte{byte(code)})
			law.Encode(back[:], sample[:])
			law.Decode(again[:], back[:])
			if again != sample {
				t.Errorf("law %d code %#02x: %d becomes %d", law, code, sample[0], again[0])
			}
			negativeZero := law == Mu && code == 0x7F
			if back[0] != byte(code) && !negativeZero {
				t.Errorf("law %d code %#02x: encodes back to %#02x", law, code, back[0])
			}
		}
	}
}

// Every input must decode to within half a step of itself, where the step is
// that of its segment, plus what the shorter words of the law leave out.
func TestEncodeErrorOfEveryInput(t *testing.T) {
	for _, law := range []Law{Mu, A} {
		last := math.MinInt
		for sample := math.MinInt16; sample <= math.MaxInt16; sample++ {
			var code [1]byte
			var back [1]int16
			law.Encode(code[:], []int16{int16(sample)})
			law.Decode(back[:], code[:])
			got := int(back[0])
			if diff := abs(got - sample); diff > bound(law, sample) {
				t.Fatalf("law %d sample %d: decodes to %d, off by %d, allowed %d", law, sample, got, diff, bound(law, sample))
			}
			if got < last {
				t.Fatalf("law %d sample %d: decodes to %d, below its neighbour's %d", law, sample, got, last)
			}
			last = got
		}
	}
}

func bound(law Law, sample int) int {
	magnitude := abs(sample)
	if law == Mu {
		if magnitude > 32636 { // beyond the last decision value: clipped
			return magnitude - 32124 + 4
		}
		step := 8
		for border := 31 * 4; magnitude >= border; border = 2*border + 33*4 {
			step *= 2
		}
		return step/2 + 4
	}
	step := 16
	for border := 512; magnitude >= border; border *= 2 {
		step *= 2
	}
	return step/2 + 1
}

func abs(x int) int {
	if x < 0 {
		return -x
	}
	return x
}

func TestSilence(t *testing.T) {
	for _, law := range []Law{Mu, A} {
		var got [1]int16
		law.Decode(got[:], []byte{law.Silence()})
		if abs(int(got[0])) > 8 {
			t.Errorf("law %d: silence is %d", law, got[0])
		}
	}
}

func TestNoAllocation(t *testing.T) {
	var pcm [160]int16
	var code [160]byte
	if n := testing.AllocsPerRun(100, func() {
		Mu.Encode(code[:], pcm[:])
		Mu.Decode(pcm[:], code[:])
		A.Encode(code[:], pcm[:])
		A.Decode(pcm[:], code[:])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkFrame(b *testing.B) {
	var pcm [160]int16
	var code [160]byte
	for i := range pcm {
		pcm[i] = int16(i*397 - 30000)
	}
	for _, law := range []struct {
		name string
		law  Law
	}{{"mu", Mu}, {"a", A}} {
		b.Run("encode/"+law.name, func(b *testing.B) {
			for b.Loop() {
				law.law.Encode(code[:], pcm[:])
			}
		})
		b.Run("decode/"+law.name, func(b *testing.B) {
			for b.Loop() {
				law.law.Decode(pcm[:], code[:])
			}
		})
	}
}
