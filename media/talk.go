package media

import "math"

// Talk detection: enough sound for talkAttack in a row is speech, and speech
// goes on until there was none for talkHang. It gates nothing: every sound of
// a leg that may be heard is mixed.
const (
	talkAttack = 4     // ticks: 80 ms; a click is shorter
	talkHang   = 30    // ticks: 600 ms; pauses within a sentence are shorter
	talkOver   = 8     // times the power of the noise, 9 dB
	noiseRise  = 1.014 // a tick: 3 dB a second, while it is louder than was thought
)

// Powers, as mean squares of 16-bit samples. −50 dBFS is the least that can be
// speech; from −31 dBFS on all is, however steady: who whistles is heard.
var (
	leastSpeech = meanSquare(-50)
	sureSpeech  = meanSquare(-31)
	firstNoise  = meanSquare(-60)
)

// meanSquare is the power of a level in dBFS, 0 being a sine that touches full
// scale.
func meanSquare(dbfs float64) float32 {
	return float32(math.Pow(10, dbfs/10) * 32768 * 32768 / 2)
}

// decibels is the level of a power.
func decibels(power float32) float64 {
	if power < 1 {
		return -93 // one step of 16 bits
	}
	return 10 * math.Log10(float64(power)*2/(32768*32768))
}

// talk follows whether a leg speaks, how loud, and over what noise. The zero
// value is ready.
type talk struct {
	on    bool
	run   uint8   // ticks of sound in a row
	rest  uint8   // ticks without since
	noise float32 // power
	voice float32 // power of its speech lately, half a second's mean
}

// hear takes a tick's power and tells whether speech has begun or ended.
func (t *talk) hear(power float32) (changed bool) {
	if t.noise == 0 {
		t.noise = firstNoise
	}
	if power < t.noise {
		t.noise = max(power, 1)
	} else {
		t.noise = min(t.noise*noiseRise, sureSpeech/talkOver)
	}
	if power < max(t.noise*talkOver, leastSpeech) {
		return t.pause()
	}
	t.rest = 0
	t.run = min(t.run+1, talkAttack)
	if t.run == talkAttack {
		if t.voice == 0 {
			t.voice = power
		}
		t.voice += (power - t.voice) / 25
		if !t.on {
			t.on = true
			return true
		}
	}
	return false
}

// pause is a tick without speech.
func (t *talk) pause() (changed bool) {
	t.run = 0
	if !t.on {
		return false
	}
	if t.rest++; t.rest < talkHang {
		return false
	}
	t.on, t.rest = false, 0
	return true
}

// stop ends the speech of a leg that may no longer be heard; what is known of
// its level stays.
func (t *talk) stop() (was bool) {
	was = t.on
	t.on, t.run, t.rest = false, 0, 0
	return was
}

func power(pcm []int16) float32 {
	var sum int64
	for _, x := range pcm {
		sum += int64(x) * int64(x)
	}
	return float32(sum) / float32(len(pcm))
}
