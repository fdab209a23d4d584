package record

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"partyline/media"
)

// script is a room whose sound the test makes up.
type script struct {
	moments chan media.Moment
	idle    chan struct{} // the last moment has been taken in
	closed  chan struct{}
	tick    int64
	lost    uint64
}

func newScript() *script {
	return &script{moments: make(chan media.Moment), idle: make(chan struct{}), closed: make(chan struct{}), tick: -1}
}

func (s *script) Next() (media.Moment, bool) {
	select {
	case s.idle <- struct{}{}:
	case <-s.closed:
		return media.Moment{}, false
	}
	select {
	case m, ok := <-s.moments:
		return m, ok
	case <-s.closed:
		return media.Moment{}, false
	}
}

func (s *script) Now() int64      { return s.tick }
func (s *script) Dropped() uint64 { return s.lost }
func (s *script) Close() {
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
}

// hear lets the room sound for a tick: voices, and what the room itself says.
// It is false when nobody records any more.
func (s *script) hear(own []int16, voices ...media.Spoken) bool {
	s.tick++
	m := media.Moment{Tick: s.tick, Whole: true, Voices: voices}
	add := func(rate int, pcm []int16) {
		to := &m.Narrow
		if rate == 16000 {
			to = &m.Wide
		}
		if *to == nil {
			*to = make([]int32, rate/50)
		}
		for i, x := range pcm {
			(*to)[i] += int32(x)
		}
	}
	if own != nil {
		add(8000, own)
	}
	for _, v := range voices {
		add(v.Rate, v.PCM)
	}
	return s.give(m)
}

func (s *script) give(m media.Moment) bool {
	select {
	case s.moments <- m:
	case <-s.closed:
		return false
	}
	return s.taken()
}

// taken waits until the recording wants more.
func (s *script) taken() bool {
	select {
	case <-s.idle:
		return true
	case <-s.closed:
		return false
	}
}

// says is 20 ms of one value.
func says(leg media.LegID, rate int, value int16) media.Spoken {
	pcm := make([]int16, rate/50)
	for i := range pcm {
		pcm[i] = value
	}
	return media.Spoken{Leg: leg, Rate: rate, PCM: pcm}
}

// stage is a studio with a scripted room and one recording of it.
type stage struct {
	*script
	t      testing.TB
	dir    string
	studio *Studio
	take   *Take
	done   chan Result
}

func newStudio(t testing.TB, dir string, options ...Option) *Studio {
	t.Helper()
	s, err := Open(dir, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newStage(t testing.TB, spec Spec, options ...Option) *stage {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "recordings")
	return newStageIn(t, newStudio(t, dir, options...), dir, spec)
}

func newStageIn(t testing.TB, studio *Studio, dir string, spec Spec) *stage {
	t.Helper()
	spec = withDefaults(spec)
	s := &stage{script: newScript(), t: t, dir: dir, studio: studio, done: make(chan Result, 2)}
	take, err := studio.begin(spec, nil, s.script, func(r Result) { s.done <- r })
	if err != nil {
		t.Fatal(err)
	}
	s.take = take
	s.taken()
	return s
}

func withDefaults(spec Spec) Spec {
	if spec.ID == "" {
		spec.ID = "rec_1"
	}
	if spec.Format == "" {
		spec.Format = "wav"
	}
	if spec.Rate == 0 {
		spec.Rate = 8000
	}
	return spec
}

// result waits for the end.
func (s *stage) result() Result {
	s.t.Helper()
	select {
	case r := <-s.done:
		return r
	case <-time.After(time.Minute):
		s.t.Fatal("the recording does not end")
		panic("unreachable")
	}
}

// stop ends the recording and has it be well.
func (s *stage) stop() Result {
	s.t.Helper()
	s.take.Stop()
	r := s.result()
	if r.Err != nil {
		s.t.Fatal(r.Err)
	}
	return r
}

// sound reads a file of the recording.
func (s *stage) sound(name string) []int16 {
	s.t.Helper()
	return readWave(s.t, filepath.Join(s.dir, "rec_1", name)).pcm
}

type heard struct {
	rate, channels int
	pcm            []int16
}

// readWave reads a WAV file as players do: by what its header says.
func readWave(t testing.TB, path string) heard {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		t.Fatalf("%s is no WAV file", path)
	}
	if riff := int(le.Uint32(b[4:])); riff+8 > len(b) {
		t.Fatalf("%s says it has %d bytes, and has %d", path, riff+8, len(b))
	}
	var h heard
	for at := 12; at+8 <= len(b); {
		id, size := string(b[at:at+4]), int(le.Uint32(b[at+4:]))
		body := b[at+8:]
		if size > len(body) {
			t.Fatalf("%s: %s of %d bytes is cut off", path, id, size)
		}
		switch id {
		case "fmt ":
			h.channels, h.rate = int(le.Uint16(body[2:])), int(le.Uint32(body[4:]))
		case "data":
			h.pcm = make([]int16, size/2)
			for i := range h.pcm {
				h.pcm[i] = int16(le.Uint16(body[2*i:]))
			}
		}
		at += 8 + size + size%2
	}
	return h
}

// tone is n samples of a sine.
func tone(rate int, freq, dBFS float64, n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(math.Round(32767 * math.Pow(10, dBFS/20) * math.Sin(2*math.Pi*freq*float64(i)/float64(rate))))
	}
	return pcm
}
