package codec_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"partyline/media/codec"
	"partyline/media/g711"
	"partyline/media/g722"
)

func TestFacts(t *testing.T) {
	for _, want := range []struct {
		codec                             codec.Codec
		name                              string
		rate, clock, pt, samples, scaling int
		stateless                         bool
	}{
		{codec.PCMU, "PCMU", 8000, 8000, 0, 160, 1, true},
		{codec.PCMA, "PCMA", 8000, 8000, 8, 160, 1, true},
		{codec.G722, "G722", 16000, 8000, 9, 320, 2, false},
	} {
		c := want.codec
		if c.Name() != want.name || c.String() != want.name || c.Rate() != want.rate || c.Clock() != want.clock ||
			int(c.PT()) != want.pt || c.Samples() != want.samples || c.Scale() != want.scaling || c.Stateless() != want.stateless {
			t.Errorf("%v is not %+v", c, want)
		}
		for _, name := range []string{want.name, strings.ToLower(want.name)} {
			if got, ok := codec.Named(name); !ok || got != c {
				t.Errorf("%s is %v, %v", name, got, ok)
			}
		}
	}
	for _, name := range []string{"", "opus", "PCM", "G7222", "telephone-event"} {
		if c, ok := codec.Named(name); ok {
			t.Errorf("%q is %v", name, c)
		}
	}
}

// wave is 20 ms and more of two tones.
func wave(samples, rate int) []int16 {
	pcm := make([]int16, samples)
	for i := range pcm {
		at := 2 * math.Pi * float64(i) / float64(rate)
		pcm[i] = int16(6000*math.Sin(440*at) + 3000*math.Sin(1300*at))
	}
	return pcm
}

// Encoder and Decoder do what the codecs' own packages do, and go on from
// frame to frame.
func TestCoding(t *testing.T) {
	for c := range codec.Codec(codec.Count) {
		pcm := wave(50*c.Samples(), c.Rate())
		code, out := make([]byte, len(pcm)/c.Scale()), make([]int16, len(pcm))
		wantCode, wantOut := make([]byte, len(code)), make([]int16, len(out))
		switch c {
		case codec.PCMU:
			g711.EncodeMu(wantCode, pcm)
			g711.DecodeMu(wantOut, wantCode)
		case codec.PCMA:
			g711.EncodeA(wantCode, pcm)
			g711.DecodeA(wantOut, wantCode)
		case codec.G722:
			new(g722.Encoder).Encode(wantCode, pcm)
			new(g722.Decoder).Decode(wantOut, wantCode)
		}
		var e codec.Encoder
		var d codec.Decoder
		e.Reset(c)
		d.Reset(c)
		if e.Codec() != c || d.Codec() != c {
			t.Errorf("%v became %v and %v", c, e.Codec(), d.Codec())
		}
		for at := 0; at < len(code); at += 160 {
			e.Encode(code[at:at+160], pcm[at*c.Scale():][:c.Samples()])
			d.Decode(out[at*c.Scale():][:c.Samples()], code[at:at+160])
		}
		if !bytes.Equal(code, wantCode) {
			t.Errorf("%v: other bytes than of the codec itself", c)
		}
		for i := range out {
			if out[i] != wantOut[i] {
				t.Errorf("%v: sample %d is %d, of the codec itself %d", c, i, out[i], wantOut[i])
				break
			}
		}
		if state := e != fresh(c); state == c.Stateless() {
			t.Errorf("%v: kept state: %v", c, state)
		}
		e.Reset(c)
		if e != fresh(c) {
			t.Errorf("%v: Reset keeps something", c)
		}
	}
}

func fresh(c codec.Codec) (e codec.Encoder) {
	e.Reset(c)
	return e
}

// A follower ends with the code and the state of its leader, of any codec.
func TestFollow(t *testing.T) {
	for c := range codec.Codec(codec.Count) {
		leader, follower := fresh(c), fresh(c)
		pcm := make([]int16, c.Samples())
		dice := rand.New(rand.NewPCG(1, 2))
		lead, code := make([]byte, 160), make([]byte, 160)
		follower.Encode(code, wave(c.Samples(), c.Rate()/2))
		frames := 0
		for leader != follower || frames == 0 {
			for i := range pcm {
				pcm[i] = int16(dice.NormFloat64() * 1000)
			}
			leader.Encode(lead, pcm)
			follower.Follow(code, pcm, lead)
			if frames++; frames > 75 {
				t.Fatalf("%v: never meets", c)
			}
		}
		if !bytes.Equal(code, lead) && c.Stateless() {
			t.Errorf("%v: other code than the leader's", c)
		}
	}
}

// Silence is heard as silence, at once by a new decoder and after 20 ms by
// one that has heard something.
func TestSilence(t *testing.T) {
	for c := range codec.Codec(codec.Count) {
		quiet := make([]byte, 160)
		codec.Silence(c, quiet)
		var d codec.Decoder
		d.Reset(c)
		out := make([]int16, c.Samples())
		for range 50 {
			d.Decode(out, quiet)
			if peak(out) > 8 {
				t.Fatalf("%v: %d from a new decoder", c, peak(out))
			}
		}
		worst := 0
		for seed := range 500 {
			loud := make([]byte, 160)
			for i := range loud {
				loud[i] = byte(i*i*(seed+3) + i*7 + seed)
			}
			for range 5 {
				d.Decode(out, loud)
			}
			d.Decode(out, quiet)
			d.Decode(out, quiet)
			worst = max(worst, peak(out))
		}
		t.Logf("%v: at most %d after 20 ms", c, worst)
		if worst > 100 {
			t.Errorf("%v: %d is left 20 ms after other sound", c, worst)
		}
	}
}

func peak(pcm []int16) int {
	most := 0
	for _, x := range pcm {
		most = max(most, int(x), -int(x))
	}
	return most
}

func TestNoAllocation(t *testing.T) {
	for c := range codec.Codec(codec.Count) {
		pcm, code := wave(c.Samples(), c.Rate()), make([]byte, 160)
		e := fresh(c)
		var d codec.Decoder
		if n := testing.AllocsPerRun(100, func() {
			d.Reset(c)
			e.Encode(code, pcm)
			d.Decode(pcm, code)
			codec.Silence(c, code)
		}); n != 0 {
			t.Errorf("%v: %g allocations", c, n)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	for c := range codec.Codec(codec.Count) {
		b.Run(c.Name(), func(b *testing.B) {
			pcm, code, e := wave(c.Samples(), c.Rate()), make([]byte, 160), fresh(c)
			b.ReportAllocs()
			for b.Loop() {
				e.Encode(code, pcm)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for c := range codec.Codec(codec.Count) {
		b.Run(c.Name(), func(b *testing.B) {
			pcm, code, e := wave(c.Samples(), c.Rate()), make([]byte, 160), fresh(c)
			e.Encode(code, pcm)
			var d codec.Decoder
			d.Reset(c)
			b.ReportAllocs()
			for b.Loop() {
				d.Decode(pcm, code)
			}
		})
	}
}
