package jitter_test

import (
	"testing"
	"time"

	"partyline/media/codec"
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
	b.SetCodec(codec.PCMA)
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
