package jitter_test

import (
	"testing"
	"time"

	"partyline/media/jitter"
)

func TestLeapOfSequence(t *testing.T) {
	f := newFeeder()
	for id := 1; id <= 5; id++ {
		f.put(t, uint16(id), uint32(id)*160, id, jitter.Accepted)
		f.get(t, jitter.Audio, id)
	}
	// One odd packet changes nothing.
	f.put(t, 30000, 99, 30, jitter.Strange)
	f.put(t, 6, 6*160, 6, jitter.Accepted)
	f.get(t, jitter.Audio, 6)
	// Two that follow each other are a new beginning.
	f.put(t, 40000, 4_000_000, 40, jitter.Strange)
	f.get(t, jitter.Concealed, -1)
	for id := 41; id < 50; id++ {
		f.put(t, uint16(39960+id), 4_000_000+uint32(id)*160, id, jitter.Accepted)
		f.get(t, jitter.Audio, id)
	}
}

func TestLeapOfTimestamp(t *testing.T) {
	for name, leap := range map[string]uint32{"forward": 1 << 30, "far": 1 << 31, "back": ^uint32(0) - 1_000_000} {
		t.Run(name, func(t *testing.T) {
			f := newFeeder()
			for id := 1; id <= 5; id++ {
				f.put(t, uint16(id), uint32(id)*160, id, jitter.Accepted)
				f.get(t, jitter.Audio, id)
			}
			for id := 6; id <= 12; id++ {
				f.put(t, uint16(id), leap+uint32(id)*160, id, jitter.Accepted)
				f.get(t, jitter.Audio, id)
			}
		})
	}
}

func TestOldPacketWithOddTimestamp(t *testing.T) {
	f := newFeeder()
	for id := 1; id <= 5; id += 2 {
		f.put(t, uint16(id), uint32(id)*160, id, jitter.Accepted)
	}
	f.put(t, 2, 1<<31, 2, jitter.Strange)
	f.get(t, jitter.Audio, -1)
	f.put(t, 4, 3<<30, 4, jitter.Strange)
}

func TestWrapAround(t *testing.T) {
	l := line{length: 5 * time.Second, seq: 65500, ts: 1<<32 - 9000, phase: 6 * time.Millisecond, wave: sine(997, -20)}
	pcm := joined(collect(new(jitter.Buffer), l))
	if worst := worstBreak(pcm[:len(pcm)-4*jitter.Frame], 997); worst > 0.06 {
		t.Errorf("the tone breaks by %.2f of its peak", worst)
	}
}

// After a stall the line delivers everything at once; what is older than the
// line's usual delay is left out.
func TestBurstAfterAStallIsNotPlayedLate(t *testing.T) {
	stall := func(i int, at int64) time.Duration {
		const from, to = 2 * time.Second, 3 * time.Second
		if at >= int64(from) && at < int64(to) {
			return to - time.Duration(at)
		}
		return 0
	}
	l := line{length: 6 * time.Second, phase: 6 * time.Millisecond, wave: sine(997, -20), delay: stall}
	var b jitter.Buffer
	listen(&b, l.packets(), func(h heard) {
		at := time.Duration(h.at - startNS)
		if at > 3200*time.Millisecond && at < 6*time.Second && b.Depth() > 40*time.Millisecond {
			t.Fatalf("%v after the start the delay is %v", at, b.Depth())
		}
	})
}

func TestResetForgetsSound(t *testing.T) {
	f := newFeeder()
	f.put(t, 1, 160, 1, jitter.Accepted)
	f.get(t, jitter.Audio, 1)
	for id := 2; id <= 5; id++ {
		f.put(t, uint16(id), uint32(id)*160, id, jitter.Accepted)
	}
	f.b.Reset()
	f.get(t, jitter.Empty, -1)
	if f.pcm != [jitter.Frame]int16{} {
		t.Error("something was heard after Reset")
	}
	f.put(t, 1000, 5, 50, jitter.Accepted)
	f.get(t, jitter.Audio, 50)
}

func TestSkippedTicksLeaveSoundOut(t *testing.T) {
	f := newFeeder()
	f.put(t, 1, 160, 1, jitter.Accepted)
	f.get(t, jitter.Audio, 1)
	for id := 2; id <= 5; id++ {
		f.put(t, uint16(id), uint32(id)*160, id, jitter.Accepted)
	}
	f.at += 2 * tickNS
	f.get(t, jitter.Audio, 4)
}

// An engine that stalls for a second finds fifty packets: only the newest are
// worth hearing, and the stream goes on behind them without delay.
func TestStalledCallerHearsTheNewest(t *testing.T) {
	f := newFeeder()
	for id := 1; id <= 50; id++ {
		f.put(t, uint16(id), uint32(id)*160, id, jitter.Accepted)
		if id == 1 {
			f.get(t, jitter.Audio, 1)
		} else {
			f.at += tickNS
		}
	}
	f.b.Get(f.pcm[:], f.at-tickNS)
	if id := idOf(f.pcm[jitter.Frame-1]); id < 48 {
		t.Errorf("packet %d is heard after a stall of 50", id)
	}
	for id := 51; id < 60; id++ {
		f.put(t, uint16(id), uint32(id)*160, id, jitter.Accepted)
		if got := f.b.Get(f.pcm[:], f.at); got != jitter.Audio {
			t.Errorf("frame %d is of kind %d", id, got)
		}
		f.at += tickNS
	}
	if d := f.b.Depth(); d > 40*time.Millisecond {
		t.Errorf("delay is %v after the stall", d)
	}
}

