package jitter_test

import (
	"testing"
	"time"

	"partyline/media/g711"
	"partyline/media/jitter"
)

// marked is a payload whose every sample says which packet it belongs to.
func marked(id, samples int) []byte {
	payload := make([]byte, samples)
	for i := range payload {
		payload[i] = code(id)
	}
	return payload
}

// code is one of 127 µ-law codes of positive sign, so that a sample tells its
// packet for 2.5 s of 20 ms packets.
func code(id int) byte { return 0x80 + byte(id%ids) }

const ids = 127

// idOf is the packet of a sample, or −1 for a made-up one.
func idOf(sample int16) int {
	var c [1]byte
	var back [1]int16
	g711.EncodeMu(c[:], []int16{sample})
	g711.DecodeMu(back[:], c[:])
	if back[0] != sample || c[0] < 0x80 || c[0] >= 0x80+ids {
		return -1
	}
	return int(c[0] - 0x80)
}

// feed puts packets n of 20 ms into b, each arriving 10 ms before its tick,
// and returns the frames.
type feeder struct {
	b   jitter.Buffer
	at  int64
	pcm [jitter.Frame]int16
}

func newFeeder() *feeder { return &feeder{at: startNS} }

func (f *feeder) put(t *testing.T, seq uint16, ts uint32, id int, want jitter.Verdict) {
	t.Helper()
	if got := f.b.Put(seq, ts, marked(id, jitter.Frame), f.at-tickNS/2); got != want {
		t.Errorf("packet %d: verdict %d, want %d", id, got, want)
	}
}

// get takes the next frame and checks its kind and the packet of its end.
func (f *feeder) get(t *testing.T, kind jitter.Kind, id int) {
	t.Helper()
	got := f.b.Get(f.pcm[:], f.at)
	f.at += tickNS
	if got != kind {
		t.Errorf("frame is of kind %d, want %d", got, kind)
	}
	if last := idOf(f.pcm[jitter.Frame-1]); id >= 0 && last != id%ids {
		t.Errorf("frame ends with packet %d, want %d", last, id)
	}
}

func TestEmptyBufferIsSilent(t *testing.T) {
	f := newFeeder()
	for i := range f.pcm {
		f.pcm[i] = 1234
	}
	f.get(t, jitter.Empty, -1)
	if f.pcm != [jitter.Frame]int16{} {
		t.Error("an empty frame is not zero")
	}
}

func TestOrderIsRestored(t *testing.T) {
	f := newFeeder()
	f.put(t, 1, 160, 1, jitter.Accepted)
	f.get(t, jitter.Audio, 1)
	f.put(t, 3, 480, 3, jitter.Accepted)
	f.put(t, 4, 640, 4, jitter.Accepted)
	f.put(t, 2, 320, 2, jitter.Accepted)
	for id := 2; id <= 4; id++ {
		f.get(t, jitter.Audio, id)
	}
}

func TestDuplicateIsDropped(t *testing.T) {
	f := newFeeder()
	f.put(t, 1, 160, 1, jitter.Accepted)
	f.put(t, 1, 160, 99, jitter.Duplicate)
	f.get(t, jitter.Audio, 1)
	f.put(t, 2, 320, 2, jitter.Accepted)
	f.get(t, jitter.Audio, 2)
	f.put(t, 1, 160, 1, jitter.Duplicate)
	if got := f.b.Stats().Duplicates; got != 2 {
		t.Errorf("%d duplicates counted", got)
	}
}

func TestLostPacketIsMadeUpAndPassed(t *testing.T) {
	f := newFeeder()
	for id := 1; id <= 5; id++ {
		f.put(t, uint16(id), uint32(id)*160, id, jitter.Accepted)
		f.get(t, jitter.Audio, id)
	}
	f.get(t, jitter.Concealed, -1) // 6 is lost
	f.put(t, 7, 7*160, 7, jitter.Accepted)
	f.get(t, jitter.Audio, 7)
	f.put(t, 6, 6*160, 6, jitter.Late)
}

func TestLatePacketIsStillHeard(t *testing.T) {
	f := newFeeder()
	for id := 1; id <= 5; id++ {
		f.put(t, uint16(id), uint32(id)*160, id, jitter.Accepted)
		f.get(t, jitter.Audio, id)
	}
	f.get(t, jitter.Concealed, -1) // 6 is late
	f.put(t, 6, 6*160, 6, jitter.Accepted)
	f.put(t, 7, 7*160, 7, jitter.Accepted)
	f.get(t, jitter.Audio, 6)
	f.get(t, jitter.Audio, 7)
}

