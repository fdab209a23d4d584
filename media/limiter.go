package media

// A mix louder than −3 dBFS is turned down, not cut: a gain that moves slowly
// keeps what eight talkers at −10 dBFS add to the band below −40 dBFS
// (TestNoSpuriousEnergyWithEightLoudTalkers), bending their peaks does not.
const (
	threshold = 23198          // −3 dBFS of 32768
	ceiling   = 32767          //
	attack    = 4              // a lower gain is reached in this part of a frame: 5 ms
	release   = 1.006931668852 // gain per frame: +0.06 dB, 3 dB a second
)

// limiter makes 16-bit sound of a sum. It has one gain for a whole frame but
// for its first 5 ms; what is still above the threshold in those is bent
// softly below the ceiling. The zero value is ready.
type limiter struct {
	cut float32 // 1 − gain
}

// frame limits one tick of bus to dst, at either rate.
func (l *limiter) frame(dst []int16, bus []int32) {
	peak := peakOf(bus)
	from := 1 - l.cut
	to := min(from*release, 1)
	if float32(peak)*to > threshold {
		to = threshold / float32(peak)
	}
	l.cut = 1 - to
	if from == 1 && to == 1 {
		dst = dst[:len(bus)]
		for i, x := range bus {
			dst[i] = int16(x)
		}
		return
	}
	ramp := len(bus) / attack
	step := (to - from) / float32(ramp)
	gain := from
	for i, x := range bus {
		if i < ramp {
			gain += step
		} else {
			gain = to
		}
		dst[i] = bend(float32(x) * gain)
	}
}

// bend leaves samples below the threshold alone and brings those above it
// towards the ceiling, which they never reach, without a corner.
func bend(x float32) int16 {
	const span = ceiling - threshold
	switch {
	case x > threshold:
		over := (x - threshold) / span
		return int16(threshold + span*over/(1+over))
	case x < -threshold:
		over := (-x - threshold) / span
		return int16(-threshold - span*over/(1+over))
	}
	return int16(x)
}

func peakOf(bus []int32) int32 {
	var low, high int32
	for _, x := range bus {
		low, high = min(low, x), max(high, x)
	}
	return max(high, -low)
}
