package jitter_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"partyline/media/jitter"
	"partyline/media/sound"
)

// voice is something like speech that repeats after ten seconds: syllables of
// pulses, 90 to 220 a second, ringing at 700 Hz, with a silence of a second
// after every four.
func voice() func(int) int16 {
	random := rand.New(rand.NewPCG(11, 12))
	const length = 80000
	var table []int16
	var s1, s2 float64
	for len(table) < length {
		for range 4 {
			pitch := 90 + 130*random.Float64()
			phase := 0.0
			for i := range 2400 {
				x := random.NormFloat64() * 20
				if phase += pitch / 8000; phase >= 1 {
					phase--
					x += 3000
				}
				y := x + 1.65*s1 - 0.94*s2
				s1, s2 = y, s1
				table = append(table, int16(min(max(y*math.Sin(math.Pi*float64(i)/2400), -20000), 20000)))
			}
		}
		table = append(table, make([]int16, 8000)...)
	}
	table = table[:length]
	return func(i int) int16 { return table[i%len(table)] }
}

// Of an hour of speech from a clock 300 ppm off nothing is lost that can be
// heard: frames are left out and put in where it is silent, and the delay does
// not grow.
func TestDriftOfSpeechForAnHour(t *testing.T) {
	for _, ppm := range []float64{300, -300} {
		t.Run(fmt.Sprintf("%+g ppm", ppm), func(t *testing.T) {
			l := line{length: time.Hour, ppm: ppm, phase: 7 * time.Millisecond, wave: voice(), delay: uniform(5, 3*time.Millisecond)}
			var b jitter.Buffer
			var deepest time.Duration
			var before, recent float64 // levels of the last two frames
			loud := 0
			moved := uint64(0)
			last := startNS + int64(l.length) - 2*second
			listen(&b, l.packets(), func(h heard) {
				if h.at > last {
					return
				}
				deepest = max(deepest, b.Depth())
				before, recent = recent, sound.Level(h.pcm[:])
				s := b.Stats()
				if now := s.Grown + s.Shrunk; now > moved {
					moved = now
					if min(before, recent) > -40 {
						loud++
					}
				}
			})
			s := b.Stats()
			t.Logf("%+v, %d of them loud, deepest %v", s, loud, deepest)
			if moved < 43 || moved > 108 {
				t.Errorf("%d frames inserted or left out, about 54 are needed", moved)
			}
			if loud > int(moved)/10 {
				t.Errorf("%d of %d frames inserted or left out in the midst of speech", loud, moved)
			}
			if s.Late > 0 || s.Underruns > 4 { // those of the end
				t.Errorf("%d packets late, %d underruns", s.Late, s.Underruns)
			}
			if deepest > 40*time.Millisecond {
				t.Errorf("delay grew to %v", deepest)
			}
		})
	}
}

// One packet in ten is overtaken by the next one, by 20 ms or more: after two
// seconds nothing is missing.
func TestReordering(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 6))
	l := line{
		length: time.Minute, phase: 11 * time.Millisecond, wave: sine(997, -20),
		delay: func(int, int64) time.Duration {
			if random.IntN(10) == 0 {
				return 25 * time.Millisecond
			}
			return 0
		},
	}
	var b jitter.Buffer
	pcm, deepest := afterTwoSeconds(&b, l)
	if n := damaged(pcm, 997, -20); n > 0 {
		t.Errorf("%d windows damaged, %+v", n, b.Stats())
	}
	if deepest > 50*time.Millisecond {
		t.Errorf("packets wait %v", deepest)
	}
}

