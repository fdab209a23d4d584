package record

import (
	"fmt"
	"testing"

	"partyline/media"
)

// BenchmarkTake is what a recording costs a tick, outside the mixer: to mix
// down, and to write.
func BenchmarkTake(b *testing.B) {
	for _, spec := range []Spec{{Rate: 8000}, {Rate: 16000}, {Rate: 16000, Stereo: true, Tracks: true}} {
		b.Run(fmt.Sprintf("%d Hz, stereo and tracks %v", spec.Rate, spec.Stereo), func(b *testing.B) {
			s := newStage(b, spec)
			var voices []media.Spoken
			for leg := range media.LegID(3) {
				s.take.Belongs(leg+1, Track{ParticipantID: fmt.Sprint("p", leg), Left: leg == 0})
				voices = append(voices, media.Spoken{Leg: leg + 1, Rate: 8000, PCM: tone(8000, 300, -20, 160)})
			}
			b.ReportAllocs()
			for b.Loop() {
				s.hear(nil, voices...)
			}
			s.stop()
		})
	}
}
