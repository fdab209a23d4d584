//go:build linux && !portable

package media

import "testing"

// What a reader comes too late for is silence in its place.
func TestTapOverflowsIntoSilence(t *testing.T) {
	r := newRig(t, 1)
	p := r.call(tone(1000, -10))
	room := r.e.NewRoom()
	room.Update(Change{p.leg.ID(), talks})
	r.settle()
	tap := NewTap(true)
	room.Record(tap)
	r.ticks(400)
	first := tap.all()
	if tap.Dropped() == 0 {
		t.Fatal("nothing dropped in 8 s that nobody read")
	}
	r.ticks(20)
	all := append(first, tap.all()...)
	if len(all) != 420 {
		t.Fatalf("%d moments of 420 ticks", len(all))
	}
	gaps := 0
	for i, m := range all {
		if m.Tick != int64(i) {
			t.Fatalf("moment %d is of tick %d", i, m.Tick)
		}
		if m.Narrow == nil {
			gaps++
			if m.Whole && len(m.Voices) > 0 {
				t.Fatalf("tick %d has lost its sum and does not know it", i)
			}
		}
	}
	for _, m := range append(all[:250:250], all[400:]...) {
		if m.Narrow == nil || len(m.Voices) != 1 || !m.Whole {
			t.Fatalf("tick %d is not whole", m.Tick)
		}
	}
	if gaps == 0 {
		t.Error("dropped, and no gap")
	}
}

// The reader's pace decides how much may wait.
func TestTapGrowsWithTheRoom(t *testing.T) {
	r := newRig(t, 1)
	room := r.e.NewRoom()
	for i := range 12 {
		room.Update(Change{r.call(tone(float64(300+100*i), -30)).leg.ID(), talks})
	}
	tap := NewTap(true)
	room.Record(tap)
	for range 12 { // 1.2 s, read each 100 ms
		r.ticks(5)
		tap.all()
	}
	r.ticks(200)
	for _, m := range tap.all() {
		if len(m.Voices) != 12 || !m.Whole {
			t.Fatalf("tick %d has %d voices", m.Tick, len(m.Voices))
		}
	}
	if n := tap.Dropped(); n != 0 {
		t.Errorf("%d pieces dropped", n)
	}
}

// What a worker said that came too late for a tick is missing from the sum,
// and the moment knows it.
func TestTapKnowsOfALateWorker(t *testing.T) {
	r := newRigWith(t, Config{Workers: 2, Share: 2})
	room := r.e.NewRoom()
	for i := range 6 {
		room.Update(Change{r.call(tone(float64(500+200*i), -25)).leg.ID(), talks})
		r.ticks(1)
	}
	r.settle()
	tap := NewTap(true)
	room.Record(tap)
	r.ticks(5)
	for _, p := range r.phones {
		p.speak()
	}
	home := r.e.workers[room.home.id]
	for _, w := range r.e.workers {
		w.tick = r.n
	}
	r.stepOne(home)
	for _, w := range r.e.workers {
		if w != home {
			r.stepOne(w)
		}
	}
	r.n++
	r.ticks(5)
	all := tap.all()
	if len(all) != 11 {
		t.Fatalf("%d moments of 11 ticks", len(all))
	}
	for i, m := range all {
		if m.Whole != (i != 5) || len(m.Voices) != 6 {
			t.Errorf("tick %d: whole %v, %d voices", i, m.Whole, len(m.Voices))
		}
	}
}

// Ticks that the engine leaves out, and those on which it sleeps, are silence.
func TestTapCountsTicksLeftOut(t *testing.T) {
	r := newRig(t, 1)
	p := r.call(tone(1000, -10))
	room := r.e.NewRoom()
	room.Update(Change{p.leg.ID(), talks})
	r.settle()
	tap := NewTap(true)
	room.Record(tap)
	r.ticks(5)
	r.n += 30
	r.ticks(5)
	all := tap.all()
	if len(all) != 40 {
		t.Fatalf("%d moments of 40 ticks", len(all))
	}
	for i, m := range all {
		if there := m.Narrow != nil; there != (i < 5 || i >= 36) && i != 35 {
			t.Errorf("tick %d: sound %v", i, there)
		}
	}
	r.clock.Add(100 * tick) // no worker runs
	if got := len(tap.all()); got != 100-tapLate {
		t.Errorf("%d moments of a sleeping engine, want %d", got, 100-tapLate)
	}
}
