package g722

// taps of the quadrature mirror filter.
const taps = 24

// filter applies the two interleaved halves of the quadrature mirror filter
// of clause 5.2 to 24 samples,
// oldest first: even-numbered samples by one half and odd-numbered ones by
// its mirror image. The coefficients of a half sum to 4096, their magnitudes
// to 6486.
func filter(x *[taps]int16) (a, b int32) {
	a = 3*int32(x[0]) - 11*int32(x[2]) + 12*int32(x[4]) + 32*int32(x[6]) -
		210*int32(x[8]) + 951*int32(x[10]) + 3876*int32(x[12]) - 805*int32(x[14]) +
		362*int32(x[16]) - 156*int32(x[18]) + 53*int32(x[20]) - 11*int32(x[22])
	b = -11*int32(x[1]) + 53*int32(x[3]) - 156*int32(x[5]) + 362*int32(x[7]) -
		805*int32(x[9]) + 3876*int32(x[11]) + 951*int32(x[13]) - 210*int32(x[15]) +
		32*int32(x[17]) + 12*int32(x[19]) - 11*int32(x[21]) + 3*int32(x[23])
	return a, b
}

// saturate keeps x within 16 bits.
func saturate(x int32) int32 {
	if int32(int16(x)) == x {
		return x
	}
	return x>>31 ^ 0x7FFF
}

// limit keeps x within 15 bits, the range of the two bands.
func limit(x int32) int32 { return min(max(x, -1<<14), 1<<14-1) }
