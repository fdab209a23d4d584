package sound

import (
	"math"
	"math/cmplx"
	"time"
)

// The hold music: sixteen bars of four beats at 75 beats a minute. A pad of
// held chords that swell and fade into one another, and above it a plucked
// melody with long rests. All of it lies between 110 Hz and 2.5 kHz and nothing
// begins hard, since hard onsets and high partials are what G.711 and the
// codecs of mobile networks make ugly. Written for this program.
const (
	beat  = 800 * ms
	bar   = 4 * beat
	bars  = 16
	swell = 900 * ms  // a chord's rise
	fall  = 1500 * ms // and its fall, into the next bar
)

// harmony has a chord for every bar, as the keys of a piano: 60 is middle C.
// F major: F, Dm7, B♭, C, twice with other voicings; then a middle part that
// sets out from A minor, and home again.
var harmony = [bars][]int{
	{53, 57, 60, 65}, {50, 57, 60, 65}, {46, 58, 62, 65}, {48, 55, 60, 64},
	{53, 57, 60, 67}, {50, 57, 60, 65}, {55, 58, 62, 65}, {48, 58, 60, 64},
	{45, 55, 60, 64}, {50, 57, 62, 65}, {46, 57, 62, 65}, {53, 57, 60, 65},
	{55, 58, 62, 65}, {45, 57, 60, 64}, {46, 58, 62, 65}, {48, 58, 60, 64},
}

// pluck is a note of the melody: at so many half beats from the beginning.
type pluck struct{ at, key int }

// tune has two notes in a bar, or three, and rests.
var tune = []pluck{
	{0, 72}, {3, 69}, {6, 67}, {8, 69}, {12, 65}, {16, 70}, {19, 69}, {22, 67}, {24, 67}, {28, 64},
	{32, 72}, {35, 74}, {38, 72}, {40, 69}, {44, 65}, {48, 70}, {51, 67}, {54, 65}, {56, 64}, {60, 67},
	{64, 76}, {68, 72}, {72, 74}, {75, 72}, {78, 69}, {80, 70}, {84, 74}, {88, 72}, {92, 69},
	{96, 70}, {99, 69}, {102, 67}, {104, 69}, {108, 64}, {112, 70}, {116, 67}, {120, 67}, {124, 64},
}

// pitch is the frequency of a piano key in equal temperament, in Hz.
func pitch(key int) float64 { return 440 * math.Pow(2, float64(key-69)/12) }

// compose plays the piece. What rings past its end goes on in its beginning.
func compose() clip {
	wave := make([]float64, count(bars*bar, wideRate))
	for i, chord := range harmony {
		start := time.Duration(i) * bar
		for j, key := range chord {
			gain := 0.10
			if j == 0 {
				gain = 0.13 // the bass
			}
			pad(wave, pitch(key), start, gain)
		}
	}
	for _, p := range tune {
		guitar(wave, pitch(p.key), time.Duration(p.at)*beat/2, 0.19)
	}
	normalise(wave, level)
	return clip{narrow: quantise(halve(wave)), wide: quantise(wave)}
}

// pad adds a held note for one bar: two voices slightly apart, with soft
// harmonics. Its gain rises and falls as a raised cosine, so that one chord
// becomes the next.
func pad(wave []float64, freq float64, start time.Duration, gain float64) {
	voice := make([]float64, count(bar+fall, wideRate))
	for _, apart := range [2]float64{0.9985, 1.0015} {
		for k, share := range [4]float64{1, 0.35, 0.12, 0.05} {
			sing(voice, float64(k+1)*freq*apart, gain*share/2, 0)
		}
	}
	rise, decay := count(swell, wideRate), count(fall, wideRate)
	for i := range voice {
		loud := 1.0
		switch left := len(voice) - i; {
		case i < rise:
			loud = 0.5 - 0.5*math.Cos(math.Pi*float64(i)/float64(rise))
		case left < decay:
			loud = 0.5 - 0.5*math.Cos(math.Pi*float64(left)/float64(decay))
		}
		voice[i] *= loud
	}
	mix(wave, voice, start)
}

// guitar adds a plucked note whose higher partials fade sooner, as those of
// a guitar do. It takes 12 ms to begin.
func guitar(wave []float64, freq float64, start time.Duration, gain float64) {
	const ring = 2400 * ms
	voice := make([]float64, count(ring, wideRate))
	for k := 1; k <= 5 && float64(k)*freq < 2500; k++ {
		sing(voice, float64(k)*freq, gain/math.Pow(float64(k), 1.6), 1.3+0.9*float64(k))
	}
	shape(voice, count(12*ms, wideRate))
	mix(wave, voice, start)
}

// sing adds a sine that loses so many nepers a second. Each sample is the one
// before, turned by an angle: a sine of its own for each would take ten times
// as long.
func sing(voice []float64, freq, gain, fading float64) {
	turn := cmplx.Rect(math.Exp(-fading/wideRate), 2*math.Pi*freq/wideRate)
	at := complex(gain, 0)
	for i := range voice {
		voice[i] += imag(at)
		at *= turn
	}
}
