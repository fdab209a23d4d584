package jitter_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"partyline/media/codec"
	"partyline/media/jitter"
	"partyline/media/sound"
)

// wideLine sends 16 kHz sound as G.722 in packets of so many bytes, and gives
// the packets and what a decoder makes of them in order.
func wideLine(ptime int, length time.Duration, wave func(int) int16, delay func(int) time.Duration) (packets []packet, want []int16) {
	var enc codec.Encoder
	var dec codec.Decoder
	enc.Reset(codec.G722)
	dec.Reset(codec.G722)
	pcm := make([]int16, 2*ptime)
	back := make([]int16, 2*ptime)
	for i := range int(length/time.Millisecond) * 8 / ptime {
		for k := range pcm {
			pcm[k] = wave(i*2*ptime + k)
		}
		payload := make([]byte, ptime)
		enc.Encode(payload, pcm)
		dec.Decode(back, payload)
		want = append(want, back...)
		at := startNS + 7e6 + int64(i*ptime)*125000
		if delay != nil {
			at += int64(delay(i))
		}
		packets = append(packets, packet{seq: uint16(i), ts: uint32(i * ptime), payload: payload, arrives: at})
	}
	slices.SortStableFunc(packets, func(a, b packet) int { return int(a.arrives - b.arrives) })
	return packets, want
}

// hearWide is the sound of all frames but silent ones.
func hearWide(b *jitter.Buffer, packets []packet) (pcm []int16) {
	b.SetCodec(codec.G722)
	var frame [2 * jitter.Frame]int16
	next := 0
	for at := startNS; at < packets[len(packets)-1].arrives+second/2; at += tickNS {
		for ; next < len(packets) && packets[next].arrives <= at; next++ {
			p := packets[next]
			b.Put(p.seq, p.ts, p.payload, p.arrives)
		}
		if b.Get(frame[:], at) != jitter.Empty {
			pcm = append(pcm, frame[:]...)
		}
	}
	return pcm
}

func wideSine(freq, dBFS float64) func(int) int16 {
	amplitude := 32767 * math.Pow(10, dBFS/20)
	return func(i int) int16 { return int16(amplitude * math.Sin(2*math.Pi*freq*float64(i)/16000)) }
}

func TestWideStreamPassesWhole(t *testing.T) {
	for _, ptime := range []int{80, 160, 240, 320, 480} {
		packets, want := wideLine(ptime, 5*time.Second, wideSine(3100, -20), nil)
		got := hearWide(new(jitter.Buffer), packets)
		if len(got) < len(want) || !slices.Equal(got[:len(want)-960], want[:len(want)-960]) {
			t.Errorf("ptime %d: the sound is not what a decoder makes of the packets", ptime/8)
		}
	}
}

// Whatever the buffer looks at ahead, puts in and leaves out, its decoder has
// decoded every byte once and in order: after jitter in speech with pauses it
// makes to the bit what one makes of the packets.
func TestDecoderStaysInStep(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 2))
	talk := voice()
	for name, wave := range map[string]func(int) int16{
		"tone":  wideSine(441.7, -20),
		"voice": func(i int) int16 { return talk(i / 2) },
	} {
		t.Run(name, func(t *testing.T) {
			packets, want := wideLine(160, 45*time.Second, wave, func(i int) time.Duration {
				if i%500 >= 250 {
					return time.Duration(random.IntN(40)) * time.Millisecond
				}
				return 0
			})
			var b jitter.Buffer
			whole, strange := inStep(&b, packets, want)
			s := b.Stats()
			if s.Grown == 0 && s.Underruns < 4 || s.Shrunk == 0 {
				t.Fatalf("nothing was tried: %+v", s)
			}
			if strange > 0 || whole < 1000 {
				t.Errorf("%d frames are what a decoder makes of the packets, %d are not, %+v", whole, strange, s)
			}
		})
	}
}

