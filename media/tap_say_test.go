//go:build linux && !portable

package media

import (
	"slices"
	"testing"
)

// While the room speaks, its speakers are turned down: what a tap has of each
// is what it put in all the same, so that without them exactly the words are
// left.
func TestTapHasTheWordsOfTheRoom(t *testing.T) {
	r := newRig(t, 1)
	room := r.e.NewRoom()
	for i := range 3 {
		room.Update(Change{r.call(tone(float64(500+300*i), -16)).leg.ID(), talks})
	}
	r.settle()
	tap := NewTap(true)
	room.Record(tap)
	r.ticks(5)
	words := voiced(tone(1600, -10), 25*frame)
	words[0], words[len(words)-1] = 1, 1 // so that the ends are known
	room.Say(&Clip{Name: "words", PCM: words})
	r.ticks(60)
	var left []int32
	for _, m := range tap.all() {
		if !m.Whole || len(m.Voices) != 3 {
			t.Fatalf("tick %d: whole %v, %d voices", m.Tick, m.Whole, len(m.Voices))
		}
		left = append(left, without(m, 8000)...)
	}
	from := slices.IndexFunc(left, func(x int32) bool { return x != 0 })
	if from < 0 || from+len(words) > len(left) {
		t.Fatalf("the words begin at %d of %d samples", from, len(left))
	}
	for i, x := range left[from:] {
		want := int32(0)
		if i < len(words) {
			want = int32(words[i])
		}
		if x != want {
			t.Fatalf("sample %d of the words is %d, want %d", i, x, want)
		}
	}
}
