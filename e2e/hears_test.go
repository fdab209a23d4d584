package e2e

import (
	"math"
	"testing"
	"time"

	"partyline/media/sound"
)

// Tones with whole periods in 100 ms.
const (
	annaNumber, annaTone   = "+12025551001", 930.0
	berndNumber, berndTone = "+12025551002", 1120.0
	lenaNumber, lenaTone   = "+12025551003", 1430.0
)

// margin is how far below a speaker somebody must be who is not to be heard.
const margin = 40.0 // dB

// TestWhoHearsWhom joins three baresips, two that may speak and a listener, and
// looks in what each of them recorded for the others' tones.
func TestWhoHearsWhom(t *testing.T) {
	t.Parallel()
	phones := startBaresip(t, map[string][]int16{
		annaNumber: tone(annaTone, 60), berndNumber: tone(berndTone, 60), lenaNumber: tone(lenaTone, 60),
	})
	d := serve(t, trunk(phones.addr))
	// Hold music has notes near some of the tones: silence tells more.
	conf := d.conference(fields{"member_notification": false, "guidance": false, "hold_music_id": "none"})
	anna, annaHears := phones.ring(d, conf, annaNumber, nil)
	_, berndHears := phones.ring(d, conf, berndNumber, nil)
	lena, lenaHears := phones.ring(d, conf, lenaNumber, fields{"role": "listener"})
	files := []string{annaHears, berndHears, lenaHears}

	open := listen(t, files...)
	d.act(conf, anna.ID, "mute")
	muted := listen(t, files...)
	d.act(conf, anna.ID, "unmute")
	unmuted := listen(t, files...)
	d.act(conf, anna.ID, "hold")
	held := listen(t, files...)
	d.act(conf, anna.ID, "resume")
	resumed := listen(t, files...)
	d.act(conf, lena.ID, "hold")
	listenerHeld := listen(t, files...)
	d.call("POST", "/v2/conferences/"+conf+"/end", fields{}, nil)
	d.becomes(conf, anna.ID, "disconnected", 5*time.Second)

	const A, B, L = 0, 1, 2
	tones := []float64{annaTone, berndTone, lenaTone}
	names := []string{"Anna", "Bernd", "Lena"}
	for _, phase := range []struct {
		name  string
		at    stretch
		hears [3][]int // for each phone, whom it hears
	}{
		{"open", open, [3][]int{{B}, {A}, {A, B}}},
		{"Anna muted", muted, [3][]int{{B}, {}, {B}}},
		{"Anna unmuted", unmuted, [3][]int{{B}, {A}, {A, B}}},
		{"Anna held", held, [3][]int{{}, {}, {B}}},
		{"Anna resumed", resumed, [3][]int{{B}, {A}, {A, B}}},
		{"Lena held", listenerHeld, [3][]int{{B}, {A}, {}}},
	} {
		for who, file := range files {
			pcm := readWAV(t, file)[phase.at.from[who]:phase.at.to[who]]
			expected := map[int]bool{}
			for _, w := range phase.hears[who] {
				expected[w] = true
			}
			for whom, f := range tones {
				got := levelOf(pcm, f)
				// The speakers' tones leave at −16 dBFS and G.711 keeps their level.
				if expected[whom] && math.Abs(got+16) > 2 {
					t.Errorf("%s: %s hears %s at %.1f dBFS, wanted −16", phase.name, names[who], names[whom], got)
				}
				if !expected[whom] && got > -16-margin {
					t.Errorf("%s: %s hears %s at %.1f dBFS, wanted silence", phase.name, names[who], names[whom], got)
				}
			}
		}
	}
}

// steps is a voice whose frequency tells the time: 100 ms each.
const stepSize = rate / 10

func stepTone(k int) float64 { return 400 + 25*float64(k) }

func stepVoice(n int) []int16 {
	var pcm []int16
	for k := range n {
		for i := range stepSize {
			pcm = append(pcm, int16(5190*math.Sin(2*math.Pi*stepTone(k)*float64(i)/rate)))
		}
	}
	return pcm
}

// stepIn finds which step a piece of audio is of, −1 for silence.
func stepIn(pcm []int16, n int) int {
	best, at := -40.0, -1
	for k := range n {
		if l := sound.Goertzel(pcm, rate, stepTone(k)); l > best {
			best, at = l, k
		}
	}
	return at
}

// TestNothingStaleAfterUnmute mutes a voice that tells the time: what is heard
// after unmuting must be what is said then, not what was said while muted.
func TestNothingStaleAfterUnmute(t *testing.T) {
	t.Parallel()
	const n = 120 // 12 seconds of steps up to 3375 Hz
	phones := startBaresip(t, map[string][]int16{annaNumber: tone(annaTone, 60), berndNumber: stepVoice(n)})
	d := serve(t, trunk(phones.addr))
	conf := d.conference(fields{"member_notification": false, "guidance": false})
	_, annaHears := phones.ring(d, conf, annaNumber, fields{"role": "listener"})
	bernd, _ := phones.ring(d, conf, berndNumber, nil)
	for range 3 {
		listenFor(t, annaHears, rate/2)
		d.act(conf, bernd.ID, "mute")
		listenFor(t, annaHears, rate)
		d.act(conf, bernd.ID, "unmute")
	}
	listenFor(t, annaHears, rate/2)
	d.call("POST", "/v2/conferences/"+conf+"/end", fields{}, nil)
	d.becomes(conf, bernd.ID, "disconnected", 5*time.Second)

	pcm := readWAV(t, annaHears)
	const window = stepSize / 2
	gaps, last, lastAt := 0, -1, 0
	for at := 0; at+window <= len(pcm); at += window {
		k := stepIn(pcm[at:at+window], n)
		if k < 0 {
			continue
		}
		if last >= 0 && at-lastAt > rate/2 { // speech again after a mute
			gaps++
			said, passed := (k-last)*stepSize, at-lastAt
			if d := said - passed; d < -2*stepSize || d > 2*stepSize {
				t.Errorf("after %.1f s of silence the voice had gone on by %.1f s: stale or lost audio",
					float64(passed)/rate, float64(said)/rate)
			}
		}
		last, lastAt = k, at
	}
	if gaps != 3 {
		t.Errorf("%d silences in the recording, wanted 3", gaps)
	}
}

func listenFor(t *testing.T, file string, samples int) {
	t.Helper()
	start := samplesIn(t, file)
	until(t, "audio arrives", 10*time.Second, func() bool { return samplesIn(t, file) >= start+samples })
}
