package jitter_test

import (
	"testing"

	"partyline/media/jitter"
)

// BenchmarkPutGet is one packet in and its frame out, in order on a clean
// line: of a tone, and of silence, where the delay may be moved.
func BenchmarkPutGet(b *testing.B) {
	for name, level := range map[string]float64{"tone": -20, "silence": -90} {
		packets := line{length: 10e9, wave: sine(997, level)}.packets()
		b.Run(name, func(b *testing.B) {
			var buffer jitter.Buffer
			var pcm [jitter.Frame]int16
			at, seq, ts := startNS, uint16(0), uint32(0)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				buffer.Put(seq, ts, packets[i%len(packets)].payload, at-tickNS/2)
				buffer.Get(pcm[:], at)
				at, seq, ts = at+tickNS, seq+1, ts+jitter.Frame
			}
		})
	}
}
