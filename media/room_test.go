//go:build linux && !portable

package media

import (
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

// All changes of one Update take effect on one tick, also when the legs come
// from different workers: there is no tick on which both or neither speak.
func TestUpdateIsAtomic(t *testing.T) {
	for _, workers := range []int{1, 3} {
		r := newRig(t, workers)
		a, b, listener := r.call(tone(1000, -10)), r.call(tone(1000, -10)), r.call(nil)
		room := r.e.NewRoom()
		room.Update(Change{a.leg.ID(), talks}, Change{b.leg.ID(), listens}, Change{listener.leg.ID(), listens})
		r.settle()
		for i := range 20 {
			speaker := Change{a.leg.ID(), talks}
			other := Change{b.leg.ID(), listens}
			if i%2 == 0 {
				speaker.Leg, other.Leg = other.Leg, speaker.Leg
			}
			room.Update(speaker, other)
			r.ticks(1)
			if n := len(r.speakersOf(room)); n != 1 {
				t.Fatalf("%d workers: %d speakers on the tick of the change", workers, n)
			}
			r.ticks(4)
		}
	}
}

// speakersOf are those who may be heard when the tick is over.
func (r *rig) speakersOf(room *Room) []*stream {
	var all []*stream
	for _, s := range room.shares[room.home.id].members {
		if s.speaking {
			all = append(all, s)
		}
	}
	return all
}

// Legs that are closed or unknown, rooms that are closed: nothing happens.
func TestUpdateOfNobody(t *testing.T) {
	r := newRig(t, 2)
	p, gone := r.call(tone(1000, -10)), r.call(nil)
	room := r.e.NewRoom()
	gone.hangUp()
	room.Update(Change{gone.leg.ID(), talks}, Change{12345, talks}, Change{p.leg.ID(), talks})
	room.Update()
	r.ticks(3)
	if n := len(room.shares[room.home.id].members); n != 1 {
		t.Errorf("%d members, want 1", n)
	}
	room.Close()
	room.Close()
	r.ticks(2)
	room.Update(Change{p.leg.ID(), talks})
	room.Play(&Clip{PCM: make([]int16, 100)})
	room.Play(nil)
	r.ticks(2)
	if p.leg.stream.room != nil || p.leg.stream.audio != (Audio{}) {
		t.Error("the leg of a closed room is not in its pre-room")
	}
	if s := r.e.Stats(); s.Rooms != 0 || s.Legs != 1 {
		t.Errorf("%d rooms and %d legs", s.Rooms, s.Legs)
	}
}

// What was announced to nobody is not heard by who comes later.
func TestAnnouncementToAnEmptyRoom(t *testing.T) {
	r := newRig(t, 1)
	room := r.e.NewRoom()
	room.Play(&Clip{PCM: voiced(tone(1600, -10), 8000)})
	r.ticks(1)
	p := r.call(nil)
	room.Update(Change{p.leg.ID(), listens})
	r.ticks(10)
	if level(p.heard) > -100 {
		t.Error("an old announcement is heard")
	}
}

// Whatever happens in whatever order on however many workers, each leg is in
// the end where the last command that named it put it, and is served by
// exactly one worker meanwhile.
func TestCommandsInAnyOrder(t *testing.T) {
	r := newRig(t, 3)
	rapid.Check(t, func(t *rapid.T) {
		type want struct {
			room  *Room
			audio Audio
		}
		rooms := []*Room{r.e.NewRoom(), r.e.NewRoom(), r.e.NewRoom(), r.e.NewRoom()}
		var legs []*Leg
		wants := make(map[*Leg]want)
		for range 6 {
			l, err := r.e.NewLeg(nil)
			if err != nil {
				t.Fatal(err)
			}
			legs = append(legs, l)
			wants[l] = want{}
		}
		audios := []Audio{{}, talks, listens, {Speaks: true}}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			leg := func() *Leg { return legs[rapid.IntRange(0, len(legs)-1).Draw(t, "leg")] }
			audio := func() Audio { return audios[rapid.IntRange(0, len(audios)-1).Draw(t, "audio")] }
			switch rapid.IntRange(0, 5).Draw(t, "act") {
			case 0:
				r.ticks(1)
			case 1:
				l, a := leg(), audio()
				l.SetAudio(a)
				if w, ok := wants[l]; ok {
					wants[l] = want{w.room, a}
				}
			case 2:
				l := leg()
				l.Close()
				delete(wants, l)
			default:
				room := rooms[rapid.IntRange(0, len(rooms)-1).Draw(t, "room")]
				var changes []Change
				for range rapid.IntRange(1, 3).Draw(t, "changes") {
					l, a := leg(), audio()
					changes = append(changes, Change{l.ID(), a})
					if _, ok := wants[l]; ok {
						wants[l] = want{room, a}
					}
				}
				room.Update(changes...)
			}
		}
		for range 200 { // each tick settles at least one command
			r.ticks(1)
		}
		total := 0
		for _, w := range r.e.workers {
			total += len(w.legs)
			if len(w.parked) > 0 {
				t.Fatalf("%d commands still wait", len(w.parked))
			}
		}
		if total != len(wants) {
			t.Fatalf("%d legs served, want %d", total, len(wants))
		}
		for l, want := range wants {
			s := l.stream
			if s.owner.Load() != l.home || s.audio != want.audio {
				t.Fatalf("leg %d: audio %+v, want %+v", l.id, s.audio, want.audio)
			}
			if want.room == nil && s.room != nil || want.room != nil && s.room != want.room.shares[want.room.home.id] {
				t.Fatalf("leg %d is in the wrong room", l.id)
			}
			l.Close()
		}
		for _, room := range rooms {
			room.Close()
		}
		r.ticks(2)
	})
}

// A full mailbox makes the caller wait for the next tick; nothing is lost.
func TestFullMailboxLosesNothing(t *testing.T) {
	r := newRig(t, 1)
	p := r.call(nil)
	w := r.e.workers[0]
	r.ticks(1)
	for range mailSize {
		p.leg.SetAudio(Audio{})
	}
	posted := make(chan struct{})
	go func() {
		defer close(posted)
		for range 10 {
			p.leg.SetAudio(Audio{Hears: true})
		}
		p.leg.SetAudio(Audio{Speaks: true})
	}()
	select {
	case <-posted:
		t.Fatal("a full mailbox took more commands")
	default:
	}
	if len(w.mail) != mailSize {
		t.Fatalf("%d commands wait, want %d", len(w.mail), mailSize)
	}
	r.ticks(1)
	<-posted
	r.ticks(1)
	if got := p.leg.stream.audio; got != (Audio{Speaks: true}) {
		t.Errorf("after all commands the leg has %+v", got)
	}
}

// Closing the engine frees whoever waits for a full mailbox.
func TestCloseFreesWaitingCallers(t *testing.T) {
	r := newRig(t, 1)
	p := r.call(nil)
	for len(r.e.workers[0].mail) < mailSize {
		p.leg.SetAudio(Audio{})
	}
	posted := make(chan struct{})
	go func() {
		p.leg.SetAudio(Audio{})
		close(posted)
	}()
	for r.e.mu.TryLock() { // until the caller waits, which it does holding this
		r.e.mu.Unlock()
		runtime.Gosched()
	}
	r.e.Close()
	<-posted
}
