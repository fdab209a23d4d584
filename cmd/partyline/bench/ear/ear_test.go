package ear_test

import (
	"testing"

	"partyline/cmd/partyline/bench/ear"
)

const ms = int64(1e6)

func BenchmarkFrame(b *testing.B) {
	for name, rule := range map[string]ear.Rule{"one tone": {Expect: 1}, "nine tones": {Expect: 0x1ff}} {
		b.Run(name, func(b *testing.B) {
			var e ear.Ear
			f := ear.Voice(0)
			b.ReportAllocs()
			for b.Loop() {
				e.Frame(f[:], 0, &rule)
			}
		})
	}
}
