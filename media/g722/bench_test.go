package g722_test

import (
	"testing"

	"partyline/media/g722"
)

// Both handle 20 ms at a time, of a second of speech-like sound.
func BenchmarkEncode(b *testing.B) {
	pcm := speech(rate, 1)
	code := make([]byte, 160)
	var e g722.Encoder
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at := i % 50 * 320
		e.Encode(code, pcm[at:at+320])
	}
}

func BenchmarkDecode(b *testing.B) {
	code := make([]byte, rate/2)
	new(g722.Encoder).Encode(code, speech(rate, 1))
	pcm := make([]int16, 320)
	var d g722.Decoder
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at := i % 50 * 160
		d.Decode(pcm, code[at:at+160])
	}
}

func BenchmarkFollow(b *testing.B) {
	pcm := speech(rate, 1)
	lead, code := make([]byte, rate/2), make([]byte, 160)
	new(g722.Encoder).Encode(lead, pcm)
	var e g722.Encoder
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at := i % 50 * 160
		e.Follow(code, pcm[2*at:2*at+320], lead[at:at+160])
	}
}
