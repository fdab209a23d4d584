package jitter

import "math"

const overlap = 32 // samples at 8 kHz, 4 ms: what is compared of two waves that are to be joined

// splice makes a frame of two, which wave holds: it begins as the first
// samples of wave do and goes over, where the wave is most like itself, to
// what is n samples later. It returns n, a multiple of scale, which is between
// half a frame and a whole one.
func splice(dst, wave []int16, scale int) (n int) {
	frame := len(dst)
	fade := 2 * overlap * scale
	n = frame
	best := likeness(wave[:fade], wave[frame:])
	for lag := frame - scale; lag >= frame/2; lag -= scale {
		if score := likeness(wave[:fade], wave[lag:]); score > best+0.02 {
			best, n = score, lag
		}
	}
	for i := range dst {
		later := int(wave[n+i])
		if i < fade {
			later = (int(wave[i])*(fade-i) + later*i) / fade
		}
		dst[i] = int16(later)
	}
	return n
}

// likeness is the normalised correlation of part with the beginning of wave.
func likeness(part, wave []int16) float64 {
	var product, a, b int64
	for i, x := range part {
		y := int64(wave[i])
		product += int64(x) * y
		a += int64(x) * int64(x)
		b += y * y
	}
	return float64(product) / (math.Sqrt(float64(a)*float64(b)) + 1)
}
