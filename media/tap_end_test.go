//go:build linux && !portable

package media

import "testing"

func TestTapEnds(t *testing.T) {
	for name, end := range map[string]func(r *rig, room *Room, tap *Tap){
		"release": func(_ *rig, room *Room, tap *Tap) { room.Release(tap); room.Release(tap) },
		"close":   func(_ *rig, _ *Room, tap *Tap) { tap.Close(); tap.Close() },
		"room":    func(_ *rig, room *Room, _ *Tap) { room.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 1)
			p := r.call(tone(1000, -10))
			room := r.e.NewRoom()
			room.Update(Change{p.leg.ID(), talks})
			tap := NewTap(true)
			room.Record(tap)
			r.ticks(10)
			if now := tap.Now(); now != 9 {
				t.Errorf("the tick of this moment is %d, want 9", now)
			}
			end(r, room, tap)
			r.ticks(10)
			n := 0
			for _, ok := tap.Next(); ok; _, ok = tap.Next() {
				n++
			}
			if n != 10 {
				t.Errorf("%d moments, want 10", n)
			}
			if len(room.shares[0].feeds) != 0 {
				t.Error("the room still feeds it")
			}
		})
	}
	t.Run("engine", func(t *testing.T) {
		e, err := NewEngine(Config{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		tap := NewTap(false)
		e.NewRoom().Record(tap)
		ended := make(chan int)
		go func() {
			n := 0
			for _, ok := tap.Next(); ok; _, ok = tap.Next() {
				n++
			}
			ended <- n
		}()
		e.Close()
		<-ended
	})
	t.Run("never begun", func(t *testing.T) {
		r := newRig(t, 1)
		tap, late := NewTap(false), NewTap(false)
		tap.Close()
		room := r.e.NewRoom()
		room.Record(tap)
		r.ticks(2)
		if len(room.shares[room.home.id].feeds) != 0 {
			t.Error("a room feeds a tap that nobody reads")
		}
		room.Close()
		room.Record(late)
		for _, tap := range []*Tap{tap, late} {
			if _, ok := tap.Next(); ok {
				t.Error("sound of no room")
			}
		}
		if now := NewTap(false).Now(); now != -1 {
			t.Errorf("tick %d of no engine", now)
		}
	})
}
