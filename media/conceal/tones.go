package conceal

import (
	"math"
	"slices"
)

// The frequencies of signalling in Hz: DTMF (ITU-T Q.23), the calling and
// called tones of fax (T.30 §4.3.3.3: 1100 and 2100 Hz, the latter also ANS
// and ANSam of V.25 and V.8) and the answer tone of Bell modems.
var (
	rows   = [...]float64{697, 770, 852, 941}
	cols   = [...]float64{1209, 1336, 1477, 1633}
	single = [...]float64{1100, 2100, 2225}
)

const (
	listened = 102  // samples at 8 kHz looked at: their bins of 78 Hz forgive 20 Hz
	pure     = 0.8  // of the energy is in the tones
	twist    = 0.08 // of the energy is in the weaker one of a pair (Q.24: up to 10 dB)
	faintest = 30   // root mean square below which nobody listens for tones: −57 dBFS
)

// signalling tells whether the end of the past is a tone of signalling. It
// looks at two stretches, the last and the one before it: ANSam turns its
// phase every 450 ms, which hides it from one of them.
func signalling(past []int16, k int) bool {
	n := listened * k
	end := len(past)
	return tone(past[end-n:], k) || tone(past[end-2*n:end-n], k)
}

// turns holds, for both rates, what a Goertzel filter of each frequency turns
// its state by.
var turns = func() (t [most][]float64) {
	for k := range t {
		for _, f := range slices.Concat(rows[:], cols[:], single[:]) {
			t[k] = append(t[k], 2*math.Cos(2*math.Pi*f/float64(8000*(k+1))))
		}
	}
	return t
}()

func tone(part []int16, k int) bool {
	var energy float64
	for _, x := range part {
		energy += float64(x) * float64(x)
	}
	if energy < faintest*faintest*float64(len(part)) {
		return false
	}
	share := 2 / (energy * float64(len(part)))
	table := turns[k-1]
	low := strongest(part, table[0:4]) * share
	high := strongest(part, table[4:8]) * share
	if low > twist && high > twist && low+high > pure {
		return true
	}
	return strongest(part, table[8:])*share > pure
}

// strongest is the most energy in part at any of the frequencies, of which
// there are three or four: they are filtered at once, for each step of one
// waits for the step before.
func strongest(part []int16, turn []float64) float64 {
	var t, s1, s2 [4]float64
	copy(t[:], turn)
	for _, x := range part {
		v := float64(x)
		s1[0], s2[0] = v+t[0]*s1[0]-s2[0], s1[0]
		s1[1], s2[1] = v+t[1]*s1[1]-s2[1], s1[1]
		s1[2], s2[2] = v+t[2]*s1[2]-s2[2], s1[2]
		s1[3], s2[3] = v+t[3]*s1[3]-s2[3], s1[3]
	}
	var best float64
	for i := range turn {
		best = max(best, s1[i]*s1[i]+s2[i]*s2[i]-t[i]*s1[i]*s2[i])
	}
	return best
}
