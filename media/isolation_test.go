//go:build linux && !portable

package media

import "testing"

// deaf is how far below a speaker somebody must be who shall not be heard;
// what is left is the noise of G.711 itself.
const deaf = -60

// settle lets changes take effect and everything said before them pass.
func (r *rig) settle() {
	r.ticks(25)
	for _, p := range r.phones {
		p.forget()
	}
}

func TestPreRoomHearsNobodyAndIsHeardByNobody(t *testing.T) {
	for _, audio := range []Audio{{}, {Speaks: true}, {Hears: true}, talks} {
		r := newRig(t, 2)
		a, b := r.call(tone(1000, -10)), r.call(tone(800, -10))
		waiting := r.call(tone(1600, -10))
		room := r.e.NewRoom()
		room.Update(Change{a.leg.ID(), talks}, Change{b.leg.ID(), talks})
		waiting.leg.SetAudio(audio)
		r.settle()
		r.ticks(50)
		for _, p := range []*phone{a, b} {
			if got := p.hears(1600); got > deaf {
				t.Errorf("%+v: the room hears the pre-room at %.0f dBFS", audio, got)
			}
		}
		if len(waiting.heard) != 50*frame {
			t.Errorf("%+v: the pre-room got %d samples of a continuous stream, want %d", audio, len(waiting.heard), 50*frame)
		}
		for _, x := range waiting.heard {
			if x != 0 {
				t.Fatalf("%+v: the pre-room hears something", audio)
			}
		}
	}
}

func TestListenerIsNeverHeard(t *testing.T) {
	r := newRig(t, 1)
	speaker, listener, other := r.call(tone(1000, -10)), r.call(tone(1600, -6)), r.call(nil)
	r.e.NewRoom().Update(Change{speaker.leg.ID(), talks}, Change{listener.leg.ID(), listens}, Change{other.leg.ID(), listens})
	r.settle()
	r.ticks(100)
	if got := listener.hears(1000); got < -11 {
		t.Errorf("the listener hears the speaker at %.1f dBFS", got)
	}
	for _, p := range []*phone{speaker, other} {
		if got := p.hears(1600); got > deaf {
			t.Errorf("leg %d hears the listener at %.0f dBFS", p.leg.id, got)
		}
	}
}

func TestHeldLegIsIsolatedBothWays(t *testing.T) {
	music := &Clip{Name: "music", PCM: voiced(tone(400, -10), 8000)}
	holds := map[string]func(r *rig, room *Room, p *phone){
		"by the bridge, with music": func(_ *rig, room *Room, p *phone) {
			room.Update(Change{p.leg.ID(), Audio{Play: &Play{Clip: music, Loop: true}}})
		},
		"by the far end, in an answer": func(_ *rig, _ *Room, p *phone) { p.accept("sendonly") },
		"by the far end, in an offer": func(_ *rig, _ *Room, p *phone) {
			if _, dir, err := p.leg.Answer(p.answer("sendonly")); err != nil || dir != RecvOnly {
				p.t.Fatal(dir, err)
			}
		},
		"inactive": func(_ *rig, _ *Room, p *phone) { p.accept("inactive") },
	}
	for name, hold := range holds {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 1)
			a, b, held := r.call(tone(1000, -10)), r.call(nil), r.call(tone(1600, -10))
			room := r.e.NewRoom()
			for _, p := range r.phones {
				room.Update(Change{p.leg.ID(), talks})
			}
			r.settle()
			hold(r, room, held)
			r.settle()
			r.ticks(50)
			for _, p := range []*phone{a, b} {
				if got := p.hears(1600); got > deaf {
					t.Errorf("the held leg is heard at %.0f dBFS", got)
				}
			}
			if got := held.hears(1000); got > deaf {
				t.Errorf("the held leg hears at %.0f dBFS", got)
			}
			held.accept("sendrecv")
			room.Update(Change{held.leg.ID(), talks})
			r.settle()
			r.ticks(50)
			if a.hears(1600) < -11 || held.hears(1000) < -11 {
				t.Error("after the hold they do not hear each other")
			}
		})
	}
}

func TestMuteWorksOnTheNextTick(t *testing.T) {
	r := newRig(t, 1)
	speaker, listener := r.call(tone(1000, -10)), r.call(nil)
	room := r.e.NewRoom()
	room.Update(Change{speaker.leg.ID(), talks}, Change{listener.leg.ID(), listens})
	r.settle()
	room.Update(Change{speaker.leg.ID(), listens})
	r.ticks(1)
	for _, x := range listener.heard {
		if x != 0 {
			t.Fatal("sound on the tick after mute")
		}
	}
}

// What was said while muted is not heard after unmuting, nor is what waited
// in the socket then.
func TestNoStaleAudioAfterUnmute(t *testing.T) {
	unmute := map[string]func(room *Room, p *phone){
		"unmute": func(room *Room, p *phone) { room.Update(Change{p.leg.ID(), talks}) },
		"resume": func(room *Room, p *phone) { p.accept("sendrecv"); room.Update(Change{p.leg.ID(), talks}) },
	}
	for name, again := range unmute {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 1)
			p, listener := r.call(tone(1000, -10)), r.call(nil)
			room := r.e.NewRoom()
			room.Update(Change{p.leg.ID(), talks}, Change{listener.leg.ID(), listens})
			r.settle()
			room.Update(Change{p.leg.ID(), listens})
			if name == "resume" {
				p.accept("sendonly")
			}
			p.voice = tone(1600, -10)
			r.settle()
			for range 10 { // a burst that waits in the socket when the change comes
				p.send(p.next(frame))
			}
			again(room, p)
			r.ticks(1)
			p.voice = tone(800, -10)
			r.ticks(50)
			if got := listener.hears(1600); got > deaf {
				t.Errorf("sound from before is heard at %.0f dBFS", got)
			}
			if got := listener.hears(800); got < -12 {
				t.Errorf("the speaker is heard at %.0f dBFS", got)
			}
		})
	}
}

func voiced(voice func(int64) int16, n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = voice(int64(i))
	}
	return pcm
}
