//go:build linux && !portable

package media

import (
	"math"
	"testing"

	"partyline/media/sound"
)

func TestTwoLegsHearEachOtherAndNotThemselves(t *testing.T) {
	for _, workers := range []int{1, 2} {
		r := newRig(t, workers)
		a, b := r.call(tone(1000, -10)), r.call(tone(1600, -10))
		room := r.e.NewRoom()
		room.Update(Change{a.leg.ID(), talks}, Change{b.leg.ID(), talks})
		r.ticks(20)
		a.forget()
		b.forget()
		r.ticks(50)
		if got := a.hears(1600); got < -10.5 || got > -9.5 {
			t.Errorf("%d workers: a hears b at %.1f dBFS, want -10", workers, got)
		}
		if got := a.hears(1000); got > -80 {
			t.Errorf("%d workers: a hears itself at %.1f dBFS", workers, got)
		}
		if got := b.hears(1000); got < -10.5 || got > -9.5 {
			t.Errorf("%d workers: b hears a at %.1f dBFS, want -10", workers, got)
		}
		if got := b.hears(1600); got > -80 {
			t.Errorf("%d workers: b hears itself at %.1f dBFS", workers, got)
		}
	}
}

// bare is a room without sockets: its members' sound is set by the test.
func bare(members int) (*mix, []*stream) {
	r := new(mix)
	all := make([]*stream, members)
	for i := range all {
		all[i] = &stream{at: -1, mouth: new(mouth)}
		r.add(all[i])
	}
	return r, all
}

// Eight speakers far beyond full scale: what each hears is, sample by sample,
// what a room without it makes of the others. Nothing of itself is left and
// nothing wraps.
func TestMixMinusIsExactInOverload(t *testing.T) {
	const n = 8
	voices := make([]func(int64) int16, n)
	for i := range voices {
		voices[i] = tone(float64(300+170*i), -1)
	}
	w := &worker{}
	full, speakers := bare(n)
	var without [n]limiter
	for tick := range 50 {
		clear(full.all[narrow][:])
		for i, s := range speakers {
			for k := range frame {
				s.pcm[k] = voices[i](int64(tick*frame + k))
				full.all[narrow][k] += int32(s.pcm[k])
			}
		}
		for i, s := range speakers {
			full.without(s, w)
			var sum [frame]int32
			for j, other := range speakers {
				if j == i {
					continue
				}
				for k, x := range other.pcm[:frame] {
					sum[k] += int32(x)
				}
			}
			var want [frame]int16
			without[i].frame(want[:], sum[:])
			if [frame]int16(w.pcm[:frame]) != want {
				t.Fatalf("tick %d: speaker %d hears something other than the others", tick, i)
			}
		}
	}
}

// Two loud speakers: neither hears itself, and both hear the other clean.
func TestTwoLoudSpeakersDoNotWrap(t *testing.T) {
	r := newRig(t, 1)
	a, b, c := r.call(tone(1000, -1)), r.call(tone(1600, -1)), r.call(nil)
	r.e.NewRoom().Update(Change{a.leg.ID(), talks}, Change{b.leg.ID(), talks}, Change{c.leg.ID(), listens})
	r.settle()
	r.ticks(50)
	if self, other := a.hears(1000), a.hears(1600); self > -80 || other < -4 {
		t.Errorf("a hears itself at %.0f and the other at %.1f dBFS", self, other)
	}
	if got := snr(c.heard, 1000, 1600); got < 30 {
		t.Errorf("the listener's two tones have an SNR of %.1f dB", got)
	}
}

func TestToneSNRWithEightTalkers(t *testing.T) {
	freqs := []float64{310, 470, 730, 1010, 1370, 1790, 2210, 2890}
	r := newRig(t, 1)
	room := r.e.NewRoom()
	for _, f := range freqs {
		room.Update(Change{r.call(tone(f, -25)).leg.ID(), talks})
	}
	listener := r.call(nil)
	room.Update(Change{listener.leg.ID(), listens})
	r.settle()
	r.ticks(50)
	if got := snr(listener.heard, freqs...); got < 30 {
		t.Errorf("SNR %.1f dB", got)
	}
}

// Eight talkers at −10 dBFS are 8 dB beyond full scale at their peaks.
func TestNoSpuriousEnergyWithEightLoudTalkers(t *testing.T) {
	freqs := []float64{310, 470, 730, 1010, 1370, 1790, 2210, 2890}
	r := newRig(t, 1)
	room := r.e.NewRoom()
	for _, f := range freqs {
		room.Update(Change{r.call(tone(f, -10)).leg.ID(), talks})
	}
	listener := r.call(nil)
	room.Update(Change{listener.leg.ID(), listens})
	r.settle()
	r.ticks(100)
	rest := residue(listener.heard, freqs...)
	for f := 100.0; f < 3900; f += 10 {
		near := false
		for _, g := range freqs {
			near = near || math.Abs(f-g) < 20
		}
		if near {
			continue
		}
		if got := sound.Goertzel(rest, 8000, f); got > -40 {
			t.Errorf("spurious %.0f Hz at %.1f dBFS", f, got)
		}
	}
}

