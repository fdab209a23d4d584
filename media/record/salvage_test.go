package record

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"partyline/media"
)

// killedDir names, in the environment of this test's own program started
// again, where to record until it is killed.
const killedDir = "PARTYLINE_RECORD_UNTIL_KILLED"

// recordUntilKilled records a room with a phone in it that says a tone, and
// tells how far it has come, in samples.
func recordUntilKilled(dir string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	studio, err := Open(dir)
	fail(err)
	engine, err := media.NewEngine(media.Config{Address: netip.MustParseAddr("127.0.0.1"), Workers: 1})
	fail(err)
	line, err := dial(engine)
	fail(err)
	take, err := studio.Begin(Spec{ID: "rec_1", Format: "wav", Rate: 8000, Tracks: true}, nil)
	fail(err)
	take.Belongs(line.leg.ID(), Track{ParticipantID: "part_1"})
	room := engine.NewRoom()
	room.Update(media.Change{Leg: line.leg.ID(), Audio: media.Audio{Speaks: true, Hears: true}})
	room.Record(take.Tap())
	for range time.NewTicker(20 * time.Millisecond).C {
		fail(line.say(tone(8000, 1000, -10, 160)))
		fmt.Println((take.Tap().Now() + 1) * 160)
	}
}

// The program is killed in the middle. The files open in players and hold
// everything up to a second before; and afterwards they can be finished.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), killedDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines, recorded := bufio.NewScanner(out), 0
	for recorded < 3*8000 && lines.Scan() {
		if recorded, err = strconv.Atoi(lines.Text()); err != nil {
			t.Fatal(lines.Text())
		}
	}
	child.Process.Kill()
	child.Wait()
	if recorded < 3*8000 {
		t.Fatalf("it has come to %d samples", recorded)
	}
	names := []string{"mix.wav", "track-part_1.wav"}
	for _, name := range names {
		path := filepath.Join(dir, "rec_1", name)
		pcm := readWave(t, path).pcm
		if len(pcm) < recorded-8000 {
			t.Errorf("%s has %d samples of %d", name, len(pcm), recorded)
		}
		if said := pcm[len(pcm)/2:]; rms(said) < 5000 {
			t.Errorf("%s: what was said is at %.0f", name, rms(said))
		}
		if got := probe(t, path); got != "" && got != fmt.Sprintf("pcm_s16le,8000,1,%.6f", float64(len(pcm))/8000) {
			t.Errorf("%s: ffprobe sees %s and %d samples", name, got, len(pcm))
		}
		if sox, err := exec.LookPath("sox"); err == nil {
			if b, err := exec.Command(sox, path, "-n", "stat").CombinedOutput(); err != nil || strings.Contains(string(b), "WARN") {
				t.Errorf("%s: sox says %s", name, b)
			}
		}
	}
	studio := newStudio(t, dir)
	r, err := studio.Salvage("rec_1")
	if err != nil || r.Err != nil || len(r.Files) != 2 || r.Files[0].Duration != r.Files[1].Duration {
		t.Fatalf("%+v, %v", r, err)
	}
	again, err := studio.Salvage("rec_1")
	if err != nil || !reflect.DeepEqual(again, r) {
		t.Errorf("salvaged again: %+v, %v", again, err)
	}
}

func rms(pcm []int16) float64 {
	sum := 0.0
	for _, x := range pcm {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum / float64(max(len(pcm), 1)))
}

// probe is what ffprobe sees in a file: codec, rate, channels, seconds; ""
// where it is not installed.
func probe(t *testing.T, path string) string {
	t.Helper()
	ffprobe, err := exec.LookPath("ffprobe")
	if err != nil {
		return ""
	}
	b, err := exec.Command(ffprobe, "-v", "error", "-of", "csv=p=0",
		"-show_entries", "stream=codec_name,sample_rate,channels,duration", path).CombinedOutput()
	if err != nil {
		t.Errorf("ffprobe %s: %s", path, b)
	}
	return strings.TrimSpace(string(b))
}

