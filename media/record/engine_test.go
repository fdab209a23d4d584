package record

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"partyline/media"
	"partyline/media/sound"
)

// hall is an engine with phones on loopback that speak by one clock.
type hall struct {
	t      *testing.T
	engine *media.Engine
	room   *media.Room
	lines  []*line
	said   int // ticks
}

func newHall(t *testing.T) *hall {
	t.Helper()
	engine, err := media.NewEngine(media.Config{Address: netip.MustParseAddr("127.0.0.1"), Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	return &hall{t: t, engine: engine, room: engine.NewRoom()}
}

func (h *hall) call() *line {
	h.t.Helper()
	l, err := dial(h.engine)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { l.conn.Close() })
	h.lines = append(h.lines, l)
	h.room.Update(media.Change{Leg: l.leg.ID(), Audio: media.Audio{Speaks: true, Hears: true}})
	return l
}

// talk has all phones say something for so many ticks, in real time.
func (h *hall) talk(ticks int, what func(tick int) []int16) {
	h.t.Helper()
	clock := time.NewTicker(20 * time.Millisecond)
	defer clock.Stop()
	for range ticks {
		<-clock.C
		for _, l := range h.lines {
			if err := l.say(what(h.said)); err != nil {
				h.t.Fatal(err)
			}
		}
		h.said++
	}
}

// clicks has 10 ms of a loud tone every half second, and a soft one between.
func clicks(tick int) []int16 {
	pcm := tone(8000, 400, -50, 160)
	if tick%25 == 10 {
		copy(pcm, tone(8000, 1000, -14, 80))
	}
	return pcm
}

// onsets are the samples at which a click begins.
func onsets(pcm []int16) (at []int) {
	for i, x := range pcm {
		if (x > 1500 || x < -1500) && (len(at) == 0 || i-at[len(at)-1] > 2000) {
			at = append(at, i)
		}
	}
	return at
}

// Two phones click; one hangs up and calls again. The tracks are of equal
// length, and together, sample by sample, the mix.
func TestTracksThroughTheEngine(t *testing.T) {
	h := newHall(t)
	dir := t.TempDir()
	studio := newStudio(t, dir)
	done := make(chan Result, 1)
	take, err := studio.Begin(Spec{ID: "rec_1", Format: "wav", Rate: 8000, Tracks: true}, func(r Result) { done <- r })
	if err != nil {
		t.Fatal(err)
	}
	h.room.Record(take.Tap()) // nobody is there yet
	a, b := h.call(), h.call()
	take.Belongs(a.leg.ID(), Track{ParticipantID: "a"})
	take.Belongs(b.leg.ID(), Track{ParticipantID: "b"})
	h.talk(75, clicks)
	b.leg.Close()
	h.lines = h.lines[:1]
	h.talk(25, clicks)
	c := h.call()
	take.Belongs(c.leg.ID(), Track{ParticipantID: "b"})
	h.talk(75, clicks)
	h.room.Release(take.Tap())
	take.Stop()
	r := <-done
	if r.Err != nil || len(r.Files) != 3 || r.Dropped != 0 {
		t.Fatalf("%+v", r)
	}
	pcm := make(map[string][]int16)
	for _, f := range r.Files {
		pcm[f.ParticipantID] = readWave(t, filepath.Join(dir, "rec_1", f.Name)).pcm
		if f.Duration != r.Duration {
			t.Errorf("%s lasts %s of %s", f.Name, f.Duration, r.Duration)
		}
	}
	if want := 175 * 20 * time.Millisecond; r.Duration < want || r.Duration > want+time.Second {
		t.Errorf("%s of %s recorded", r.Duration, want)
	}
	for i, x := range pcm[""] {
		if x != pcm["a"][i]+pcm["b"][i] {
			t.Fatalf("sample %d of the mix is %d, of the tracks %d and %d", i, x, pcm["a"][i], pcm["b"][i])
		}
	}
	// How far apart the clicks of two phones may be is a matter of their lines'
	// jitter: TestTapAlignsVoices, where none is.
	if first, second := onsets(pcm["a"]), onsets(pcm["b"]); len(first) < 4 || len(second) < 3 {
		t.Errorf("clicks at %v and %v", first, second)
	}
}

// A stereo recording of a real room: presenters left, all others right, what
// the room says on both. It ends with the room.
func TestStereoThroughTheEngine(t *testing.T) {
	h := newHall(t)
	dir := t.TempDir()
	studio := newStudio(t, dir)
	done := make(chan Result, 1)
	take, err := studio.Begin(Spec{ID: "rec_1", Format: "wav", Rate: 16000, Stereo: true}, func(r Result) { done <- r })
	if err != nil {
		t.Fatal(err)
	}
	a, b := h.call(), h.call()
	take.Belongs(a.leg.ID(), Track{ParticipantID: "a", Left: true})
	take.Belongs(b.leg.ID(), Track{ParticipantID: "b"})
	h.lines = nil
	voices := []([]int16){tone(8000, 500, -20, 160), tone(8000, 900, -20, 160)}
	h.room.Record(take.Tap())
	h.room.Play(&media.Clip{PCM: tone(8000, 1700, -20, 3*8000)})
	clock := time.NewTicker(20 * time.Millisecond)
	defer clock.Stop()
	for range 100 {
		<-clock.C
		for i, l := range []*line{a, b} {
			if err := l.say(voices[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.room.Close()
	r := <-done
	if r.Err != nil || len(r.Files) != 1 {
		t.Fatalf("%+v", r)
	}
	pcm := readWave(t, filepath.Join(dir, "rec_1", "mix.wav")).pcm
	for side, want := range []map[float64]bool{{500: true, 900: false, 1700: true}, {500: false, 900: true, 1700: true}} {
		half := every(pcm, 2, side)
		half = half[16000 : 16000+8000]
		for freq, there := range want {
			if got := sound.Goertzel(half, 16000, freq); there != (got > -26) || !there && got > -55 {
				t.Errorf("channel %d: %.0f Hz at %.1f dBFS", side, freq, got)
			}
		}
	}
}