func TestWhatWaitedTooLongForItsFirstTickIsDropped(t *testing.T) {
	f := newFeeder()
	f.put(t, 1, 160, 1, jitter.Accepted)
	f.at += 15 * tickNS
	f.put(t, 2, 320, 2, jitter.Accepted)
	f.get(t, jitter.Audio, 2)
	if got := f.b.Stats().Stale; got != jitter.Frame {
		t.Errorf("%d stale samples, want %d", got, jitter.Frame)
	}
}

// Late sound shifts the frames against the packets, and silence lets them
// fall into place again.
func TestFramesAlignWithPacketsInSilence(t *testing.T) {
	f := newFeeder()
	tone := line{length: time.Second, wave: sine(441.7, -20)}.packets()
	put := func(p packet) {
		f.b.Put(p.seq, p.ts, p.payload, f.at-tickNS/2)
	}
	for _, p := range tone[:20] {
		put(p)
		f.get(t, jitter.Audio, -1)
	}
	f.b.Get(f.pcm[:], f.at) // the next is late
	f.at += tickNS
	put(tone[20])
	for n := 21; n < 60; n++ {
		if n < 30 {
			put(tone[n])
		} else { // two codes of silence in turn
			f.b.Put(uint16(n), uint32(n)*160, marked(120+n%2, jitter.Frame), f.at-tickNS/2)
		}
		f.b.Get(f.pcm[:], f.at)
		f.at += tickNS
		first, last := idOf(f.pcm[0]), idOf(f.pcm[jitter.Frame-1])
		if n == 29 && f.b.Depth() < 11*time.Millisecond {
			t.Fatalf("nothing was shifted: delay %v", f.b.Depth())
		}
		if n > 40 && first != last {
			t.Fatalf("frame %d is made of packets %d and %d", n, first, last)
		}
	}
}

// A far end that sends only while it talks begins each spurt with the delay
// its line has shown to need.
func TestSpurtsRememberTheJitter(t *testing.T) {
	l := line{length: 2 * time.Minute, phase: 5 * time.Millisecond, wave: sine(997, -20), delay: uniform(9, 35*time.Millisecond)}
	var spurts []packet
	seq := uint16(0)
	for _, p := range l.packets() {
		if p.ts/8000%2 == 0 { // every other second
			spurts = append(spurts, p)
		}
	}
	order := make(map[uint32]uint16)
	for ts := uint32(0); ts < 2*60*8000; ts += 160 {
		if ts/8000%2 == 0 {
			order[ts] = seq
			seq++
		}
	}
	for i := range spurts {
		spurts[i].seq = order[spurts[i].ts]
	}
	concealed := 0
	listen(new(jitter.Buffer), spurts, func(h heard) {
		if h.kind == jitter.Concealed && h.at > startNS+10*second {
			concealed++
		}
	})
	// Three frames at the end of each of 55 spurts cannot be known to be its
	// end.
	if concealed > 3*55+15 {
		t.Errorf("%d frames made up", concealed)
	}
}

// A speaker who pauses gets a short delay again when the line has become
// better, although no spurt of his is long enough to be sure of it.
func TestDelayShrinksOverPauses(t *testing.T) {
	b, line := new(jitter.Buffer), int64(0)
	var pcm [jitter.Frame]int16
	seq, ts := uint16(0), uint32(0)
	random := uint32(1)
	spurt := func(most int64) time.Duration {
		var depth time.Duration
		type sent struct {
			at  int64
			seq uint16
			ts  uint32
		}
		var under []sent
		for n := range 100 { // 1.6 s of sound, 0.4 s of nothing
			if n < 80 {
				random = random*1664525 + 1013904223
				late := int64(0)
				if most > 0 {
					late = int64(random>>8) % most
				}
				under = append(under, sent{line + late, seq, ts})
			} else {
				b.Event(seq)
			}
			seq++
			ts += jitter.Frame
			line += int64(20 * time.Millisecond)
			kept := under[:0]
			for _, s := range under {
				if s.at < line {
					b.Put(s.seq, s.ts, make([]byte, jitter.Frame), s.at)
				} else {
					kept = append(kept, s)
				}
			}
			under = kept
			b.Get(pcm[:], line)
			if n == 60 {
				depth = b.Depth()
			}
		}
		return depth
	}
	for range 10 {
		spurt(40e6)
	}
	var depth time.Duration
	for range 5 { // ten seconds
		depth = spurt(0)
	}
	if depth > 30*time.Millisecond {
		t.Errorf("after ten seconds without jitter sound still waits %v", depth)
	}
}
