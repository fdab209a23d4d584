package conceal_test

import (
	"testing"

	"partyline/media/conceal"
)

func BenchmarkLostFrame(b *testing.B) {
	for name, k := range map[string]int{"8kHz": 1, "16kHz": 2} {
		b.Run(name, func(b *testing.B) {
			pcm := speech(k, 120, 1, 1)
			past := make([]int16, conceal.Memory*k)
			var c conceal.Concealer
			frame := make([]int16, 160*k)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				for j := range 3 {
					copy(frame, pcm[(i+j)%40*160*k:])
					c.Heard(past, frame)
				}
				c.Invent(past, frame)
			}
		})
	}
}

func BenchmarkHeardFrame(b *testing.B) {
	past := make([]int16, conceal.Memory)
	var c conceal.Concealer
	frame := make([]int16, 160)
	b.ReportAllocs()
	for b.Loop() {
		c.Heard(past, frame)
	}
}
