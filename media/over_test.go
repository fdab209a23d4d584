//go:build linux && !portable

package media

import (
	"math"
	"testing"

	"partyline/media/codec"
)

// clipOf is a clip of a tone, at both rates or at 8 kHz alone.
func clipOf(freq, dBFS float64, ticks int, both bool) *Clip {
	c := &Clip{Name: "tone", PCM: make([]int16, ticks*frame)}
	narrow, high := tone(freq, dBFS), toneAt(16000, freq, dBFS)
	for i := range c.PCM {
		c.PCM[i] = narrow(int64(i))
	}
	if both {
		c.Wide = make([]int16, 2*len(c.PCM))
		for i := range c.Wide {
			c.Wide[i] = high(int64(i))
		}
	}
	return c
}

// windows are the levels of a frequency in pieces of 100 ms.
func (p *phone) windows(freq float64) (levels []float64) {
	step := p.codec.Rate() / 10
	for at := 0; at+step <= len(p.heard); at += step {
		q := *p
		q.heard = p.heard[at : at+step]
		levels = append(levels, q.hears(freq))
	}
	return levels
}

// A Play over the mix turns the mix down and not off, and then comes back to
// it; the others hear nothing of it.
func TestPlayOverTheMix(t *testing.T) {
	for _, c := range []codec.Codec{codec.PCMU, codec.G722} {
		r := newRigWith(t, Config{Workers: 1, Codecs: []string{"PCMU", "PCMA", "G722"}})
		a, b := r.call(tone(1000, -12)), r.phone(nil)
		b.speaks(c)
		b.accept("sendrecv")
		third := r.call(nil)
		room := r.e.NewRoom()
		room.Update(Change{a.leg.ID(), talks}, Change{b.leg.ID(), listens}, Change{third.leg.ID(), listens})
		r.ticks(40)
		over := &Play{Clip: clipOf(1600, -20, 100, true), Over: true}
		b.forget()
		third.forget()
		room.Update(Change{b.leg.ID(), Audio{Hears: true, Play: over}})
		r.ticks(100)
		if got := b.windows(1000)[10]; got > -21 || got < -23 {
			t.Errorf("%v: under the words the speaker is at %.1f dBFS, want -22", c, got)
		}
		if got := b.windows(1600)[10]; got > -19 || got < -21 {
			t.Errorf("%v: the words are at %.1f dBFS, want -20", c, got)
		}
		if v := b.event(EventPlayed); v.Play != over {
			t.Error("another play ended")
		}
		r.ticks(20)
		b.forget()
		r.ticks(20)
		if got := b.hears(1000); got < -12.5 {
			t.Errorf("%v: after the words the speaker is at %.1f dBFS, want -12", c, got)
		}
		for i, got := range third.windows(1000) {
			if got < -12.6 || got > -11.4 {
				t.Errorf("%v: another hears the speaker at %.1f dBFS in window %d", c, got, i)
			}
		}
	}
}

// The mix goes down and comes back without a step: a tone under the words has
// no corner.
func TestPlayOverTheMixIsSmooth(t *testing.T) {
	r := newRig(t, 1)
	a, b := r.call(tone(400, -12)), r.call(nil)
	room := r.e.NewRoom()
	room.Update(Change{a.leg.ID(), talks}, Change{b.leg.ID(), listens})
	r.ticks(40)
	b.forget()
	quiet := &Clip{PCM: make([]int16, 20*frame)}
	room.Update(Change{b.leg.ID(), Audio{Hears: true, Play: &Play{Clip: quiet, Over: true}}})
	r.ticks(60)
	// At −12 dBFS and 400 Hz a sample differs from the next by 2600 at most; a
	// step from all to a third of it would be 5500.
	for i := 1; i < len(b.heard); i++ {
		if d := int(b.heard[i]) - int(b.heard[i-1]); d > 3000 || d < -3000 {
			t.Fatalf("a step of %d at %d ms", d, i/8)
		}
	}
}

// Who hears nothing hears the words alone, at once.
func TestPlayOverNothing(t *testing.T) {
	r := newRig(t, 1)
	a, b := r.call(tone(1000, -12)), r.call(nil)
	room := r.e.NewRoom()
	room.Update(Change{a.leg.ID(), talks}, Change{b.leg.ID(), Audio{Play: &Play{Clip: clipOf(1600, -20, 50, false), Over: true}}})
	r.ticks(10)
	b.forget()
	r.ticks(25)
	if w, x := b.hears(1600), b.hears(1000); w < -21 || x > -60 {
		t.Errorf("the words at %.1f, the room at %.1f dBFS", w, x)
	}
}

