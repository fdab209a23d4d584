package record

import (
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"partyline/media"
	"partyline/media/sound"
)

// levels are the values that a sound takes, in turn, and for how many samples.
func levels(pcm []int16) (out [][2]int) {
	for _, x := range pcm {
		if n := len(out); n > 0 && out[n-1][0] == int(x) {
			out[n-1][1]++
		} else {
			out = append(out, [2]int{int(x), 1})
		}
	}
	return out
}

func wantLevels(t *testing.T, what string, pcm []int16, want ...[2]int) {
	t.Helper()
	if got := levels(pcm); !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestMixAndTracks(t *testing.T) {
	s := newStage(t, Spec{Tracks: true})
	s.take.Belongs(1, Track{ParticipantID: "part_a"})
	s.take.Belongs(2, Track{ParticipantID: "part_b"})
	s.take.Belongs(3, Track{ParticipantID: "part_a"}) // called again
	s.take.Belongs(4, Track{ParticipantID: "../escape"})
	s.hear(nil)
	s.hear(nil, says(1, 8000, 100))
	s.hear(says(0, 8000, 7).PCM, says(1, 8000, 100), says(2, 8000, 1000))
	s.hear(nil, says(2, 8000, 1000), says(9, 8000, 5), says(4, 8000, 6))
	s.hear(nil, says(3, 8000, 200))
	s.hear(nil)
	r := s.stop()
	wantLevels(t, "mix", s.sound("mix.wav"), [2]int{0, 160}, [2]int{100, 160}, [2]int{1107, 160}, [2]int{1011, 160}, [2]int{200, 160}, [2]int{0, 160})
	wantLevels(t, "a", s.sound("track-part_a.wav"), [2]int{0, 160}, [2]int{100, 320}, [2]int{0, 160}, [2]int{200, 160}, [2]int{0, 160})
	wantLevels(t, "b", s.sound("track-part_b.wav"), [2]int{0, 320}, [2]int{1000, 320}, [2]int{0, 320})
	if len(r.Files) != 3 || r.Duration != 120*time.Millisecond {
		t.Fatalf("%d files, %s", len(r.Files), r.Duration)
	}
	for i, want := range []struct{ name, whose string }{{"mix.wav", ""}, {"track-part_a.wav", "part_a"}, {"track-part_b.wav", "part_b"}} {
		f := r.Files[i]
		if f.Name != want.name || f.ParticipantID != want.whose || f.ContentType != "audio/wav" || f.Duration != r.Duration {
			t.Errorf("file %d: %+v", i, f)
		}
		in, err := s.studio.File("rec_1", f.Name)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(in)
		in.Close()
		if sum := sha256.Sum256(b); int64(len(b)) != f.Bytes || !slices.Equal(f.SHA256, sum[:]) {
			t.Errorf("%s: %d bytes of %d, or another sum", f.Name, len(b), f.Bytes)
		}
	}
}

func TestStereo(t *testing.T) {
	s := newStage(t, Spec{Stereo: true, Rate: 16000})
	s.take.Belongs(1, Track{ParticipantID: "p", Left: true})
	s.take.Belongs(2, Track{ParticipantID: "q"})
	for range 10 {
		s.hear(nil, says(1, 16000, 100), says(2, 16000, 10), says(3, 16000, 1))
	}
	for range 30 {
		s.hear(says(0, 8000, 1000).PCM)
	}
	// A worker was late: the sum lacks a voice that came, and nothing may be
	// taken out of it.
	s.tick++
	s.give(media.Moment{Tick: s.tick, Wide: make([]int32, 320), Voices: []media.Spoken{says(1, 16000, 100)}})
	s.stop()
	h := readWave(t, filepath.Join(s.dir, "rec_1", "mix.wav"))
	if h.channels != 2 || h.rate != 16000 || len(h.pcm) != 41*640 {
		t.Fatalf("%d channels at %d Hz, %d samples", h.channels, h.rate, len(h.pcm))
	}
	var left, right []int16
	for i := 0; i < len(h.pcm); i += 2 {
		left, right = append(left, h.pcm[i]), append(right, h.pcm[i+1])
	}
	wantLevels(t, "left", left[:3200], [2]int{100, 3200})
	wantLevels(t, "right", right[:3200], [2]int{11, 3200})
	wantLevels(t, "the room on the left", left[20*320:40*320], [2]int{1000, 20 * 320})
	wantLevels(t, "the room on the right", right[20*320:40*320], [2]int{1000, 20 * 320})
	if l, r := left[41*320-1], right[41*320-1]; l < 99 || r > 1 || r < -1 {
		t.Errorf("on the tick of the late worker: %d and %d", l, r)
	}
}

// Twenty who shout at once do not wrap around, nor does one alone change.
func TestMixIsLimited(t *testing.T) {
	s := newStage(t, Spec{Tracks: true})
	var all []media.Spoken
	for i := range 20 {
		all = append(all, says(media.LegID(i+1), 8000, 30000))
	}
	s.take.Belongs(1, Track{ParticipantID: "p"})
	for range 10 {
		s.hear(nil, all...)
	}
	s.stop()
	for i, x := range s.sound("mix.wav") {
		if x < 20000 {
			t.Fatalf("sample %d is %d", i, x)
		}
	}
	wantLevels(t, "track", s.sound("track-p.wav"), [2]int{30000, 1600})
}

// Speech at the other rate is brought to the recording's, at its level.
func TestBothRates(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		s := newStage(t, Spec{Tracks: true, Rate: rate})
		s.take.Belongs(1, Track{ParticipantID: "n"})
		s.take.Belongs(2, Track{ParticipantID: "w"})
		narrow, wide := tone(8000, 700, -20, 4000), tone(16000, 1900, -20, 8000)
		for i := range 25 {
			s.hear(nil,
				media.Spoken{Leg: 1, Rate: 8000, PCM: narrow[i*160:][:160]},
				media.Spoken{Leg: 2, Rate: 16000, PCM: wide[i*320:][:320]})
		}
		s.stop()
		for name, want := range map[string][2]bool{"mix.wav": {true, true}, "track-n.wav": {true, false}, "track-w.wav": {false, true}} {
			pcm := s.sound(name)[rate/10:]
			for i, freq := range []float64{700, 1900} {
				got := sound.Goertzel(pcm, rate, freq)
				if want[i] && (got < -21 || got > -19) || !want[i] && got > -60 {
					t.Errorf("%s at %d Hz: %.0f Hz at %.1f dBFS", name, rate, freq, got)
				}
			}
		}
	}
}

