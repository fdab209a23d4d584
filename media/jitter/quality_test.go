package jitter_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"partyline/media/jitter"
)

// tones that do not fit a whole number of periods into a frame, and the one
// that does.
var tones = []float64{1000, 997, 441.7, 1633}

func TestCleanStreamPassesWhole(t *testing.T) {
	for _, ptime := range []int{80, 160, 240, 320, 480} {
		for phase := time.Duration(0); phase < 20*time.Millisecond; phase += 1500 * time.Microsecond {
			l := line{ptime: ptime, length: 6 * time.Second, phase: phase, wave: sine(997, -20)}
			frames := collect(new(jitter.Buffer), l)
			whole := int(l.length / (20 * time.Millisecond))
			if got := count(frames, jitter.Audio); got < whole-3 {
				t.Errorf("ptime %d phase %v: %d whole frames of %d", ptime/8, phase, got, whole)
			}
			pcm := joined(frames)
			if worst := worstBreak(pcm[:len(pcm)-4*jitter.Frame], 997); worst > 0.06 {
				t.Errorf("ptime %d phase %v: the tone breaks by %.2f of its peak", ptime/8, phase, worst)
			}
		}
	}
}

func TestTenMinutesOfToneHaveNoBreak(t *testing.T) {
	l := line{length: 10 * time.Minute, phase: 13 * time.Millisecond, wave: sine(1000, -20), delay: uniform(3, 4*time.Millisecond)}
	frames := collect(new(jitter.Buffer), l)
	if got := count(frames, jitter.Concealed); got > 3 { // the end of the line
		t.Errorf("%d frames made up", got)
	}
	pcm := joined(frames)
	if worst := worstBreak(pcm[:len(pcm)-4*jitter.Frame], 1000); worst > 0.06 {
		t.Errorf("the tone breaks by %.2f of its peak", worst)
	}
}

// The delay of a leg follows its line: up while packets come unevenly, down
// again afterwards, and a tone goes through all of it.
func TestDelayFollowsJitter(t *testing.T) {
	const shaky = 30 * time.Second
	for _, freq := range tones {
		for seed := range uint64(5) {
			t.Run(fmt.Sprintf("%g Hz, %d", freq, seed), func(t *testing.T) {
				jittery := uniform(seed, 40*time.Millisecond)
				l := line{
					length: shaky + 20*time.Second, phase: time.Duration(seed) * 4 * time.Millisecond, wave: sine(freq, -20),
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
				late := 0
				listen(&b, l.packets(), func(h heard) {
					at := time.Duration(h.at - startNS)
					if h.kind != jitter.Empty && at < l.length {
						pcm = append(pcm, h.pcm[:]...)
					}
					if h.kind == jitter.Concealed && at > 8*time.Second && at < l.length {
						late++
					}
					if at < shaky {
						highest = max(highest, b.Depth())
					}
					if at > shaky+10*time.Second && at < l.length {
						final = max(final, b.Depth())
					}
				})
				if highest > 80*time.Millisecond {
					t.Errorf("delay grew to %v", highest)
				}
				if final > 25*time.Millisecond+500*time.Microsecond {
					t.Errorf("10 s after the jitter the delay was still %v", final)
				}
				if late > 1 {
					t.Errorf("%d frames made up after the delay had adapted", late)
				}
				pcm = pcm[:len(pcm)-800]
				if worst := worstBreak(pcm, freq); worst > 0.2 {
					t.Errorf("the tone breaks by %.2f of its peak", worst)
				}
				if least := faintest(pcm, freq); least < -26 {
					t.Errorf("the tone falls from -20 to %.1f dBFS", least)
				}
				if t.Failed() {
					t.Logf("%+v", b.Stats())
				}
			})
		}
	}
}

// A sender's clock 300 ppm off gains or loses 1.08 s in an hour.
func TestDriftForAnHour(t *testing.T) {
	for _, ppm := range []float64{300, -300} {
		t.Run(fmt.Sprintf("%+g ppm", ppm), func(t *testing.T) {
			drift(t, line{length: time.Hour, ppm: ppm, phase: 7 * time.Millisecond, wave: sine(997, -20)}, 54)
		})
		t.Run(fmt.Sprintf("%+g ppm in silence", ppm), func(t *testing.T) {
			drift(t, line{length: 10 * time.Minute, ppm: ppm, phase: 7 * time.Millisecond, wave: sine(997, -90)}, 9)
		})
	}
}

// drift wants about so many frames inserted or left out, and nobody to hear
// them.
func drift(t *testing.T, l line, frames uint64) {
	var b jitter.Buffer
	var deepest time.Duration
	var pcm []int16
	listen(&b, l.packets(), func(h heard) {
		if h.at < startNS+int64(l.length)-2*second { // before a fast sender ends
			deepest = max(deepest, b.Depth())
		}
		if h.kind != jitter.Empty {
			pcm = append(pcm, h.pcm[:]...)
		}
	})
	if deepest > 40*time.Millisecond {
		t.Errorf("delay grew to %v", deepest)
	}
	s := b.Stats()
	if moved := s.Grown + s.Shrunk; moved < frames*4/5 || moved > 2*frames {
		t.Errorf("%d frames inserted or left out, about %d are needed", moved, frames)
	}
	if s.Late > 0 {
		t.Errorf("%d packets late", s.Late)
	}
	pcm = pcm[:len(pcm)-4*jitter.Frame]
	if l.wave(2) < 100 {
		return
	}
	if worst := worstBreak(pcm, 997); worst > 0.2 {
		t.Errorf("the tone breaks by %.2f of its peak", worst)
	}
	if worst := worstSNR(pcm, 997); worst < 12 {
		t.Errorf("the tone is only %.1f dB over the rest at its worst", worst)
	}
}

func TestLossDoesNotAddDelay(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	l := line{
		length: 2 * time.Minute, phase: 9 * time.Millisecond, wave: sine(997, -20),
		lost: func(int) bool { return random.IntN(20) == 0 },
	}
	var b jitter.Buffer
	var pcm []int16
	var deepest time.Duration
	concealed := 0
	listen(&b, l.packets(), func(h heard) {
		if h.kind == jitter.Concealed {
			concealed++
		}
		if h.kind != jitter.Empty {
			pcm = append(pcm, h.pcm[:]...)
		}
		if h.kind == jitter.Audio {
			deepest = max(deepest, b.Depth())
		}
	})
	if lost := 6000 / 20; concealed < lost/2 || concealed > 2*lost {
		t.Errorf("%d frames made up for about %d lost", concealed, lost)
	}
	if deepest > 25*time.Millisecond {
		t.Errorf("delay grew to %v", deepest)
	}
	if worst := worstSNR(pcm[:len(pcm)-4*jitter.Frame], 997); worst < 10 {
		t.Errorf("the tone is only %.1f dB over the rest at its worst", worst)
	}
}
