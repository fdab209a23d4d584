package g722_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"partyline/media/g722"
)

// However a stream is cut into calls, the same comes out, and the same state
// is left.
func TestAnySplit(t *testing.T) {
	pcm := speech(4000, 8)
	code, out := make([]byte, 2000), make([]int16, 4000)
	var enc g722.Encoder
	var dec g722.Decoder
	enc.Encode(code, pcm)
	dec.Decode(out, code)
	rapid.Check(t, func(t *rapid.T) {
		var e g722.Encoder
		var d g722.Decoder
		gotCode, gotOut := make([]byte, 2000), make([]int16, 4000)
		for at := 0; at < 2000; {
			n := min(rapid.IntRange(0, 700).Draw(t, "bytes"), 2000-at)
			e.Encode(gotCode[at:at+n], pcm[2*at:])
			d.Decode(gotOut[2*at:], gotCode[at:at+n])
			at += n
		}
		if !slices.Equal(gotCode, code) || e != enc {
			t.Error("encoding depends on how the stream is cut")
		}
		if !slices.Equal(gotOut, out) || d != dec {
			t.Error("decoding depends on how the stream is cut")
		}
	})
}

// A copy goes on as the original does, and does not touch it.
func TestCopy(t *testing.T) {
	a := after(1)
	b := *a
	pcm := speech(frame, 2)
	b.encode(pcm)
	if a.enc == b.enc || a.dec == b.dec {
		t.Error("a frame of speech changed nothing, or the original, too")
	}
	a.encode(pcm)
	if a.code != b.code || a.out != b.out || a.enc != b.enc || a.dec != b.dec {
		t.Error("the copy went another way")
	}
}

// Nothing overflows: whatever is sent, and at full scale, the sound stays as
// near to its input as the coder can have it.
func TestOverload(t *testing.T) {
	square := make([]int16, rate)
	for i := range square {
		square[i] = 32767
		if i/20%2 == 1 {
			square[i] = -32768
		}
	}
	code, out := make([]byte, rate/2), make([]int16, rate)
	new(g722.Encoder).Encode(code, square)
	new(g722.Decoder).Decode(out, code)
	if got := snr(square[:rate-delay], out[delay:]); got < 12 {
		t.Errorf("a full-scale square wave comes out at %.1f dB SNR", got)
	}
}

func TestNoAllocation(t *testing.T) {
	pcm, code, out := speech(frame, 1), make([]byte, frame/2), make([]int16, frame)
	var e, leader g722.Encoder
	var d g722.Decoder
	lead := make([]byte, frame/2)
	leader.Encode(lead, pcm)
	if n := testing.AllocsPerRun(100, func() {
		e.Encode(code, pcm)
		e.Follow(code, pcm, lead)
		d.Decode(out, code)
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}
