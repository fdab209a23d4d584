package g722_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"partyline/media/g722"
)

const frame = 320 // samples in 20 ms

// hiss is noise of a constant level, as a root mean square.
func hiss(samples int, rms float64) []int16 {
	dice := rand.New(rand.NewPCG(4, 4))
	pcm := make([]int16, samples)
	for i := range pcm {
		pcm[i] = int16(min(max(dice.NormFloat64()*rms, -32768), 32767))
	}
	return pcm
}

// stream is an encoder and the decoder at its far end.
type stream struct {
	enc  g722.Encoder
	dec  g722.Decoder
	code [frame / 2]byte
	out  [frame]int16
}

// after is a stream that has carried a second of speech.
func after(seed uint64) *stream {
	s := new(stream)
	for pcm := range slices.Chunk(speech(rate, seed), frame) {
		s.encode(pcm)
	}
	return s
}

func (s *stream) encode(pcm []int16) {
	s.enc.Encode(s.code[:], pcm)
	s.dec.Decode(s.out[:], s.code[:])
}

func (s *stream) follow(pcm []int16, lead []byte) {
	s.enc.Follow(s.code[:], pcm, lead)
	s.dec.Decode(s.out[:], s.code[:])
}

// distortion is the power of what differs from the input of frame f.
func (s *stream) distortion(pcm []int16, f int) float64 {
	var sum float64
	for i, x := range s.out {
		d := float64(x) - float64(pcm[f*frame+i-delay])
		sum += d * d
	}
	return sum / frame
}

func dBFS(power float64) float64 { return 10 * math.Log10(power*2/32767/32767+1e-12) }

// A follower becomes equal to its leader within a second, and the far end
// hears little of how: the figures are logged.
func TestFollow(t *testing.T) {
	for _, c := range []struct {
		name string
		pcm  []int16
		more float64 // dB of distortion that following may add, on the average
	}{
		{"speech", speech(15*rate, 9), 1},
		{"hiss at −68 dBFS", hiss(15*rate, 10), 1},
		{"hiss at −38 dBFS", hiss(15*rate, 300), 1},
		{"hiss at −18 dBFS", hiss(15*rate, 3000), 1},
	} {
		var joined []int
		first := after(900)
		var own, led, frames float64
		for k := range 20 {
			leader, follower := new(*first), after(uint64(40+k))
			for f := k * 30; ; f++ {
				pcm := c.pcm[f*frame:][:frame]
				leader.encode(pcm)
				if f < k*30+5 { // both hear the same already, each for itself
					follower.encode(pcm)
					continue
				}
				follower.follow(pcm, leader.code[:])
				own, led, frames = own+leader.distortion(c.pcm, f), led+follower.distortion(c.pcm, f), frames+1
				if leader.enc == follower.enc {
					joined = append(joined, f-k*30-5)
					break
				}
				if f > k*30+75 {
					t.Fatalf("%s: not joined after 70 frames", c.name)
				}
			}
			// Equal encoders stay so, and hence the far ends can be switched.
			leader.encode(c.pcm[:frame])
			follower.encode(c.pcm[:frame])
			if leader.enc != follower.enc || leader.code != follower.code {
				t.Fatalf("%s: equal encoders part", c.name)
			}
		}
		slices.Sort(joined)
		own, led = dBFS(own/frames), dBFS(led/frames)
		t.Logf("%s: joined after %d frames (median %d, at most %d), distortion %.1f dBFS instead of %.1f",
			c.name, joined, joined[len(joined)/2], joined[len(joined)-1], led, own)
		if joined[18] > 50 {
			t.Errorf("%s: two in twenty took %d frames to join", c.name, joined[18])
		}
		if led > own+c.more {
			t.Errorf("%s: distortion %.1f dBFS while following, %.1f without", c.name, led, own)
		}
	}
}

// Without following, encoders of the same input stay apart: this is why
// Follow is there.
func TestEncodersStayApart(t *testing.T) {
	a, b := after(1), after(2)
	for pcm := range slices.Chunk(speech(5*rate, 9), frame) {
		a.encode(pcm)
		b.encode(pcm)
		if a.enc == b.enc {
			t.Fatal("they have met: is following still needed?")
		}
	}
}

// Decoders of the same code agree within a second, whatever they heard
// before: a lost packet is forgotten. (In digital silence they may rest in
// different places of the arithmetic's dead zone.)
func TestDecodersMeet(t *testing.T) {
	for name, pcm := range map[string][]int16{
		"speech": speech(rate, 3), "tone": tone(1000, -20, rate),
		"hiss": hiss(rate, 300),
	} {
		for seed := range uint64(10) {
			a, b := after(100), after(seed)
			frames := 0
			for part := range slices.Chunk(pcm, frame) {
				a.encode(part)
				b.dec.Decode(b.out[:], a.code[:])
				frames++
				if a.dec == b.dec {
					break
				}
			}
			if a.dec != b.dec {
				t.Errorf("%s: still different after %d frames", name, frames)
			}
		}
	}
}

// What is heard when a far end that has heard one encoder's code gets that of
// another, which has coded the same input: after fifty frames of following,
// and without. All figures are logged.
func TestAudibilityOfSwitch(t *testing.T) {
	for _, c := range []struct {
		name string
		pcm  []int16
		most float64 // distortion allowed in the first 20 ms after following, in dBFS
	}{
		{"speech", speech(15*rate, 9), -44},
		{"silence", make([]int16, 15*rate), -55}, // a dead zone: constant, and 8 kHz
		{"tone of 1 kHz at −20 dBFS", tone(1000, -20, 15*rate), -40},
	} {
		var plain, abrupt, led [6]float64
		first := after(900)
		for k := range 20 {
			leader, own := new(*first), after(uint64(40+k))
			follower := new(*own)
			for f := range 50 {
				part := c.pcm[(k*30+f)*frame:][:frame]
				leader.encode(part)
				own.encode(part)
				follower.follow(part, leader.code[:])
			}
			for i := range plain {
				f := k*30 + 50 + i
				leader.encode(c.pcm[f*frame:][:frame])
				own.dec.Decode(own.out[:], leader.code[:])
				follower.dec.Decode(follower.out[:], leader.code[:])
				plain[i] += leader.distortion(c.pcm, f) / 20
				abrupt[i] += own.distortion(c.pcm, f) / 20
				led[i] += follower.distortion(c.pcm, f) / 20
			}
		}
		for i := range plain {
			t.Logf("%s, frame %d after the switch: %.1f dBFS unswitched, %.1f switched after following, %.1f without",
				c.name, i, dBFS(plain[i]), dBFS(led[i]), dBFS(abrupt[i]))
		}
		if dBFS(led[0]) > c.most {
			t.Errorf("%s: %.1f dBFS after following, want %g", c.name, dBFS(led[0]), c.most)
		}
	}
}