// Jitter of 50 ms, evenly spread or about a mean, with one packet in twenty
// lost and one in ten out of order.
func TestRoughLine(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 6))
	for name, delay := range map[string]func(int, int64) time.Duration{
		"even":   uniform(3, 50*time.Millisecond),
		"normal": func(int, int64) time.Duration { return time.Duration(min(math.Abs(random.NormFloat64())*17, 50) * 1e6) },
	} {
		t.Run(name, func(t *testing.T) {
			l := line{
				length: time.Minute, phase: 3 * time.Millisecond, wave: sine(997, -20),
				delay: delay,
				lost:  func(int) bool { return random.IntN(20) == 0 },
			}
			var b jitter.Buffer
			pcm, deepest := afterTwoSeconds(&b, l)
			if deepest > 75*time.Millisecond {
				t.Errorf("packets wait %v", deepest)
			}
			if s := b.Stats(); s.Late > 10 {
				t.Errorf("%d packets late", s.Late)
			}
			least := faintest(pcm, 997)
			bad := damaged(pcm, 997, -20)
			t.Logf("%d of %d windows more than 1 dB off, least %.1f dBFS, deepest %v, %+v", bad, len(pcm)/800, least, deepest, b.Stats())
			if least < -25 {
				t.Errorf("the tone falls from -20 to %.1f dBFS", least)
			}
			if bad > len(pcm)/800/10 {
				t.Errorf("%d of %d windows damaged", bad, len(pcm)/800)
			}
		})
	}
}

// afterTwoSeconds is what is heard of a line from two seconds after its
// beginning to its end, and the longest that a packet waited.
func afterTwoSeconds(b *jitter.Buffer, l line) (pcm []int16, deepest time.Duration) {
	listen(b, l.packets(), func(h heard) {
		at := time.Duration(h.at - startNS)
		if at > 2*time.Second && at < l.length {
			pcm = append(pcm, h.pcm[:]...)
			if h.kind == jitter.Audio { // while a packet is waited for in vain it seems more
				deepest = max(deepest, b.Depth())
			}
		}
	})
	return pcm, deepest
}

// A far end may change the length of its packets as it likes.
func TestPacketLengthChanges(t *testing.T) {
	wave := sine(997, -20)
	var packets []packet
	random := rand.New(rand.NewPCG(8, 6))
	at, ts, seq := startNS+7e6, uint32(0), uint16(0)
	for i, ptime := range []int{160, 80, 320, 240, 480, 160, 480, 80, 160} {
		length := 4 * time.Second
		if i == 8 {
			length = 15 * time.Second
		}
		l := line{ptime: ptime, length: length, seq: seq, ts: ts, wave: func(i int) int16 { return wave(i + int(ts)) }}
		part := l.packets()
		for _, p := range part {
			// A packet is sent when its last sample was recorded.
			p.arrives = at + int64(p.ts-ts+uint32(ptime))*125000 + random.Int64N(2e6)
			packets = append(packets, p)
		}
		ts += uint32(len(part) * ptime)
		at += int64(len(part)*ptime) * 125000
		seq += uint16(len(part))
	}
	var b jitter.Buffer
	var pcm []int16
	var deepest, final time.Duration
	listen(&b, packets, func(h heard) {
		if h.kind != jitter.Empty {
			pcm = append(pcm, h.pcm[:]...)
		}
		if h.kind == jitter.Audio {
			final = b.Depth()
			deepest = max(deepest, final)
		}
	})
	pcm = pcm[160 : len(pcm)-800]
	t.Logf("%+v, deepest %v", b.Stats(), deepest)
	if worst := worstBreak(pcm, 997); worst > 0.2 {
		t.Errorf("the tone breaks by %.2f of its peak", worst)
	}
	if n := damaged(pcm, 997, -20); n > 0 {
		t.Errorf("%d windows damaged", n)
	}
	if s := b.Stats(); s.Late > 0 {
		t.Errorf("%d packets late", s.Late)
	}
	// A packet of 60 ms comes 40 ms later than its sound would in packets of
	// 20 ms, which then wait as much longer until the delay has shrunk.
	if deepest > 100*time.Millisecond || final > 27*time.Millisecond {
		t.Errorf("delay grew to %v, and was %v at the end", deepest, final)
	}
}
