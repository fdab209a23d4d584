//go:build linux && !portable

package media

import (
	"testing"
	"time"

	"partyline/media/codec"
)

// wake has the only worker wake at a time, as its goroutine would.
func (r *rig) wake(at int64) {
	for _, p := range r.phones {
		p.speak()
	}
	r.e.workers[0].wake(at, func() int64 { return at })
	r.n = r.e.workers[0].tick
	for _, p := range r.phones {
		p.listen()
	}
}

func TestLateTicks(t *testing.T) {
	tests := []struct {
		missed  int64
		packets int    // sent when the worker wakes at last
		skipped uint64 // ticks
		markers int
		gap     int32 // samples in the timestamps
	}{
		{0, 1, 0, 0, 0},
		{1, 2, 0, 0, 0},
		{3, 4, 0, 0, 0},
		{4, 1, 4, 1, 4 * frame},
		{50, 1, 50, 1, 50 * frame},
	}
	for _, test := range tests {
		r := newRig(t, 1)
		p := r.call(nil)
		r.ticks(10)
		before, last := r.e.Stats(), p.last
		packets, markers := p.packets, p.markers
		r.wake((r.n+1+test.missed)*tick + int64(time.Millisecond))
		after := r.e.Stats()
		if got := p.packets - packets; got != test.packets {
			t.Errorf("%d missed: %d packets, want %d", test.missed, got, test.packets)
		}
		if got := p.markers - markers; got != test.markers {
			t.Errorf("%d missed: %d markers, want %d", test.missed, got, test.markers)
		}
		if got := after.Skipped - before.Skipped; got != test.skipped {
			t.Errorf("%d missed: %d ticks skipped, want %d", test.missed, got, test.skipped)
		}
		gap := int32(p.last.ts-last.ts) - int32(test.packets*frame)
		if gap != test.gap {
			t.Errorf("%d missed: timestamps leap by %d, want %d", test.missed, gap, test.gap)
		}
		if late := after.Late - before.Late; test.missed > 0 && test.missed <= catchUp && late != uint64(test.missed) {
			t.Errorf("%d missed: %d ticks counted late", test.missed, late)
		}
		packets = p.packets
		r.wake((r.n + 1) * tick)
		if p.packets != packets+1 {
			t.Errorf("%d missed: %d packets on the tick after", test.missed, p.packets-packets)
		}
	}
}

func TestTicksThatAreNotDueAreNotRun(t *testing.T) {
	r := newRig(t, 1)
	p := r.call(nil)
	r.ticks(1)
	before := p.packets
	r.wake(r.n*tick + tick - 1)
	if p.packets != before {
		t.Error("a tick ran before its time")
	}
}

// After a stall the sound that waited is not played.
func TestNoStaleAudioAfterAStall(t *testing.T) {
	r := newRig(t, 1)
	p, listener := r.call(tone(1000, -10)), r.call(nil)
	r.e.NewRoom().Update(Change{p.leg.ID(), talks}, Change{listener.leg.ID(), listens})
	r.settle()
	p.voice = tone(1600, -10)
	for range 40 {
		p.send(p.next(frame))
	}
	r.n += 40
	r.e.workers[0].wake(r.n*tick, func() int64 { return r.n * tick })
	p.voice = tone(800, -10)
	r.ticks(50)
	if got := listener.hears(1600); got > deaf {
		t.Errorf("sound from the time of the stall is heard at %.0f dBFS", got)
	}
	if got := listener.hears(800); got < -12 {
		t.Errorf("after the stall the speaker is heard at %.0f dBFS", got)
	}
}

func TestLatenessHistogram(t *testing.T) {
	r := newRig(t, 1)
	r.call(nil)
	w := r.e.workers[0]
	for _, late := range []time.Duration{0, 50 * time.Microsecond, 200 * time.Microsecond, 3 * time.Millisecond, 15 * time.Millisecond} {
		r.n++
		w.step(r.n, r.n*tick+int64(late))
	}
	got := r.e.Stats()
	want := map[int]uint64{0: 2, 1: 1, 5: 1, 7: 1}
	for i, n := range got.Lateness {
		if n != want[i] {
			t.Errorf("%d ticks in bucket %d, want %d", n, i, want[i])
		}
	}
	if got.Ticks != 5 || got.Late != 1 {
		t.Errorf("%d ticks, %d late; want 5 and 1", got.Ticks, got.Late)
	}
}

// A tick allocates nothing, whatever it does, once its buffers have grown.
func TestTickAllocatesNothing(t *testing.T) {
	r := newRig(t, 1)
	room := r.e.NewRoom()
	music := &Clip{PCM: voiced(tone(400, -10), 8000)}
	var speakers []*phone
	for i := range 30 {
		p := r.phone(nil)
		switch i % 3 {
		case 1:
			p.speaks(codec.PCMA)
		case 2:
			p.ptime = 240
		}
		p.accept("sendrecv", "ptime:"+[]string{"20", "10", "30"}[i%3])
		switch {
		case i < 4:
			speakers = append(speakers, p)
			room.Update(Change{p.leg.ID(), talks})
		case i < 20:
			room.Update(Change{p.leg.ID(), listens})
		case i < 25:
			room.Update(Change{p.leg.ID(), Audio{Play: &Play{Clip: music, Loop: true}}})
		default:
			p.leg.SetAudio(Audio{Play: &Play{Clip: music}})
		}
	}
	r.ticks(60)
	var packets [][][]byte
	for _, p := range speakers {
		p.voice = tone(1000, -10)
		var mine [][]byte
		for range 400 {
			mine = append(mine, p.next(frame))
		}
		packets = append(packets, mine)
	}
	w, at := r.e.workers[0], 0
	out := r.e.Stats().Out
	allocs := testing.AllocsPerRun(300, func() {
		for i, p := range speakers {
			p.send(packets[i][at])
		}
		at++
		r.n++
		w.step(r.n, r.n*tick)
	})
	if allocs != 0 {
		t.Errorf("%v allocations in a tick", allocs)
	}
	if sent := r.e.Stats().Out - out; sent < 300*30 {
		t.Errorf("only %d packets were sent meanwhile", sent)
	}
}

// A worker ticks while it has a leg, and waits for commands when it has none.
func TestIdleWorkerDoesNotTick(t *testing.T) {
	r := newRig(t, 1)
	w := r.e.workers[0]
	room := r.e.NewRoom()
	r.ticks(1)
	if !w.idle {
		t.Error("a worker with an empty room ticks")
	}
	p := r.call(nil)
	room.Update(Change{p.leg.ID(), listens})
	r.ticks(2)
	if w.idle {
		t.Error("a worker with a leg does not tick")
	}
	p.hangUp()
	r.ticks(2)
	if !w.idle {
		t.Error("a worker whose last leg has left ticks on")
	}
	// Whatever time passes meanwhile, none of it counts as missed.
	w.resume((r.n + 1000) * tick)
	w.wake((r.n+1001)*tick, func() int64 { return (r.n + 1001) * tick })
	if s := r.e.Stats(); s.Skipped != 0 {
		t.Errorf("%d ticks skipped while there was nothing to do", s.Skipped)
	}
}
