//go:build linux && !portable

package media

import (
	"math/rand/v2"
	"testing"

	"partyline/media/codec"
)

// discontinuities counts samples that do not continue a steady tone: each
// sample of a sine follows from the two before it.
func discontinuities(pcm []int16, freq, amplitude float64) int {
	turn, broken := 2*cos2pi(freq/8000), 0
	for i := 2; i < len(pcm); i++ {
		next := turn*float64(pcm[i-1]) - float64(pcm[i-2])
		if d := float64(pcm[i]) - next; d > amplitude/4 || d < -amplitude/4 {
			broken++
		}
	}
	return broken
}

// Ten minutes of a tone, while others come, go, mute, unmute and are played
// to: every listener who stays hears it whole.
func TestContinuousToneThroughChurn(t *testing.T) {
	const minutes = 10
	r := newRig(t, 2)
	presenter, listener := r.call(tone(1000, -10)), r.call(nil)
	room, elsewhere := r.e.NewRoom(), r.e.NewRoom()
	room.Update(Change{presenter.leg.ID(), talks}, Change{listener.leg.ID(), listens})
	r.settle()
	random := rand.New(rand.NewPCG(1, 2))
	music := &Clip{PCM: voiced(tone(400, -20), 8000)}
	var guests []*phone
	var tail [2]int16 // of what was heard before, so that no seam is missed
	seam := false
	for range minutes * 60 * 5 {
		r.ticks(10)
		heard := listener.heard
		if seam {
			heard = append(tail[:], heard...)
		}
		if n := discontinuities(heard, 1000, 10362); n > 0 || len(listener.heard) != 10*frame {
			t.Fatalf("tick %d: %d discontinuities in %d samples", r.n, n, len(listener.heard))
		}
		copy(tail[:], heard[len(heard)-2:])
		seam = true
		presenter.forget()
		listener.forget()
		switch action := random.IntN(6); {
		case action == 0 && len(guests) < 6:
			guests = append(guests, r.call(func(int64) int16 { return 0 }))
		case len(guests) == 0:
		case action == 1:
			i := random.IntN(len(guests))
			guests[i].hangUp()
			guests = append(guests[:i], guests[i+1:]...)
		case action == 2:
			elsewhere.Update(Change{guests[random.IntN(len(guests))].leg.ID(), talks})
		case action == 3:
			guests[random.IntN(len(guests))].leg.SetAudio(Audio{Play: &Play{Clip: music, Loop: true}})
		default:
			room.Update(Change{guests[random.IntN(len(guests))].leg.ID(), Audio{Speaks: action == 4, Hears: true}})
		}
	}
}

// hangUp closes the leg and takes the phone away, but not its port: for a few
// ticks, while one worker hands it to another, the leg goes on sending there.
func (p *phone) hangUp() {
	p.leg.Close()
	p.left = p.rig.n
	p.rig.gone = append(p.rig.gone, p)
	for i, other := range p.rig.phones {
		if other == p {
			p.rig.phones = append(p.rig.phones[:i], p.rig.phones[i+1:]...)
			return
		}
	}
}

// One SSRC, sequence and timestamps that only grow, through every source
// change there is; phone.listen holds the leg to it. The stream has a marker
// where it begins and after a hold that stopped it, and nowhere else.
func TestOneStreamThroughAllSources(t *testing.T) {
	for _, workers := range []int{1, 3} {
		r := newRig(t, workers)
		p, other := r.call(tone(1000, -10)), r.call(tone(1600, -10))
		music := &Clip{Name: "music", PCM: voiced(tone(400, -10), 1000)}
		prompt := &Clip{Name: "prompt", PCM: voiced(tone(600, -10), 1234)}
		room, second := r.e.NewRoom(), r.e.NewRoom()
		second.Update(Change{other.leg.ID(), talks})
		id := p.leg.ID()
		for range 50 {
			p.leg.SetAudio(Audio{Play: &Play{Clip: prompt}})
			r.ticks(7)
			room.Update(Change{id, Audio{Play: &Play{Clip: music, Loop: true}}})
			r.ticks(3)
			room.Update(Change{id, talks})
			r.ticks(3)
			second.Update(Change{id, listens})
			r.ticks(3)
			second.Update(Change{id, Audio{}})
			r.ticks(2)
			p.leg.SetAudio(Audio{})
			r.ticks(2)
		}
		r.ticks(2)
		if want := 50 * 20; p.packets < want || p.packets > want+2 {
			t.Errorf("%d workers: %d packets in %d ticks", workers, p.packets, want+2)
		}
		if p.markers != 1 {
			t.Errorf("%d workers: %d markers in an unbroken stream", workers, p.markers)
		}
		p.accept("sendonly")
		r.ticks(10)
		p.accept("sendrecv")
		r.ticks(10)
		if p.markers != 2 {
			t.Errorf("%d workers: %d markers after one hold, want 2", workers, p.markers)
		}
	}
}