func TestPauseIsCutOutOfAllFiles(t *testing.T) {
	s := newStage(t, Spec{Tracks: true})
	s.take.Belongs(1, Track{ParticipantID: "a"})
	s.take.Belongs(2, Track{ParticipantID: "b"})
	s.take.Pause(true) // before anything is heard
	s.hear(nil, says(1, 8000, 9))
	s.take.Pause(false)
	s.hear(nil, says(1, 8000, 1))
	s.take.Pause(true)
	s.take.Pause(true)
	s.hear(nil, says(2, 8000, 2)) // first heard in the pause
	s.take.Pause(false)
	s.hear(nil, says(2, 8000, 3))
	s.take.Pause(true)
	s.hear(nil, says(1, 8000, 4))
	r := s.stop()
	wantLevels(t, "mix", s.sound("mix.wav"), [2]int{1, 160}, [2]int{3, 160})
	wantLevels(t, "a", s.sound("track-a.wav"), [2]int{1, 160}, [2]int{0, 160})
	wantLevels(t, "b", s.sound("track-b.wav"), [2]int{0, 160}, [2]int{3, 160})
	if r.Duration != 40*time.Millisecond {
		t.Errorf("%s long", r.Duration)
	}
}

// Who toggles faster than sound comes stays paused.
func TestTooManyPauses(t *testing.T) {
	s := newStage(t, Spec{})
	for range 10 * pausesKept {
		s.take.Pause(true)
		s.take.Pause(false)
	}
	s.take.Pause(true)
	if n := len(s.take.pauses); n > pausesKept+2 {
		t.Errorf("%d changes wait", n)
	}
	s.hear(nil, says(1, 8000, 9))
	if r := s.stop(); r.Duration != 0 {
		t.Errorf("%s of a pause", r.Duration)
	}
}

func TestNothingRecorded(t *testing.T) {
	s := newStage(t, Spec{Tracks: true, Stereo: true})
	r := s.stop()
	if len(r.Files) != 1 || r.Files[0].Bytes != headerBytes || r.Duration != 0 || len(s.sound("mix.wav")) != 0 {
		t.Errorf("%+v", r)
	}
}

// A file is whole at any time, though nobody has ended it.
func TestFilesAreWholeMeanwhile(t *testing.T) {
	s := newStage(t, Spec{Tracks: true})
	s.take.Belongs(1, Track{ParticipantID: "a"})
	if n := len(s.sound("mix.wav")); n != 0 {
		t.Errorf("%d samples of nothing", n)
	}
	for range 120 {
		s.hear(nil, says(1, 8000, 5))
	}
	for _, name := range []string{"mix.wav", "track-a.wav"} {
		if n := len(s.sound(name)); n < 95*160 {
			t.Errorf("%s has %d samples of 120 ticks", name, n)
		}
	}
	info, _ := os.Stat(s.dir)
	sub, _ := os.Stat(filepath.Join(s.dir, "rec_1"))
	for _, dir := range []os.FileInfo{info, sub} {
		if dir.Mode().Perm() != 0o700 {
			t.Errorf("folder %s has mode %o", dir.Name(), dir.Mode().Perm())
		}
	}
	entries, _ := os.ReadDir(filepath.Join(s.dir, "rec_1"))
	for _, e := range entries {
		if info, _ := e.Info(); info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", e.Name(), info.Mode().Perm())
		}
	}
	s.stop()
}
