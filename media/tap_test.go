//go:build linux && !portable

package media

import (
	"math"
	"slices"
	"testing"

	"partyline/media/codec"
)

// kept is a Moment for good.
func kept(m Moment) Moment {
	m.Narrow, m.Wide = slices.Clone(m.Narrow), slices.Clone(m.Wide)
	m.Voices = slices.Clone(m.Voices)
	for i := range m.Voices {
		m.Voices[i].PCM = slices.Clone(m.Voices[i].PCM)
	}
	return m
}

// all reads what is there, without waiting for more.
func (t *Tap) all() []Moment {
	var out []Moment
	for t.take() {
		out = append(out, kept(t.moment))
	}
	return out
}

// without is what is left of the sum when all voices are taken out of it.
func without(m Moment, rate int) []int32 {
	sum := slices.Clone(m.Narrow)
	if rate == 16000 {
		sum = slices.Clone(m.Wide)
	}
	for _, v := range m.Voices {
		if v.Rate == rate {
			for i, x := range v.PCM {
				sum[i] -= int32(x)
			}
		}
	}
	return sum
}

// A recording has what a listener hears, sample by sample, and of each leg
// exactly what it put in; what is left is what the room itself said.
func TestTapHasTheMixAndItsParts(t *testing.T) {
	r := newRig(t, 1)
	a, b, mute, ear := r.call(tone(700, -6)), r.call(tone(1100, -3)), r.call(tone(400, -6)), r.call(nil)
	room := r.e.NewRoom()
	for _, p := range []*phone{a, b} {
		room.Update(Change{p.leg.ID(), talks})
	}
	quiet := r.call(nil) // might speak, and does not
	room.Update(Change{mute.leg.ID(), listens}, Change{ear.leg.ID(), listens}, Change{quiet.leg.ID(), talks})
	r.settle()
	plain, full := NewTap(false), NewTap(true)
	room.Record(plain)
	room.Record(full)
	clip := &Clip{PCM: voiced(tone(1600, -20), 20*frame)}
	r.ticks(10)
	room.Play(clip)
	r.ticks(40)
	moments, mixed := full.all(), plain.all()
	if len(moments) != 50 || len(mixed) != 50 {
		t.Fatalf("%d and %d moments of 50 ticks", len(moments), len(mixed))
	}
	var heard, said []int16
	limits := room.shares[0].limits[narrow]
	for i, m := range moments {
		if m.Tick != int64(i) || !m.Whole || len(m.Voices) != 2 {
			t.Fatalf("moment %d: tick %d, whole %v, %d voices", i, m.Tick, m.Whole, len(m.Voices))
		}
		if !slices.Equal(m.Narrow, mixed[i].Narrow) || mixed[i].Voices != nil {
			t.Fatalf("moment %d: the two taps differ", i)
		}
		for j, x := range without(m, 8000) {
			want := int32(0)
			if n := (i-10)*frame + j; n >= 0 && n < len(clip.PCM) {
				want = int32(clip.PCM[n])
			}
			if x != want {
				t.Fatalf("moment %d, sample %d: %d is left without the voices, want %d", i, j, x, want)
			}
		}
		said = append(said, m.Voices[0].PCM...)
		var limited [frame]int16
		limits.frame(limited[:], m.Narrow)
		heard = append(heard, limited[:]...)
	}
	if m := moments[0].Voices; m[0].Leg == m[1].Leg || m[0].Leg == mute.leg.ID() || m[1].Leg == mute.leg.ID() {
		t.Errorf("voices of legs %d and %d", m[0].Leg, m[1].Leg)
	}
	if got := level(said); got < -7 {
		t.Errorf("a voice at %.1f dBFS", got)
	}
	var off int
	for i, x := range heard { // but for the limiter's history, and G.711
		if math.Abs(float64(x)-float64(ear.heard[i])) > 1024 {
			off++
		}
	}
	if off > frame {
		t.Errorf("%d of %d samples are not what a listener hears", off, len(heard))
	}
}