// A room counts its members in ints: the classic places to be wrong.
func TestRoomsOfManySizes(t *testing.T) {
	for _, n := range []int{1, 2, 255, 256, 257, 1000, 1001} {
		r := newRig(t, 1)
		room := r.e.NewRoom()
		speaker := r.call(tone(1000, -10))
		changes := []Change{{speaker.leg.ID(), talks}}
		var last *phone
		for range n - 1 {
			last = r.call(nil)
			changes = append(changes, Change{last.leg.ID(), listens})
		}
		room.Update(changes...)
		r.ticks(5)
		for _, p := range r.phones {
			p.forget()
		}
		r.ticks(5)
		for _, p := range r.phones[1:] {
			if got := p.hears(1000); got < -11 || len(p.heard) != 5*frame {
				t.Fatalf("%d members: leg %d hears %d samples at %.1f dBFS", n, p.leg.id, len(p.heard), got)
			}
		}
		// And the last one may speak to all of them.
		if last == nil {
			continue
		}
		last.voice = tone(1600, -10)
		room.Update(Change{last.leg.ID(), talks})
		r.ticks(5)
		for _, p := range r.phones {
			p.forget()
		}
		r.ticks(5)
		for _, p := range r.phones[:n-1] {
			if got := p.hears(1600); got < -11 {
				t.Fatalf("%d members: leg %d hears the last at %.1f dBFS", n, p.leg.id, got)
			}
		}
		for _, p := range r.phones {
			p.rtp.Close()
		}
		r.e.Close()
	}
}

func TestAnnouncementIsHeardByAllOverTheSpeakers(t *testing.T) {
	beep := &Clip{Name: "beep", PCM: voiced(tone(1600, -16), 1600)}
	r := newRig(t, 1)
	speaker, listener := r.call(tone(1000, -10)), r.call(nil)
	prompted := r.call(nil)
	room := r.e.NewRoom()
	room.Update(Change{speaker.leg.ID(), talks}, Change{listener.leg.ID(), listens}, Change{prompted.leg.ID(), Audio{}})
	r.settle()
	room.Play(beep)
	room.Play(beep) // two who come in together: one beep
	r.ticks(10)
	for _, p := range []*phone{speaker, listener} {
		if got := p.hears(1600); got < -17 || got > -15 {
			t.Errorf("leg %d hears the beep at %.1f dBFS, want -16", p.leg.id, got)
		}
	}
	if got := listener.hears(1000); got < -11 {
		t.Errorf("the speaker is heard at %.1f dBFS under the beep", got)
	}
	if got := prompted.hears(1600); got > -100 {
		t.Errorf("one who hears nothing hears the beep at %.1f dBFS", got)
	}
	for range 3 * overlapping {
		room.Play(&Clip{PCM: make([]int16, 800)})
	}
	r.ticks(1)
	if n := len(room.shares[0].announced); n != overlapping {
		t.Errorf("%d announcements at once, want %d at most", n, overlapping)
	}
	listener.forget()
	r.ticks(10)
	if got := listener.hears(1600); got > deaf {
		t.Errorf("the beep goes on at %.1f dBFS", got)
	}
}

// residue is what is left of sound when its tones, whole periods of which are
// in it, are taken out.
func residue(pcm []int16, freqs ...float64) []int16 { return residueAt(8000, pcm, freqs...) }

// residueAt is residue at another rate.
func residueAt(rate int, pcm []int16, freqs ...float64) []int16 {
	rest := make([]float64, len(pcm))
	for i, x := range pcm {
		rest[i] = float64(x)
	}
	for _, f := range freqs {
		var re, im float64
		for i, x := range pcm {
			re += float64(x) * math.Cos(2*math.Pi*f*float64(i)/float64(rate))
			im += float64(x) * math.Sin(2*math.Pi*f*float64(i)/float64(rate))
		}
		re, im = re*2/float64(len(pcm)), im*2/float64(len(pcm))
		for i := range rest {
			a := 2 * math.Pi * f * float64(i) / float64(rate)
			rest[i] -= re*math.Cos(a) + im*math.Sin(a)
		}
	}
	out := make([]int16, len(rest))
	for i, x := range rest {
		out[i] = int16(math.Round(x))
	}
	return out
}

// snr is the power of the tones over that of everything else, in dB.
func snr(pcm []int16, freqs ...float64) float64 {
	return sound.Level(pcm) - sound.Level(residue(pcm, freqs...))
}
