package jitter_test

import (
	"math"
	"math/rand/v2"
	"sort"
	"time"

	"partyline/media/g711"
	"partyline/media/jitter"
	"partyline/media/sound"
)

const (
	second  = int64(time.Second)
	tickNS  = int64(20 * time.Millisecond)
	startNS = 100 * second // the clock's reading when a line begins
)

// packet is one packet on its way.
type packet struct {
	seq     uint16
	ts      uint32
	payload []byte
	arrives int64
}

// line describes a sender and the network between it and the buffer.
type line struct {
	ptime  int           // samples a packet
	length time.Duration // how long it sends
	ppm    float64       // how much faster than ours the sender's clock runs
	phase  time.Duration // of its first packet after a tick
	seq    uint16        // of the first packet
	ts     uint32        // of the first packet
	wave   func(i int) int16
	delay  func(i int, at int64) time.Duration
	lost   func(i int) bool
	twice  func(i int) bool
}

// sine repeats after ten seconds: freq is a multiple of 0.1 Hz.
func sine(freq, dBFS float64) func(int) int16 {
	amplitude := 32767 * math.Pow(10, dBFS/20)
	table := make([]int16, 80000)
	for i := range table {
		table[i] = int16(math.Round(amplitude * math.Sin(2*math.Pi*freq*float64(i)/8000)))
	}
	return func(i int) int16 { return table[i%len(table)] }
}

// packets makes the line's packets in the order they arrive.
func (l line) packets() []packet {
	if l.ptime == 0 {
		l.ptime = 160
	}
	count := int(int64(l.length) * 8 / int64(time.Millisecond) / int64(l.ptime))
	out := make([]packet, 0, count)
	pcm := make([]int16, l.ptime)
	for i := range count {
		for k := range pcm {
			if l.wave != nil {
				pcm[k] = l.wave(i*l.ptime + k)
			}
		}
		payload := make([]byte, l.ptime)
		g711.EncodeMu(payload, pcm)
		sent := startNS + int64(l.phase) + int64(float64(i*l.ptime)*125000/(1+l.ppm/1e6))
		p := packet{seq: l.seq + uint16(i), ts: l.ts + uint32(i*l.ptime), payload: payload, arrives: sent}
		if l.delay != nil {
			p.arrives += int64(l.delay(i, sent-startNS))
		}
		if l.lost == nil || !l.lost(i) {
			out = append(out, p)
		}
		if l.twice != nil && l.twice(i) {
			p.arrives += int64(3 * time.Millisecond)
			out = append(out, p)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].arrives < out[j].arrives })
	return out
}

// heard is one frame that came out.
type heard struct {
	kind jitter.Kind
	pcm  [jitter.Frame]int16
	at   int64
}

// listen feeds packets into b and takes a frame every tick until after the
// last packet.
func listen(b *jitter.Buffer, packets []packet, each func(heard)) {
	end := packets[len(packets)-1].arrives + second/2
	next := 0
	for at := startNS; at < end; at += tickNS {
		for next < len(packets) && packets[next].arrives <= at {
			p := packets[next]
			b.Put(p.seq, p.ts, p.payload, p.arrives)
			next++
		}
		h := heard{at: at}
		h.kind = b.Get(h.pcm[:], at)
		each(h)
	}
}

// worstBreak is the most that any sample of a tone differs from what follows
// from the two before it, relative to the tone's peak. µ-law alone makes
// about 0.04; a jump of half a period makes up to 2.
func worstBreak(pcm []int16, freq float64) float64 {
	turn := 2 * math.Cos(2*math.Pi*freq/8000)
	var worst, peak float64
	for i := 2; i < len(pcm); i++ {
		miss := math.Abs(float64(pcm[i]) - turn*float64(pcm[i-1]) + float64(pcm[i-2]))
		worst = max(worst, miss)
		peak = max(peak, math.Abs(float64(pcm[i])))
	}
	return worst / peak
}

// worstSNR is the least ratio in dB, over windows of 100 ms, of a tone to all
// else.
func worstSNR(pcm []int16, freq float64) float64 {
	worst := math.Inf(1)
	for ; len(pcm) >= 800; pcm = pcm[800:] {
		var re, im, total float64
		for i, x := range pcm[:800] {
			sin, cos := math.Sincos(2 * math.Pi * freq * float64(i) / 8000)
			re += float64(x) * cos
			im += float64(x) * sin
			total += float64(x) * float64(x)
		}
		tone := (re*re + im*im) * 2 / 800
		worst = min(worst, 10*math.Log10(tone/max(total-tone, 1)))
	}
	return worst
}

// uniform is a delay evenly spread over 0 to most.
func uniform(seed uint64, most time.Duration) func(int, int64) time.Duration {
	random := rand.New(rand.NewPCG(seed, 1))
	return func(int, int64) time.Duration { return time.Duration(random.Int64N(int64(most) + 1)) }
}

func collect(b *jitter.Buffer, l line) []heard {
	var out []heard
	listen(b, l.packets(), func(h heard) { out = append(out, h) })
	return out
}

// joined strings together the frames from the first that is not silent to the last.
func joined(frames []heard) []int16 {
	var pcm []int16
	first, last := -1, -1
	for i, h := range frames {
		if h.kind != jitter.Empty {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return nil
	}
	for _, h := range frames[first : last+1] {
		pcm = append(pcm, h.pcm[:]...)
	}
	return pcm
}

func count(frames []heard, kind jitter.Kind) int {
	n := 0
	for _, h := range frames {
		if h.kind == kind {
			n++
		}
	}
	return n
}

// faintest is the least level of a tone in any window of 100 ms, in dBFS.
func faintest(pcm []int16, freq float64) float64 {
	least := 0.0
	for ; len(pcm) >= 800; pcm = pcm[800:] {
		least = min(least, sound.Goertzel(pcm[:800], 8000, freq))
	}
	return least
}
