package record

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"partyline/media"
	"partyline/media/sound"
)

// chirps is a voice whose every tenth of a second sounds different, so that
// what comes out can be laid beside it.
func chirps(rate int, seconds float64) []int16 {
	pcm := make([]int16, int(seconds*float64(rate)))
	phase := 0.0
	for i := range pcm {
		freq := 300 + 150*float64(i*10/rate%13)
		phase += 2 * math.Pi * freq / float64(rate)
		pcm[i] = int16(9000 * math.Sin(phase))
	}
	return pcm
}

// perform records a voice from begin to end.
func (s *stage) perform(leg media.LegID, rate int, pcm []int16) {
	for n := rate / 50; len(pcm) >= n; pcm = pcm[n:] {
		s.hear(nil, media.Spoken{Leg: leg, Rate: rate, PCM: pcm[:n]})
	}
}

// decoded has ffmpeg decode a file, to its rate.
func decoded(t *testing.T, path string, rate, channels int) []int16 {
	t.Helper()
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed")
	}
	var out, trouble bytes.Buffer
	cmd := exec.Command(ffmpeg, "-v", "warning", "-i", path, "-f", "s16le", "-ar", fmt.Sprint(rate), "-ac", fmt.Sprint(channels), "-")
	cmd.Stdout, cmd.Stderr = &out, &trouble
	if err := cmd.Run(); err != nil || strings.Contains(trouble.String(), "rror") {
		t.Fatalf("ffmpeg: %v: %s", err, trouble.String())
	}
	b := out.Bytes()
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(uint16(b[2*i]) | uint16(b[2*i+1])<<8)
	}
	return pcm
}

// shift is by how many samples got comes later than want, at most so many.
func shift(got, want []int16, most int) int {
	best, at := math.Inf(-1), 0
	for d := -most; d <= most; d++ {
		sum := 0.0
		for i := most; i < len(want)-most && i+d < len(got); i++ {
			sum += float64(want[i]) * float64(got[i+d])
		}
		if sum > best {
			best, at = sum, d
		}
	}
	return at
}

// snr is how far above the difference the sound is.
func snr(got, want []int16, by int) float64 {
	var signal, noise float64
	for i := 500; i < len(want)-500 && i+by < len(got); i++ {
		d := float64(got[i+by]) - float64(want[i])
		signal += float64(want[i]) * float64(want[i])
		noise += d * d
	}
	return 10 * math.Log10(signal/noise)
}

func TestOpusFiles(t *testing.T) {
	for _, spec := range []Spec{{Rate: 8000}, {Rate: 16000}, {Rate: 16000, Stereo: true}} {
		spec.Format, spec.Tracks = "opus", true
		s := newStage(t, spec)
		s.take.Belongs(1, Track{ParticipantID: "a", Left: true})
		voice := chirps(spec.Rate, 3.5)
		s.perform(1, spec.Rate, voice)
		r := s.stop()
		if len(r.Files) != 2 || r.Duration != 3500*time.Millisecond {
			t.Fatalf("%+v", r)
		}
		for _, f := range r.Files {
			if f.ContentType != "audio/ogg" || f.Duration != r.Duration {
				t.Errorf("%+v", f)
			}
			path := filepath.Join(s.dir, "rec_1", f.Name)
			channels := 1
			if spec.Stereo && f.ParticipantID == "" {
				channels = 2
			}
			if got := probe(t, path); got != "" && !strings.HasPrefix(got, fmt.Sprintf("opus,48000,%d,3.5", channels)) {
				t.Errorf("ffprobe sees %s", got)
			}
			got := decoded(t, path, spec.Rate, channels)
			if len(got) != len(voice)*channels {
				t.Errorf("%s at %d Hz: %d samples of %d", f.Name, spec.Rate, len(got)/channels, len(voice))
			}
			if channels == 2 {
				got = every(got, 2, 0)
			}
			if d := shift(got, voice, 200); d < -8 || d > 8 {
				t.Errorf("%s at %d Hz comes %d samples late", f.Name, spec.Rate, d)
			}
			if db := snr(got, voice, shift(got, voice, 200)); db < 6 {
				t.Errorf("%s at %d Hz: %.1f dB", f.Name, spec.Rate, db)
			}
		}
		entries, _ := os.ReadDir(filepath.Join(s.dir, "rec_1"))
		if len(entries) != 4 {
			t.Errorf("%v are left", entries)
		}
	}
}

// every takes one of two channels.
func every(pcm []int16, of, at int) (out []int16) {
	for i := at; i < len(pcm); i += of {
		out = append(out, pcm[i])
	}
	return out
}

func TestEmptyFilesOfEachFormat(t *testing.T) {
	for _, format := range formats(t) {
		s := newStage(t, Spec{Format: format, Stereo: true}, mp3Option())
		r := s.stop()
		if len(r.Files) != 1 || r.Duration != 0 {
			t.Fatalf("%s: %+v", format, r)
		}
		if format == "wav" {
			continue
		}
		if got := decoded(t, filepath.Join(s.dir, "rec_1", r.Files[0].Name), 8000, 2); len(got) > 2*3000 {
			t.Errorf("%s: %d samples of nothing", format, len(got))
		}
	}
}

// mp3Module names, in the environment, the encoder that an operator would
// bring.
const mp3Module = "PARTYLINE_TEST_MP3_ENCODER"

func mp3Option() Option { return MP3(os.Getenv(mp3Module)) }

func formats(t *testing.T) []string {
	if os.Getenv(mp3Module) == "" {
		return []string{"wav", "opus"}
	}
	return []string{"wav", "opus", "mp3"}
}

func TestMP3Files(t *testing.T) {
	if os.Getenv(mp3Module) == "" {
		t.Skip(mp3Module + " names no encoder")
	}
	for _, spec := range []Spec{{Rate: 8000}, {Rate: 16000}, {Rate: 16000, Stereo: true}} {
		spec.Format, spec.Tracks = "mp3", true
		s := newStage(t, spec, mp3Option())
		s.take.Belongs(1, Track{ParticipantID: "a", Left: true})
		voice := tone(spec.Rate, 1000, -10, 3*spec.Rate)
		s.perform(1, spec.Rate, voice)
		r := s.stop()
		if len(r.Files) != 2 || r.Duration != 3*time.Second || r.Files[0].ContentType != "audio/mpeg" {
			t.Fatalf("%+v", r)
		}
		var got [2][]int16
		for i, f := range r.Files {
			path := filepath.Join(s.dir, "rec_1", f.Name)
			channels := 1
			if spec.Stereo && i == 0 {
				channels = 2
			}
			if seen := probe(t, path); seen != "" && !strings.HasPrefix(seen, fmt.Sprintf("mp3,%d,%d,3.", spec.Rate, channels)) {
				t.Errorf("ffprobe sees %s", seen)
			}
			got[i] = decoded(t, path, spec.Rate, 1)
			if over := len(got[i]) - len(voice); over < 0 || over > 4000 {
				t.Errorf("%s at %d Hz is %d samples too long", f.Name, spec.Rate, over)
			}
			if level := sound.Goertzel(got[i][spec.Rate:2*spec.Rate], spec.Rate, 1000); channels == 1 && (level < -11 || level > -9) {
				t.Errorf("%s at %d Hz: at %.1f dBFS", f.Name, spec.Rate, level)
			}
		}
		if len(got[0]) != len(got[1]) {
			t.Errorf("files of %d and %d samples", len(got[0]), len(got[1]))
		}
	}
}
