//go:build linux && !portable

package media

import (
	"math"
	"testing"

	"partyline/media/codec"
	"partyline/media/sound"
)

// wideCall is call by a phone that speaks G.722.
func (r *rig) wideCall(voice func(int64) int16) *phone {
	r.t.Helper()
	p := r.phone(voice)
	p.speaks(codec.G722)
	p.accept("sendrecv")
	return p
}

func newWideRig(t testing.TB, workers int) *rig {
	return newRigWith(t, Config{Workers: workers, Codecs: []string{"G722", "PCMU", "PCMA"}})
}

// Phones of both rates in one room: each hears what its codec can carry of
// all others, nothing folded down into its band, and not itself.
func TestBothRatesInOneRoom(t *testing.T) {
	r := newWideRig(t, 1)
	a, b := r.call(tone(1000, -16)), r.wideCall(toneAt(16000, 5000, -16))
	c, d := r.call(nil), r.wideCall(nil)
	low := r.wideCall(toneAt(16000, 700, -16))
	room := r.e.NewRoom()
	for _, p := range []*phone{a, b, low} {
		room.Update(Change{p.leg.ID(), talks})
	}
	for _, p := range []*phone{c, d} {
		room.Update(Change{p.leg.ID(), listens})
	}
	r.ticks(80)
	for _, p := range r.phones {
		p.forget()
	}
	r.ticks(50)
	within := func(p *phone, freq, want float64) {
		t.Helper()
		if got := p.hears(freq); math.Abs(got-want) > 0.7 {
			t.Errorf("leg %d hears %.0f Hz at %.1f dBFS, want %.1f", p.leg.id, freq, got, want)
		}
	}
	below := func(p *phone, freq, most float64) {
		t.Helper()
		if got := p.hears(freq); got > most {
			t.Errorf("leg %d hears %.0f Hz at %.1f dBFS, want at most %.0f", p.leg.id, freq, got, most)
		}
	}
	within(c, 1000, -16)
	within(c, 700, -16)
	below(c, 3000, -60) // 5000 Hz folded at 8 kHz
	within(d, 1000, -16)
	within(d, 700, -16)
	within(d, 5000, -16)
	below(d, 7000, -50) // the image of 1000 Hz
	below(a, 1000, -60)
	within(a, 700, -16)
	below(b, 5000, -50)
	within(b, 1000, -16)
	within(low, 5000, -16)
	below(low, 700, -45)
}

// All who listen in G.722 end up with one encoder, whenever they came.
func TestWideListenersShareOneEncoding(t *testing.T) {
	r := newWideRig(t, 1)
	room := r.e.NewRoom()
	room.Update(Change{r.call(tone(440, -16)).leg.ID(), talks})
	var all []*phone
	for range 6 {
		p := r.wideCall(nil)
		room.Update(Change{p.leg.ID(), listens})
		all = append(all, p)
		r.ticks(7)
	}
	r.ticks(apartMost + 2)
	common := &room.shares[0].common
	for _, p := range all {
		if p.leg.stream.voice.with != common {
			t.Errorf("leg %d still has an encoder of its own", p.leg.id)
		}
	}
}

// A far end hears a tone without a break while its leg goes back and forth
// between the shared encoding and its own mix.
func TestNoClickBetweenSharedAndOwnEncoding(t *testing.T) {
	r := newWideRig(t, 1)
	room := r.e.NewRoom()
	room.Update(Change{r.wideCall(toneAt(16000, 500, -16)).leg.ID(), talks})
	other, p := r.wideCall(nil), r.wideCall(nil)
	room.Update(Change{other.leg.ID(), listens}, Change{p.leg.ID(), talks})
	r.ticks(100)
	p.forget()
	click := func(n int64) int16 { return int16(n % 2) } // next to nothing, but sound
	for i := range 20 {
		p.voice = nil
		if i%2 == 0 {
			p.voice = click
		}
		r.ticks(13 + i)
	}
	if got := snrAt(16000, p.heard, 500); got < 30 {
		t.Errorf("SNR %.1f dB through the changes", got)
	}
}

// A far end that was agreed on G.722 may send PCMU without a word.
func TestFarEndSendsAtAnotherRateThanItIsSent(t *testing.T) {
	r := newWideRig(t, 1)
	p, wideEar, ear := r.wideCall(nil), r.wideCall(nil), r.call(nil)
	room := r.e.NewRoom()
	room.Update(Change{p.leg.ID(), talks}, Change{wideEar.leg.ID(), listens}, Change{ear.leg.ID(), listens})
	r.ticks(5)
	p.speaks(codec.PCMU)
	p.voice = tone(1000, -10)
	r.ticks(60)
	for _, q := range []*phone{ear, wideEar} {
		q.forget()
	}
	r.ticks(50)
	for _, q := range []*phone{ear, wideEar} {
		if got := q.hears(1000); got < -11 || got > -9 {
			t.Errorf("leg %d hears it at %.1f dBFS, want -10", q.leg.id, got)
		}
	}
}

func TestPromptsAndMusicReachWideLegs(t *testing.T) {
	clip := &Clip{PCM: voiced(tone(400, -10), 8000)}
	for name, play := range map[string]*Play{"prompt": {Clip: clip}, "music": {Clip: clip, Loop: true}} {
		t.Run(name, func(t *testing.T) {
			r := newWideRig(t, 1)
			p := r.wideCall(nil)
			p.leg.SetAudio(Audio{Play: play})
			r.ticks(10)
			p.forget()
			r.ticks(30)
			if got := p.hears(400); got < -11 || got > -9 {
				t.Errorf("heard at %.1f dBFS, want -10", got)
			}
			if got := snrAt(16000, p.heard, 400); got < 30 {
				t.Errorf("SNR %.1f dB", got)
			}
		})
	}
}

// snrAt is snr at another rate, of as many whole hundredths of a second as
// there are.
func snrAt(rate int, pcm []int16, freq float64) float64 {
	pcm = pcm[:len(pcm)/(rate/100)*(rate/100)]
	rest := residueAt(rate, pcm, freq)
	return sound.Level(pcm) - sound.Level(rest)
}
