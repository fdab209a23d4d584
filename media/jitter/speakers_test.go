package jitter_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"partyline/media/jitter"
	"partyline/media/sound"
)

// damaged counts windows of 100 ms in which a tone's level is more than 1 dB
// off, or in which 5 ms are silent.
func damaged(pcm []int16, freq, dBFS float64) (windows int) {
	for ; len(pcm) >= 800; pcm = pcm[800:] {
		bad := math.Abs(sound.Goertzel(pcm[:800], 8000, freq)-dBFS) > 1
		for part := pcm[:800]; len(part) > 0; part = part[40:] {
			bad = bad || sound.Level(part[:40]) < dBFS-20
		}
		if bad {
			windows++
		}
	}
	return windows
}

// Packets of a speaker come 0 to 40 ms late at random: from two seconds on
// not one window of 100 ms is damaged and no packet waits longer than 60 ms,
// and 10 s after the jitter has ended none longer than 25 ms.
func TestSpeakersJitter(t *testing.T) {
	const shaky, calm = 30 * time.Second, 20 * time.Second
	for phase := range 20 {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("phase %d ms, %d", phase, seed), func(t *testing.T) {
				jittery := uniform(seed+100, 40*time.Millisecond)
				l := line{
					length: shaky + calm, phase: time.Duration(phase) * time.Millisecond, wave: sine(1000, -20),
					delay: func(i int, at int64) time.Duration {
						if at < int64(shaky) {
							return jittery(i, at)
						}
						return 0
					},
				}
				var b jitter.Buffer
				var pcm []int16
				var highest, final time.Duration
				listen(&b, l.packets(), func(h heard) {
					at := time.Duration(h.at - startNS)
					if at > 2*time.Second && at < l.length {
						pcm = append(pcm, h.pcm[:]...)
					}
					if at > 2*time.Second && at < shaky {
						highest = max(highest, b.Depth())
					}
					if at > shaky+10*time.Second && at < l.length {
						final = max(final, b.Depth())
					}
				})
				if n := damaged(pcm, 1000, -20); n > 0 {
					t.Errorf("%d windows damaged", n)
				}
				if highest > 60*time.Millisecond {
					t.Errorf("packets wait %v", highest)
				}
				if final > 25*time.Millisecond {
					t.Errorf("10 s after the jitter packets wait %v", final)
				}
				if t.Failed() {
					t.Logf("%+v", b.Stats())
				}
			})
		}
	}
}
