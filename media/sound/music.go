package sound

import "time"

// A chord of the hold music: a bass note and the three notes broken above it,
// in Hz.
type chord struct {
	bass  float64
	notes [3]float64
}

// progression is C, A minor, F, G and again with a lift at the end: eight
// bars of two seconds.
var progression = [...]chord{
	{130.81, [3]float64{329.63, 392.00, 523.25}},
	{110.00, [3]float64{329.63, 440.00, 523.25}},
	{87.31, [3]float64{349.23, 440.00, 523.25}},
	{98.00, [3]float64{293.66, 392.00, 493.88}},
	{130.81, [3]float64{329.63, 392.00, 659.25}},
	{110.00, [3]float64{329.63, 440.00, 659.25}},
	{146.83, [3]float64{349.23, 440.00, 587.33}},
	{98.00, [3]float64{392.00, 493.88, 587.33}},
}

// compose plays the progression as broken chords of eight notes a bar over a
// sustained bass. Notes ring past the end of the piece into its beginning.
func compose() []int16 {
	const bar = 2 * time.Second
	const step = bar / 8
	order := [8]int{0, 1, 2, 1, 0, 1, 2, 1}
	wave := make([]float64, count(bar*time.Duration(len(progression))))
	for i, c := range progression {
		start := bar * time.Duration(i)
		ring(wave, note{c.bass * 2, start, bar + 200*ms}, 0.30)
		for j, which := range order {
			ring(wave, note{c.notes[which], start + step*time.Duration(j), 3 * step}, 0.22)
		}
	}
	normalise(wave, level)
	return quantise(wave)
}
