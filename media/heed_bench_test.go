package media

import "testing"

// BenchmarkHeed is what noticing talk, looking for keys and levelling cost a
// leg that speaks, each tick.
func BenchmarkHeed(b *testing.B) {
	for name, voice := range map[string]func(int64) int16{
		"speech": func(n int64) int16 {
			return int16(2000*cos2pi(float64(n)*0.021) + 1500*cos2pi(float64(n)*0.057) + 700*cos2pi(float64(n)*0.171))
		},
		"quiet": tone(433, -55),
	} {
		b.Run(name, func(b *testing.B) {
			s := &stream{mouth: new(mouth), audio: Audio{Speaks: true, Level: true}, leg: &Leg{}}
			w := &worker{engine: &Engine{dispatch: newDispatcher()}}
			var pcm, work [frame]int16
			for i := range pcm {
				pcm[i] = voice(int64(i))
			}
			b.ReportAllocs()
			for b.Loop() {
				work = pcm
				s.heed(w, work[:])
			}
		})
	}
}