// What is said to a room comes one after another, over speakers who are turned
// down; who is on hold hears none of it.
func TestSay(t *testing.T) {
	for _, workers := range []int{1, 2} {
		r := newRigWith(t, Config{Workers: workers, Share: 2})
		a, b, held := r.call(tone(1000, -12)), r.call(nil), r.call(nil)
		room := r.e.NewRoom()
		room.Update(Change{a.leg.ID(), talks}, Change{b.leg.ID(), listens}, Change{held.leg.ID(), Audio{}})
		r.ticks(40)
		for _, p := range r.phones {
			p.forget()
		}
		room.Say(clipOf(1600, -20, 50, true))
		room.Say(clipOf(2200, -20, 50, false))
		r.ticks(150)
		first, second, voice := b.windows(1600), b.windows(2200), b.windows(1000)
		for i := range first {
			if first[i] > -40 && second[i] > -40 {
				t.Errorf("%d workers: both are said in window %d", workers, i)
			}
			if said := first[i] > -21 || second[i] > -21; said && voice[i] > -21 {
				t.Errorf("%d workers: the speaker is at %.1f dBFS under the words", workers, voice[i])
			}
		}
		if n := loud(first) + loud(second); n < 18 {
			t.Errorf("%d workers: %d windows of words, want 20", workers, n)
		}
		if got := a.hears(1000); got > -70 {
			t.Errorf("%d workers: the speaker hears itself at %.1f dBFS", workers, got)
		}
		if loud(a.windows(1600)) < 8 {
			t.Errorf("%d workers: the speaker does not hear the words", workers)
		}
		if got := loud(held.windows(1600)); got > 0 {
			t.Errorf("%d workers: who is on hold hears the words", workers)
		}
		b.forget()
		r.ticks(25)
		if got := b.hears(1000); got < -12.5 {
			t.Errorf("%d workers: afterwards the speaker is at %.1f dBFS", workers, got)
		}
	}
}

func loud(levels []float64) (n int) {
	for _, l := range levels {
		if l > -22 {
			n++
		}
	}
	return n
}

// More than eight that wait are left out, and all that were not are said.
func TestSayIsBounded(t *testing.T) {
	r := newRig(t, 1)
	a := r.call(nil)
	room := r.e.NewRoom()
	room.Update(Change{a.leg.ID(), listens})
	r.ticks(5)
	for range 20 {
		room.Say(clipOf(1600, -20, 25, false))
	}
	r.ticks(sayMost * (25 + sayGap))
	if n := loud(a.windows(1600)); n < sayMost*3 || n > sayMost*5 {
		t.Errorf("%d windows of words", n)
	}
	a.forget()
	r.ticks(100)
	if n := loud(a.windows(1600)); n != 0 {
		t.Error("more is said")
	}
}

// A word to one waits for a word to all.
func TestPlayOverWaitsForSay(t *testing.T) {
	r := newRig(t, 1)
	a := r.call(nil)
	room := r.e.NewRoom()
	room.Update(Change{a.leg.ID(), listens})
	r.ticks(5)
	room.Say(clipOf(1600, -20, 50, false))
	r.ticks(1)
	room.Update(Change{a.leg.ID(), Audio{Hears: true, Play: &Play{Clip: clipOf(2200, -20, 50, false), Over: true}}})
	a.forget()
	r.ticks(130)
	first, second := a.windows(1600), a.windows(2200)
	both := 0
	for i := range first {
		if first[i] > -40 && second[i] > -40 {
			both++
		}
	}
	if both > 1 { // the one in which the first ends and the second begins
		t.Errorf("both are heard in %d windows", both)
	}
	if loud(first) < 8 || loud(second) < 8 {
		t.Errorf("%d and %d windows of words", loud(first), loud(second))
	}
	a.event(EventPlayed)
}

// A room with comfort noise is never digital silence, and never loud; one who
// speaks hears it, too.
func TestComfortNoise(t *testing.T) {
	for _, c := range []codec.Codec{codec.PCMU, codec.PCMA, codec.G722} {
		r := newRigWith(t, Config{Workers: 1, Codecs: []string{"PCMU", "PCMA", "G722"}})
		a, b := r.call(tone(1000, -12)), r.phone(nil)
		b.speaks(c)
		b.accept("sendrecv")
		room := r.e.NewRoom()
		room.Comfort(true)
		room.Update(Change{a.leg.ID(), listens}, Change{b.leg.ID(), listens})
		r.ticks(20)
		b.forget()
		r.ticks(50)
		if got := level(b.heard); got < -70 || got > -58 {
			t.Errorf("%v: nobody speaks at %.1f dBFS", c, got)
		}
		room.Update(Change{a.leg.ID(), talks})
		r.ticks(20)
		a.forget()
		r.ticks(20)
		if got := level(a.heard); got < -70 || got > -60 {
			t.Errorf("the one who speaks hears %.1f dBFS", got)
		}
		room.Comfort(false)
		r.ticks(10)
		a.forget()
		r.ticks(20)
		if got := level(a.heard); got > -80 {
			t.Errorf("without it: %.1f dBFS", got)
		}
	}
}

