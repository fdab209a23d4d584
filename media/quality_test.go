//go:build linux && !portable

package media

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"partyline/media/codec"
)

// network is the way of a phone's packets to us, tick by tick.
type network struct {
	loss, reorder float64 // share of packets
	jitter        int     // ticks at most
	random        *rand.Rand
	tick          int
	under         []sent
}

type sent struct {
	due int
	b   []byte
}

// carry takes a phone's packet on its way and delivers what is due.
func (n *network) carry(p *phone, b []byte) {
	n.tick++
	if n.random.Float64() >= n.loss {
		due := n.tick
		if n.jitter > 0 {
			due += n.random.IntN(n.jitter + 1)
		}
		if n.random.Float64() < n.reorder {
			due++
		}
		n.under = append(n.under, sent{due, b})
	}
	kept := n.under[:0]
	for _, s := range n.under {
		if s.due <= n.tick {
			p.send(s.b)
		} else {
			kept = append(kept, s)
		}
	}
	n.under = kept
}

// One speaker's bad line is heard as well as can be, and nobody else's sound
// suffers from it.
func TestBadLineHurtsNobodyElse(t *testing.T) {
	tests := []struct {
		name          string
		loss, reorder float64
		jitter        int
		least         float64 // SNR of the speaker on the bad line, dB
	}{
		{"5 % lost", 0.05, 0, 0, 10},
		{"10 % out of order", 0, 0.1, 0, 10},
		{"up to 60 ms late", 0, 0, 3, 10},
		{"all of it", 0.05, 0.1, 2, 6},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, 1)
			bad, good, other, listener := r.call(nil), r.call(tone(700, -16)), r.call(nil), r.call(nil)
			room, second := r.e.NewRoom(), r.e.NewRoom()
			// The bad line alone is heard in one room, the good one in the
			// other and by the bad line's speaker.
			room.Update(Change{bad.leg.ID(), talks}, Change{other.leg.ID(), listens})
			second.Update(Change{good.leg.ID(), talks}, Change{listener.leg.ID(), listens})
			line := &network{loss: test.loss, reorder: test.reorder, jitter: test.jitter, random: rand.New(rand.NewPCG(1, 2))}
			voice := &phone{voice: tone(500, -16), ssrc: 77}
			run := func(ticks int) {
				for range ticks {
					line.carry(bad, voice.next(frame))
					r.ticks(1)
				}
			}
			run(150)
			for _, p := range r.phones {
				p.forget()
			}
			run(300)
			if got := windowed(other.heard, 500); got < test.least {
				t.Errorf("the speaker is heard with an SNR of %.1f dB, want %.0f", got, test.least)
			}
			if got := windowed(listener.heard, 700); got < 30 {
				t.Errorf("another speaker is heard with an SNR of %.1f dB, want 30", got)
			}
		})
	}
}

// windowed is the tone SNR of sound in windows of 100 ms, so that the phase
// may move between them, by the mean of their noise.
func windowed(pcm []int16, freq float64) float64 {
	var signal, noise float64
	for w := range slices.Chunk(pcm, 800) {
		if len(w) < 800 {
			break
		}
		rest := residue(w, freq)
		for i, x := range w {
			signal += float64(x) * float64(x)
			noise += float64(rest[i]) * float64(rest[i])
		}
	}
	return 10 * math.Log10(signal/noise)
}

// What one talker says passes bit by bit: decoded, mixed and encoded again it
// is what it was.
func TestOneTalkerPassesUnchanged(t *testing.T) {
	for _, c := range []codec.Codec{codec.PCMU, codec.PCMA} {
		r := newRig(t, 1)
		p, listener := r.phone(nil), r.phone(nil)
		var said []int16
		random := rand.New(rand.NewPCG(3, uint64(c)))
		level := 0.0
		for _, q := range r.phones {
			q.speaks(c)
			q.accept("sendrecv")
		}
		p.voice = func(n int64) int16 { // noise of a changing loudness, as speech is
			if n%800 == 0 {
				level = 20 * math.Pow(10, 2*random.Float64())
			}
			x := int16(level * random.NormFloat64())
			said = append(said, x)
			return x
		}
		r.e.NewRoom().Update(Change{p.leg.ID(), talks}, Change{listener.leg.ID(), listens})
		r.ticks(100)
		coded := make([]byte, len(said))
		var in codec.Encoder
		var out codec.Decoder
		in.Reset(c)
		out.Reset(c)
		in.Encode(coded, said)
		want := make([]int16, len(said))
		out.Decode(want, coded)
		const look = 2000
		at := -1
		for lag := range 10 * frame {
			if slices.Equal(listener.heard[len(listener.heard)-look:], want[len(want)-look-lag:len(want)-lag]) {
				at = lag
				break
			}
		}
		if at < 0 {
			t.Errorf("%s: what is heard is not what was said", c)
		}
		if at > 2*frame {
			t.Errorf("%s: it is heard %d samples later", c, at)
		}
	}
}

// Digital silence for long is a pause: nothing is buffered for it, and what is
// said after it is heard whole, without a click at either end.
func TestDigitalSilenceIsAPause(t *testing.T) {
	for _, ticks := range []int{1, pauseAfter - 1, pauseAfter + 5, 200} {
		r := newRig(t, 1)
		p, listener := r.call(nil), r.call(nil)
		r.e.NewRoom().Update(Change{p.leg.ID(), talks}, Change{listener.leg.ID(), listens})
		said := int64(0) // samples of the tone
		speaks := func(n int64) int16 { said++; return tone(1000, -10)(n) }
		r.ticks(2)
		p.voice = speaks
		r.ticks(50)
		p.voice = func(int64) int16 { return 0 }
		r.ticks(ticks)
		if s := p.leg.stream; ticks > pauseAfter+3 && !s.jit.Resting() {
			t.Errorf("%d packets of silence: something is still buffered", ticks)
		}
		p.voice = speaks
		r.ticks(50)
		p.voice = func(int64) int16 { return 0 }
		r.ticks(10)
		heard := int64(0)
		for i, x := range listener.heard {
			if x != 0 || i > 0 && listener.heard[i-1] != 0 || i+1 < len(listener.heard) && listener.heard[i+1] != 0 {
				heard++
			}
		}
		if heard < said-16 || heard > said+160 {
			t.Errorf("%d packets of silence: %d samples of sound are heard, %d were said", ticks, heard, said)
		}
		if got := p.leg.Stats().Lost; got != 0 {
			t.Errorf("%d packets of silence: %d packets lost, but none was", ticks, got)
		}
	}
}
