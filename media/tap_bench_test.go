//go:build linux && !portable

package media

import (
	"testing"

	"partyline/media/codec"
)

// tapped is a room of ten where three talk, without its sockets.
type tapped struct {
	rig  *rig
	w    *worker
	room *mix
	taps []*Tap
	n    int64
}

func newTapped(t testing.TB, taps ...*Tap) *tapped {
	r := newRig(t, 1)
	b := &tapped{rig: r, w: r.e.workers[0], room: new(mix), taps: taps}
	for i := range 10 {
		s := &stream{id: LegID(i + 1), mouth: new(mouth), speaking: true}
		s.far.known, s.far.codec = true, codec.PCMU
		copy(s.pcm[:], voiced(tone(float64(300+300*i), -20), frame))
		b.room.add(s)
	}
	for _, tap := range taps {
		f := newFeed(tap, true)
		tap.feeds, tap.engine = []*feed{f}, r.e
		tap.first.Store(0)
		b.room.feeds = append(b.room.feeds, f)
	}
	return b
}

func (b *tapped) tick() {
	b.n++
	b.w.tick = b.n
	for _, s := range b.room.members[:3] {
		s.sounded = b.n + 1
	}
	b.room.gather(b.w)
	b.room.join(b.w)
}

func (b *tapped) read() {
	b.rig.clock.Store(b.n * tick)
	for _, tap := range b.taps {
		for tap.take() {
		}
	}
}

// A tick allocates nothing for a tap, whether it is read or not.
func TestTapAllocatesNothing(t *testing.T) {
	b := newTapped(t, NewTap(true), NewTap(false))
	for _, reads := range []bool{true, false} {
		n := 0
		if got := testing.AllocsPerRun(1000, func() {
			b.tick()
			if n++; reads && n%5 == 0 {
				b.read()
			}
		}); got != 0 {
			t.Errorf("%.1f allocations a tick, read: %v", got, reads)
		}
	}
}

// BenchmarkTap is a tick of a room of ten where three talk, but for its
// packets: recorded, with and without voices, and not.
func BenchmarkTap(b *testing.B) {
	for _, shape := range []struct {
		name string
		taps func() []*Tap
	}{
		{"none", func() []*Tap { return nil }},
		{"mono", func() []*Tap { return []*Tap{NewTap(false)} }},
		{"voices", func() []*Tap { return []*Tap{NewTap(true)} }},
	} {
		b.Run(shape.name, func(b *testing.B) {
			room := newTapped(b, shape.taps()...)
			b.ReportAllocs()
			for b.Loop() {
				room.tick()
				if room.n%5 == 0 {
					b.StopTimer()
					room.read()
					b.StartTimer()
				}
			}
			for _, tap := range room.taps {
				if tap.Dropped() > 0 {
					b.Error("dropped")
				}
			}
		})
	}
}