// A clip's own 16 kHz is what wide-band legs hear of it: what it has above
// 4 kHz, in a prompt, a loop, an announcement and speech to all.
func TestWideClips(t *testing.T) {
	clip := clipOf(1000, -20, 100, true)
	high := toneAt(16000, 6000, -20)
	for i := range clip.Wide {
		clip.Wide[i] = high(int64(i))
	}
	for name, play := range map[string]func(*Room, *phone){
		"prompt": func(_ *Room, p *phone) { p.leg.SetAudio(Audio{Play: &Play{Clip: clip}}) },
		"loop":   func(_ *Room, p *phone) { p.leg.SetAudio(Audio{Play: &Play{Clip: clip, Loop: true}}) },
		"over": func(r *Room, p *phone) {
			r.Update(Change{p.leg.ID(), Audio{Hears: true, Play: &Play{Clip: clip, Over: true}}})
		},
		"play": func(r *Room, p *phone) { r.Update(Change{p.leg.ID(), listens}); r.Play(clip) },
		"say":  func(r *Room, p *phone) { r.Update(Change{p.leg.ID(), listens}); r.Say(clip) },
	} {
		r := newRigWith(t, Config{Workers: 1, Codecs: []string{"PCMU", "PCMA", "G722"}})
		p := r.phone(nil)
		p.speaks(codec.G722)
		p.accept("sendrecv")
		room := r.e.NewRoom()
		r.ticks(2)
		play(room, p)
		r.ticks(20)
		p.forget()
		r.ticks(40)
		if got := p.hears(6000); got < -22 {
			t.Errorf("%s: 6 kHz is heard at %.1f dBFS", name, got)
		}
		if got := p.hears(1000); got > -45 {
			t.Errorf("%s: the narrow version is heard at %.1f dBFS", name, got)
		}
	}
}

// TestToneThroughEverything is ten minutes of a tone in virtual time, through
// whatever happens to others: who listens to it hears no step in it, though it
// is turned down while somebody is spoken to.
func TestToneThroughEverything(t *testing.T) {
	if testing.Short() {
		t.Skip("ten minutes in virtual time")
	}
	r := newRig(t, 1)
	speaker, ear := r.call(tone(1000, -12)), r.call(nil)
	others := []*phone{r.call(nil), r.call(nil), r.call(tone(300, -50))}
	room := r.e.NewRoom()
	tap := NewTap(true)
	talking := talks
	talking.Level = true
	room.Update(Change{speaker.leg.ID(), talking}, Change{ear.leg.ID(), listens})
	r.ticks(50)
	ear.forget()
	words, gong := clipOf(1000, -80, 30, true), clipOf(1000, -80, 10, false)
	steps := 0
	var before [3]float64
	for n := range 50 * 60 * 10 {
		other := others[n/50%len(others)]
		switch n % 250 {
		case 0:
			room.Update(Change{other.leg.ID(), listens})
		case 25:
			room.Update(Change{other.leg.ID(), Audio{Hears: true, Play: &Play{Clip: words, Over: true}}})
		case 50:
			room.Play(gong)
		case 75:
			room.Say(words)
		case 125:
			room.Update(Change{other.leg.ID(), Audio{Play: &Play{Clip: gong, Loop: true}}})
		case 150:
			room.Record(tap)
		case 175:
			room.Update(Change{other.leg.ID(), Audio{}})
		case 200:
			room.Release(tap)
			tap = NewTap(true)
		}
		r.ticks(1)
		steps += corners(ear.heard, &before)
		ear.forget()
	}
	if steps != 0 {
		t.Errorf("%d samples do not follow from those before", steps)
	}
}

// corners counts the samples of a 1 kHz tone that do not follow from the two
// before them: of any sine x(n) = 2cos(ω)·x(n−1) − x(n−2), whatever its
// amplitude; a gain that moves over 20 ms, and 8 bits of G.711, leave it within
// a few hundred.
func corners(pcm []int16, before *[3]float64) (n int) {
	c := 2 * math.Cos(2*math.Pi*1000/8000)
	for _, x := range pcm {
		want := c*before[1] - before[0]
		if before[2] >= 2 && math.Abs(float64(x)-want) > 900 {
			n++
		}
		before[0], before[1] = before[1], float64(x)
		before[2]++
	}
	return n
}