// What an interrupted program may leave: headers of before, or none, files of
// different lengths, half a sample, half-made files of the format.
func TestSalvageMends(t *testing.T) {
	dir := t.TempDir()
	s := newStageIn(t, newStudio(t, dir), dir, Spec{Tracks: true, Stereo: true})
	s.take.Belongs(1, Track{ParticipantID: "a", Left: true})
	s.take.Belongs(2, Track{ParticipantID: "b"})
	for range 10 {
		s.hear(nil, says(1, 8000, 100), says(2, 8000, 200))
	}
	s.stop()
	s.studio.Close()
	folder := filepath.Join(dir, "rec_1")
	os.Remove(filepath.Join(folder, "finished.json"))
	edit := func(name string, change func(b []byte) []byte) {
		b, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), change(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	edit("mix.wav", func(b []byte) []byte { clear(b[:headerBytes]); return append(b, 1, 2, 3) })
	edit("track-a.wav", func(b []byte) []byte { return b[:headerBytes+1601] })
	edit("track-b.wav", func(b []byte) []byte { return b[:30] })
	os.WriteFile(filepath.Join(folder, "mix.wav.part"), []byte("half"), 0o600)
	studio := newStudio(t, dir)
	r, err := studio.Salvage("rec_1")
	if err != nil || r.Err != nil || len(r.Files) != 3 || r.Duration != 200*time.Millisecond {
		t.Fatalf("%+v, %v", r, err)
	}
	mix := s.sound("mix.wav")
	if len(mix) != 3200 || mix[0] != 100 || mix[1] != 200 || mix[3199] != 200 {
		t.Errorf("mix of %d samples: %v", len(mix), levels(mix)[:2])
	}
	wantLevels(t, "a", s.sound("track-a.wav"), [2]int{100, 800}, [2]int{0, 800})
	wantLevels(t, "b", s.sound("track-b.wav"), [2]int{0, 1600})
}

func TestSalvageOfNothing(t *testing.T) {
	dir := t.TempDir()
	studio := newStudio(t, dir)
	if _, err := studio.Salvage("rec_1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no recording: %v", err)
	}
	folder := filepath.Join(dir, "rec_1")
	os.Mkdir(folder, 0o700)
	if _, err := studio.Salvage("rec_1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of an empty folder: %v", err)
	}
	for _, bad := range []string{"{", "{}", `{"version":1,"format":"exe","rate":8000}`, `{"version":1,"format":"wav","rate":1}`} {
		os.WriteFile(filepath.Join(folder, manifestName), []byte(bad), 0o600)
		if _, err := studio.Salvage("rec_1"); err == nil {
			t.Errorf("by %s", bad)
		}
	}
	os.WriteFile(filepath.Join(folder, manifestName), []byte(`{"version":1,"format":"wav","rate":8000}`), 0o600)
	if r, err := studio.Salvage("rec_1"); err != nil || r.Err == nil {
		t.Errorf("no file at all: %+v, %v", r, err)
	}
	os.WriteFile(filepath.Join(folder, "mix.wav"), nil, 0o600)
	os.WriteFile(filepath.Join(folder, manifestName), []byte(`{"version":1,"format":"mp3","rate":8000}`), 0o600)
	r, err := studio.Salvage("rec_1")
	if err != nil || !errors.Is(r.Err, ErrNotRecordable) || len(r.Files) != 1 || r.Files[0].Name != "mix.wav" {
		t.Errorf("without the encoder: %+v, %v", r, err)
	}
}

// The 32 bits of a WAV file's header end at 4 GB; a day and a half of stereo
// do not.
func TestHeaderOfALongFile(t *testing.T) {
	for _, sound := range []int64{0, 4, 1<<32 - headerBytes, 1<<32 - headerBytes + 8, 5 << 30} {
		s := shape{16000, 2}
		path := filepath.Join(t.TempDir(), "long.wav")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w := &wave{shape: s, f: f, said: -1}
		if err := w.seal(sound); err != nil {
			t.Skip(err) // a file system that has no such files
		}
		want := fmt.Sprintf("pcm_s16le,16000,2,%.6f", float64(sound/4)/16000)
		if sound == 0 {
			want = "pcm_s16le,16000,2,N/A"
		}
		if got := probe(t, path); got != "" && got != want {
			t.Errorf("%d bytes: ffprobe sees %s, want %s", sound, got, want)
		}
		info, _ := os.Stat(path)
		if info.Size() != headerBytes+sound {
			t.Errorf("%d bytes of %d", info.Size(), sound)
		}
		if b := s.header(sound); !slices.Contains([]string{"RIFF", "RF64"}, string(b[:4])) || string(b[72:76]) != "data" {
			t.Errorf("header % x", b)
		}
	}
}