// Packets of any length in and out, with both laws, in one room.
func TestPtimesAndLawsMix(t *testing.T) {
	type kind struct {
		in, out int // milliseconds
		codec   codec.Codec
		text    string
	}
	kinds := []kind{
		{10, 10, codec.PCMU, "ptime:10"}, {20, 20, codec.PCMA, "ptime:20"}, {30, 30, codec.PCMU, "ptime:30"},
		{40, 40, codec.PCMA, "ptime:40"}, {60, 60, codec.PCMU, "ptime:60"}, {20, 20, codec.PCMU, "sendrecv"},
		{10, 60, codec.PCMA, "ptime:60"}, {60, 10, codec.PCMU, "ptime:10"}, {20, 30, codec.PCMA, "ptime:40\r\na=maxptime:30"},
	}
	freqs := []float64{410, 640, 870, 1030, 1270, 1490, 1730, 2110, 2530}
	r := newRig(t, 1)
	room := r.e.NewRoom()
	for i, k := range kinds {
		p := r.phone(tone(freqs[i], -28))
		p.speaks(k.codec)
		p.ptime = k.in * 8
		p.accept("sendrecv", k.text)
		room.Update(Change{p.leg.ID(), talks})
	}
	r.ticks(100)
	for i, p := range r.phones {
		if want := kinds[i].out * 8; p.last.samples != want {
			t.Errorf("leg %d gets packets of %d samples, want %d", p.leg.id, p.last.samples, want)
		}
		p.forget()
	}
	r.ticks(75)
	for i, p := range r.phones {
		p.heard = p.heard[:8000]
		for j, f := range freqs {
			got := p.hears(f)
			if i == j && got > -65 {
				t.Errorf("%+v hears itself at %.1f dBFS", kinds[i], got)
			}
			if i != j && (got < -28.5 || got > -27.5) {
				t.Errorf("%+v hears %+v at %.1f dBFS, want -28", kinds[i], kinds[j], got)
			}
		}
	}
}

// The looped clip follows the clock: all who hear it hear the same, whoever
// came when; a prompt begins at its beginning and tells its end once.
func TestLoopsAreSharedAndPromptsAreNot(t *testing.T) {
	clip := &Clip{PCM: voiced(tone(130, -10), 4000)}
	r := newRig(t, 1)
	a, b, c := r.call(nil), r.call(nil), r.call(nil)
	loop := &Play{Clip: clip, Loop: true}
	a.leg.SetAudio(Audio{Play: loop})
	r.ticks(7)
	b.leg.SetAudio(Audio{Play: &Play{Clip: clip, Loop: true}})
	c.leg.SetAudio(Audio{Play: loop})
	r.ticks(1)
	for _, p := range r.phones {
		p.forget()
	}
	r.ticks(60)
	for i := range a.heard {
		if a.heard[i] != b.heard[i] || a.heard[i] != c.heard[i] {
			t.Fatalf("sample %d of one loop differs between legs", i)
		}
	}
	if n := discontinuities(a.heard, 130, 10362); n > 0 {
		t.Errorf("%d seams in the loop", n)
	}
	play := &Play{Clip: clip}
	for range 3 { // the same Play again changes nothing
		b.leg.SetAudio(Audio{Play: play})
		r.ticks(5)
	}
	b.forget()
	r.ticks(20)
	if v := b.event(EventPlayed); v.Play != play || v.Leg != b.leg.ID() {
		t.Errorf("event %+v", v)
	}
	if rest := b.heard[10*frame:]; level(rest) > -100 {
		t.Error("the prompt goes on after its end")
	}
	if b.hears(130) < -20 {
		t.Error("the prompt was cut short")
	}
	if len(b.events) > 0 {
		t.Errorf("more events: %+v", <-b.events)
	}
	if n := len(r.e.workers[0].loops); n != 1 {
		t.Errorf("%d loops kept for one clip", n)
	}
	a.leg.SetAudio(Audio{})
	c.leg.Close()
	r.ticks(2)
	if n := len(r.e.workers[0].loops); n != 0 {
		t.Errorf("%d loops kept for nobody", n)
	}
}

func TestClipsOfOddLengths(t *testing.T) {
	for _, n := range []int{0, 1, 159, 160, 161} {
		clip := &Clip{PCM: voiced(tone(100, -10), n)}
		r := newRig(t, 1)
		a, b := r.call(nil), r.call(nil)
		room := r.e.NewRoom()
		room.Update(Change{b.leg.ID(), listens})
		a.leg.SetAudio(Audio{Play: &Play{Clip: clip, Loop: true}})
		room.Play(clip)
		r.ticks(3)
		a.leg.SetAudio(Audio{Play: &Play{Clip: clip}})
		r.ticks(3)
		a.event(EventPlayed)
		if a.packets != 6 || b.packets != 6 {
			t.Errorf("clip of %d samples: %d and %d packets in 6 ticks", n, a.packets, b.packets)
		}
	}
}