// A wide-band voice is in the tap as wide as it is, also when nobody hears it so.
func TestTapKeepsTheWideBand(t *testing.T) {
	r := newWideRig(t, 1)
	a, b := r.wideCall(toneAt(16000, 5000, -16)), r.call(tone(1000, -16))
	room := r.e.NewRoom()
	tap := NewTap(true)
	room.Record(tap)
	room.Update(Change{a.leg.ID(), Audio{Speaks: true}}, Change{b.leg.ID(), talks})
	r.ticks(60)
	var pcm []int16
	for _, m := range tap.all()[30:] {
		if m.Narrow == nil || m.Wide == nil || len(m.Voices) != 2 {
			t.Fatalf("tick %d: both rates %v %v, %d voices", m.Tick, m.Narrow != nil, m.Wide != nil, len(m.Voices))
		}
		for _, v := range m.Voices {
			if want := map[LegID]int{a.leg.ID(): 16000, b.leg.ID(): 8000}[v.Leg]; v.Rate != want || len(v.PCM) != want/50 {
				t.Fatalf("leg %d at %d Hz, %d samples", v.Leg, v.Rate, len(v.PCM))
			}
			if v.Leg == a.leg.ID() {
				pcm = append(pcm, v.PCM...)
			}
		}
	}
	p := phone{heard: pcm, codec: codec.G722}
	if got := p.hears(5000); got < -17 {
		t.Errorf("5 kHz at %.1f dBFS", got)
	}
}

// Two phones that click at the same moment do so in what a tap has of them,
// though one came later, by another worker, in another codec and packet size.
func TestTapAlignsVoices(t *testing.T) {
	for _, second := range []string{"same", "wide", "late", "long packets"} {
		r := newRigWith(t, Config{Workers: 2, Codecs: []string{"G722", "PCMU"}})
		click := func(rate int64) func(int64) int16 {
			return func(n int64) int16 {
				if n%(rate/2) < rate/100 {
					return int16(8000 * math.Sin(2*math.Pi*1000*float64(n)/float64(rate)))
				}
				return int16(100 * (n % 2)) // a line is never quite silent
			}
		}
		room := r.e.NewRoom()
		tap := NewTap(true)
		room.Record(tap)
		a := r.call(click(8000))
		room.Update(Change{a.leg.ID(), talks})
		var b *phone
		switch second {
		case "wide":
			b = r.wideCall(click(16000))
		case "late":
			r.ticks(75)
			b = r.call(click(8000))
			b.at = a.at
		case "long packets":
			b = r.phone(click(8000))
			b.ptime = 2 * frame
			b.accept("sendrecv", "ptime:40")
		default:
			b = r.call(click(8000))
		}
		room.Update(Change{b.leg.ID(), talks})
		r.ticks(200)
		at := make(map[LegID][]float64) // seconds
		for _, m := range tap.all() {
			for _, v := range m.Voices {
				for i, x := range v.PCM {
					when := float64(m.Tick)/50 + float64(i)/float64(v.Rate)
					last := len(at[v.Leg]) - 1
					if x > 3000 && (last < 0 || when-at[v.Leg][last] > 0.1) {
						at[v.Leg] = append(at[v.Leg], when)
					}
				}
			}
		}
		one, two := at[a.leg.ID()], at[b.leg.ID()]
		if len(one) < 7 || len(two) < 7 {
			t.Fatalf("%s: clicks at %.3f and %.3f", second, one, two)
		}
		last, other := one[len(one)-1], two[len(two)-1]
		if apart := math.Abs(last - other); apart > 0.0205 {
			t.Errorf("%s: a click is at %.4f s and at %.4f s", second, last, other)
		}
	}
}

func TestTapOfARoomOnAllWorkers(t *testing.T) {
	r := newRigWith(t, Config{Workers: 3, Share: 4})
	room := r.e.NewRoom()
	tap, plain := NewTap(true), NewTap(false)
	room.Record(tap) // before there is a leg, and before the room is spread
	room.Record(plain)
	for i := range 12 {
		room.Update(Change{r.call(tone(float64(300+100*i), -30)).leg.ID(), talks})
		r.ticks(1)
	}
	r.ticks(40)
	moments, mixed := tap.all(), plain.all()
	if len(moments) != len(mixed) || len(moments) < 45 {
		t.Fatalf("%d and %d moments", len(moments), len(mixed))
	}
	for _, m := range moments[30:] {
		if len(m.Voices) != 12 || !m.Whole {
			t.Fatalf("tick %d: %d voices, whole %v", m.Tick, len(m.Voices), m.Whole)
		}
		for _, x := range without(m, 8000) {
			if x != 0 {
				t.Fatalf("tick %d: the sum is not that of its voices", m.Tick)
			}
		}
		if !slices.Equal(m.Narrow, mixed[m.Tick].Narrow) {
			t.Fatalf("tick %d: the tap without voices differs", m.Tick)
		}
	}
}
