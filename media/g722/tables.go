package g722

// The quantizers of clause 6, under their names there. Levels are scaled by 2^15 and
// multiplied by the scale factor of the band.
var (
	// decision holds the upper decision levels of the low band's 60-level
	// quantizer, by magnitude (Q6).
	decision = [...]int32{
		35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714,
		786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
	}
	// level6 and level4 are the output magnitudes of the low band with six
	// and with four bits (OQ6 and OQ4).
	level6 = [...]int32{
		17, 54, 91, 130, 170, 211, 254, 300, 347, 396, 447, 501, 558, 618, 682, 750, 822, 899,
		982, 1072, 1170, 1279, 1399, 1535, 1689, 1873, 2088, 2376, 2738, 3101,
	}
	level4 = [...]int32{0, 150, 323, 530, 786, 1121, 1612, 2557}
	// stepLow and stepHigh move the logarithm of the scale factor, by
	// magnitude (WL and WH).
	stepLow  = [...]int32{-60, -30, 58, 172, 334, 538, 1198, 3042}
	stepHigh = [...]int32{798, -214, 798, -214}
	// highLevel holds the high band's output levels by code: −far, −near,
	// +far, +near (OQ2).
	highLevel = [...]int32{-926 << 3, -202 << 3, 926 << 3, 202 << 3}
)

// highDecision is the only decision level of the high band (Q2).
const highDecision = 564

// lowLevel6, lowLevel4 and lowStep are, by code of the low band, its output
// level with six bits, that with the upper four only, and the step of the
// scale factor.
var lowLevel6, lowLevel4, lowStep = lowTables()

func lowTables() (six, four, step [64]int32) {
	for code := range int32(64) {
		switch {
		case code < 4: // never sent: no code begins with four zeros
			six[code] = -level6[0] << 3
		case code < 32:
			six[code] = -level6[33-code] << 3
		case code < 62:
			six[code] = level6[61-code] << 3
		default:
			six[code] = -level6[63-code] << 3
		}
		upper := code >> 2
		m := 15 - upper
		sign := int32(1)
		if upper < 8 {
			m, sign = (8-upper)&7, -1
		}
		four[code] = sign * level4[m] << 3
		step[code] = stepLow[m]
	}
	return six, four, step
}

// lowCode is the code of the low band by the sign of the difference and its
// least decision level, see quantizeLow.
var lowCode = func() (codes [2][2921]uint8) {
	for level := range int32(2921) {
		m := int32(0)
		for m < 29 && decision[m] < level {
			m++
		}
		codes[0][level] = uint8(61 - m)
		codes[1][level] = uint8(33 - m)
		if m < 2 {
			codes[1][level] = uint8(63 - m)
		}
	}
	return codes
}()

// scale is the scale factor by the upper bits of its logarithm: 32 steps an
// octave (ILB, and what SCALEL and SCALEH make of it). The high band begins at 0, the low band two octaves up.
var scale = func() (table [353]int32) {
	fraction := [32]int32{
		2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
		2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
	}
	for i := range int32(353) {
		table[i] = fraction[i&31] << 1 >> (11 - i>>5) << 2
	}
	return table
}()