func TestSilentFarEndIsNotConcealedForever(t *testing.T) {
	f := newFeeder()
	for id := 1; id <= 5; id++ {
		f.put(t, uint16(id), uint32(id)*160, id, jitter.Accepted)
		f.get(t, jitter.Audio, id)
	}
	for range 3 {
		f.get(t, jitter.Concealed, -1)
	}
	for range 50 {
		f.get(t, jitter.Empty, -1)
		if f.pcm != [jitter.Frame]int16{} {
			t.Fatal("silence is not silent")
		}
	}
	// After the pause the sequence goes on and the timestamp has moved.
	for id := 6; id < 12; id++ {
		f.put(t, uint16(id), uint32(id+53)*160, id, jitter.Accepted)
		f.get(t, jitter.Audio, id)
	}
	if d := f.b.Depth(); d > 10*time.Millisecond {
		t.Errorf("the new spurt waits %v", d)
	}
}

func TestShortPauseOfTheSenderIsSilence(t *testing.T) {
	f := newFeeder()
	f.put(t, 1, 160, 1, jitter.Accepted)
	f.get(t, jitter.Audio, 1)
	f.put(t, 2, 320, 2, jitter.Accepted)
	f.put(t, 3, 640, 4, jitter.Accepted) // a frame was left out, no packet is missing
	f.get(t, jitter.Audio, 2)
	f.get(t, jitter.Audio, -1)
	if f.pcm != [jitter.Frame]int16{} {
		t.Error("the pause is not silent")
	}
	f.get(t, jitter.Audio, 4)
}

func TestComfortNoise(t *testing.T) {
	f := newFeeder()
	for id := 1; id <= 5; id++ {
		f.put(t, uint16(id), uint32(id)*160, id, jitter.Accepted)
		f.get(t, jitter.Audio, id)
	}
	if got := f.b.Comfort(6, []byte{50}); got != jitter.Accepted {
		t.Errorf("comfort noise: verdict %d", got)
	}
	f.get(t, jitter.Noise, -1) // may still fade
	var sum float64
	for range 50 {
		f.get(t, jitter.Noise, -1)
		for _, x := range f.pcm {
			sum += float64(x) * float64(x)
		}
	}
	if rms := sum / (50 * jitter.Frame); rms < 0.5*103.6*103.6 || rms > 2*103.6*103.6 { // −50 dBov
		t.Errorf("comfort noise has a power of %.0f", rms)
	}
	f.put(t, 7, 70*160, 7, jitter.Accepted)
	f.get(t, jitter.Audio, 7)
	if got := f.b.Stats().Concealed; got != 0 {
		t.Errorf("%d samples made up over comfort noise", got)
	}
	if got := f.b.Comfort(8, nil); got != jitter.Malformed {
		t.Errorf("empty comfort noise: verdict %d", got)
	}
}

func TestKeyPressIsNotConcealed(t *testing.T) {
	f := newFeeder()
	for id := 1; id <= 5; id++ {
		f.put(t, uint16(id), uint32(id)*160, id, jitter.Accepted)
		f.get(t, jitter.Audio, id)
	}
	for seq := uint16(6); seq < 16; seq++ {
		f.b.Event(seq)
		f.get(t, jitter.Empty, -1)
	}
	f.put(t, 16, 16*160, 16, jitter.Accepted)
	f.get(t, jitter.Audio, 16)
}

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

func TestMalformed(t *testing.T) {
	var b jitter.Buffer
	for _, n := range []int{0, jitter.MaxPayload + 1, 1400} {
		if got := b.Put(1, 1, make([]byte, n), startNS); got != jitter.Malformed {
			t.Errorf("%d bytes: verdict %d", n, got)
		}
	}
}

func TestALaw(t *testing.T) {
	var b jitter.Buffer
	b.SetLaw(g711.A)
	want := sine(997, -10)
	pcm := make([]int16, jitter.Frame)
	for i := range pcm {
		pcm[i] = want(i)
	}
	payload := make([]byte, jitter.Frame)
	g711.EncodeA(payload, pcm)
	b.Put(1, 160, payload, startNS-tickNS/2)
	got := make([]int16, jitter.Frame)
	b.Get(got, startNS)
	if worst := worstBreak(got, 997); worst > 0.1 {
		t.Errorf("the tone breaks by %.2f of its peak", worst)
	}
}

func TestNoAllocation(t *testing.T) {
	var b jitter.Buffer
	var pcm [jitter.Frame]int16
	payload := marked(1, jitter.Frame)
	at, seq := startNS, uint16(0)
	if n := testing.AllocsPerRun(2000, func() {
		if seq%7 != 3 { // with losses
			b.Put(seq, uint32(seq)*160, payload, at-tickNS/2)
		}
		b.Get(pcm[:], at)
		at, seq = at+tickNS, seq+1
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
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