// inStep counts the frames that are found in what a decoder makes of the
// packets, and those that are not; the first two after a frame that is not
// plain sound may be joined to it.
func inStep(b *jitter.Buffer, packets []packet, want []int16) (whole, strange int) {
	b.SetCodec(codec.G722)
	var frame [2 * jitter.Frame]int16
	next, place, joined := 0, 0, 2
	var before jitter.Stats
	for at := startNS; at < packets[len(packets)-1].arrives; at += tickNS {
		for ; next < len(packets) && packets[next].arrives <= at; next++ {
			p := packets[next]
			b.Put(p.seq, p.ts, p.payload, p.arrives)
		}
		kind := b.Get(frame[:], at)
		if kind != jitter.Audio || b.Stats() != before {
			joined, before = 2, b.Stats()
		}
		if joined > 0 {
			joined--
			continue
		}
		found := -1
		for near := max(place-3200, 0); near < min(place+3200, len(want)-320) && found < 0; near += 2 {
			if slices.Equal(want[near:near+320], frame[:]) {
				found = near
			}
		}
		if found < 0 {
			strange++
			continue
		}
		whole++
		place = found
	}
	return whole, strange
}

func TestWideToneThroughLoss(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	for _, freq := range []float64{1000, 997, 3100} {
		packets, _ := wideLine(160, 20*time.Second, wideSine(freq, -20), nil)
		packets = slices.DeleteFunc(packets, func(p packet) bool { return p.seq > 20 && random.IntN(20) == 0 })
		var b jitter.Buffer
		got := hearWide(&b, packets)
		got = got[3200 : len(got)-3200]
		var re, im, total float64
		for i, x := range got {
			sin, cos := math.Sincos(2 * math.Pi * freq * float64(i) / 16000)
			re, im, total = re+float64(x)*cos, im+float64(x)*sin, total+float64(x)*float64(x)
		}
		tone := (re*re + im*im) * 2 / float64(len(got))
		ratio := 10 * math.Log10(tone/(total-tone))
		t.Logf("%g Hz: %.1f dB, %+v", freq, ratio, b.Stats())
		if ratio < 10 {
			t.Errorf("%g Hz is %.1f dB over the rest", freq, ratio)
		}
	}
}

// A pause that the sender made is silent once the decoder's filters have run
// dry, and what follows it whole.
func TestWidePauseIsSilent(t *testing.T) {
	packets, _ := wideLine(160, 4*time.Second, wideSine(700, -15), nil)
	var b jitter.Buffer
	b.SetCodec(codec.G722)
	var frame [2 * jitter.Frame]int16
	at := startNS
	for i, p := range packets {
		if i >= 50 { // 60 ms are left out, and come as one leap with the packet before
			p.ts += 3 * jitter.Frame
		}
		b.Put(p.seq, p.ts, p.payload, at-tickNS/2)
		if i == 49 {
			continue
		}
		b.Get(frame[:], at)
		at += tickNS
		switch level := sound.Level(frame[:]); {
		case (i == 52 || i == 53) && level > -45:
			t.Errorf("frame %d of the pause has %.0f dBFS", i, level)
		case (i > 10 && i < 50 || i > 60) && math.Abs(level+15) > 1:
			t.Errorf("frame %d has %.1f dBFS", i, level)
		}
	}
}

func TestCodecChanges(t *testing.T) {
	wide, _ := wideLine(160, 2*time.Second, wideSine(1000, -20), nil)
	narrow := line{length: 2 * time.Second, wave: sine(1000, -20)}.packets()
	var b jitter.Buffer
	var frame [2 * jitter.Frame]int16
	at, seq := startNS, uint16(0)
	for _, c := range []codec.Codec{codec.PCMU, codec.G722, codec.PCMU, codec.G722} {
		b.SetCodec(c)
		for i := range narrow {
			payload := narrow[i].payload
			if c == codec.G722 {
				payload = wide[i].payload
			}
			b.Put(seq, uint32(seq)*160, payload, at-tickNS/2)
			seq++
			pcm := frame[:c.Samples()]
			b.Get(pcm, at)
			at += tickNS
			if level := sound.Goertzel(pcm, c.Rate(), 1000); i > 5 && math.Abs(level+20) > 0.5 {
				t.Fatalf("%v: frame %d has %.1f dBFS", c, i, level)
			}
		}
	}
}

func TestWideNoAllocation(t *testing.T) {
	packets, _ := wideLine(160, 2*time.Second, wideSine(1000, -20), nil)
	var b jitter.Buffer
	b.SetCodec(codec.G722)
	var frame [2 * jitter.Frame]int16
	at, seq := startNS, uint16(0)
	if n := testing.AllocsPerRun(1000, func() {
		if seq%7 != 3 {
			b.Put(seq, uint32(seq)*160, packets[int(seq)%len(packets)].payload, at-tickNS/2)
		}
		b.Get(frame[:], at)
		at, seq = at+tickNS, seq+1
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
