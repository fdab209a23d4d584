package udp_test

import (
	"slices"
	"testing"
	"time"

	"partyline/media/udp"
)

func watch(t testing.TB, most int) *udp.Watch {
	t.Helper()
	w, err := udp.NewWatch(most)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func TestWatchTellsWhoHasSomethingToRead(t *testing.T) {
	w := watch(t, 8)
	ours, far := legs(t, 4)
	const high = 1 << 40 // tags are whole
	for i, s := range ours {
		if err := w.Add(s, high+uint64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Add(ours[0], 0); err == nil {
		t.Error("a socket is watched twice")
	}
	ready := func() []uint64 {
		tags := slices.Clone(w.Ready())
		slices.Sort(tags)
		return tags
	}
	if got := ready(); len(got) != 0 {
		t.Errorf("%v have something to read, and nothing was sent", got)
	}
	for _, i := range []int{1, 3} {
		tell(t, far[i], ours[i].Local(), "one")
		tell(t, far[i], ours[i].Local(), "two")
	}
	buf := make([]byte, 64)
	for range 2 {
		wait(t, ours[1])
		wait(t, ours[3])
		if got, want := ready(), []uint64{high + 1, high + 3}; !slices.Equal(got, want) {
			t.Errorf("%v have something to read, want %v", got, want)
		}
		next(t, ours[1], buf)
		next(t, ours[3], buf)
	}
	if got := ready(); len(got) != 0 {
		t.Errorf("%v have something to read after all was read", got)
	}
	tell(t, far[2], ours[2].Local(), "gone")
	wait(t, ours[2])
	if err := w.Remove(ours[2]); err != nil {
		t.Fatal(err)
	}
	if err := w.Remove(ours[2]); err == nil {
		t.Error("a socket nobody watches was removed")
	}
	if got := ready(); len(got) != 0 {
		t.Errorf("%v have something to read after it was removed", got)
	}
	if err := w.Add(ours[2], 5); err != nil {
		t.Fatal(err)
	}
	if got := ready(); !slices.Equal(got, []uint64{5}) {
		t.Errorf("%v have something to read, want 5: it waited before the watch", got)
	}
}

func TestWatchGivesEverySocketItsTurn(t *testing.T) {
	const most = 8
	w := watch(t, most)
	ours, far := legs(t, 20)
	for i, s := range ours {
		if err := w.Add(s, uint64(i)); err != nil {
			t.Fatal(err)
		}
		tell(t, far[i], s.Local(), "hello")
		wait(t, s)
	}
	seen := map[uint64]bool{}
	for range 3 { // nobody reads
		got := w.Ready()
		if len(got) != most {
			t.Fatalf("told of %d sockets at once, want %d", len(got), most)
		}
		for _, tag := range got {
			seen[tag] = true
		}
	}
	if len(seen) != len(ours) {
		t.Errorf("told of %d sockets of %d", len(seen), len(ours))
	}
	if allocs := testing.AllocsPerRun(20, func() { w.Ready() }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestMutedDigitIsSeenByTheWatch(t *testing.T) {
	w := watch(t, 8)
	us, far := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	mute(t, us, 101)
	if err := w.Add(us, 1); err != nil {
		t.Fatal(err)
	}
	tell(t, far, us.Local(), string(rtp(0x80, 0, 1)))
	if len(w.Ready()) != 0 {
		t.Error("sound of a muted leg was seen")
	}
	tell(t, far, us.Local(), string(rtp(0x80, 101, 2)))
	for end := time.Now().Add(5 * time.Second); len(w.Ready()) == 0; {
		if time.Now().After(end) {
			t.Fatal("a digit was not seen")
		}
	}
}
