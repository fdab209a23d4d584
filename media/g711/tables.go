package g711

// The tables are written once, before main, and only read afterwards. µ-law
// works on 14-bit samples and A-law on 13-bit ones whose lowest bit never
// matters, so the encoders need 2^14 and 2^12 entries: small enough to stay
// in the first-level cache of the core that mixes.
var (
	muLinear = expandTable(expandMu)
	aLinear  = expandTable(expandA)
	muCode   = compressMuTable()
	aCode    = compressATable()
)

func expandTable(expand func(byte) int16) (table [256]int16) {
	for i := range table {
		table[i] = expand(byte(i))
	}
	return table
}

func compressMuTable() (table [1 << 14]byte) {
	for i := range table {
		table[i] = compressMu(int16(i << 2))
	}
	return table
}

func compressATable() (table [1 << 12]byte) {
	for i := range table {
		table[i] = compressA(int16(i << 4))
	}
	return table
}

// muBias moves the segment borders of µ-law onto powers of two (G.711,
// table 2: decision values 31, 95, 223… plus 33).
const muBias = 33

// expandMu is G.711 table 2 as arithmetic: inverted bits, sign, three bits
// of segment, four of position within it. The result is the table's 14-bit
// output value times four.
func expandMu(code byte) int16 {
	code = ^code
	segment := code >> 4 & 7
	magnitude := (int(code&0x0F)<<1+muBias)<<segment - muBias
	if code&0x80 != 0 {
		return int16(-magnitude * 4)
	}
	return int16(magnitude * 4)
}

// compressMu is the inverse. A negative sample's magnitude is taken by
// inverting its bits, so that −1 lies in the first interval below zero.
func compressMu(sample int16) byte {
	sign := byte(0x80)
	magnitude := int(sample) >> 2
	if sample < 0 {
		sign = 0
		magnitude = ^magnitude
	}
	magnitude = min(magnitude+muBias, 0x1FFF)
	segment := 0
	for magnitude>>(segment+6) != 0 {
		segment++
	}
	position := magnitude >> (segment + 1) & 0x0F
	return ^byte(segment<<4|position)&0x7F | sign
}

// expandA is G.711 table 1 as arithmetic: even bits inverted, sign, three
// bits of segment, four of position. The result is the table's 13-bit output
// value times eight.
func expandA(code byte) int16 {
	code ^= 0x55
	segment := code >> 4 & 7
	magnitude := int(code&0x0F)<<4 + 8
	if segment > 0 {
		magnitude = (magnitude + 0x100) << (segment - 1)
	}
	if code&0x80 == 0 {
		return int16(-magnitude)
	}
	return int16(magnitude)
}

// compressA is the inverse, with the same view of negative samples.
func compressA(sample int16) byte {
	sign := byte(0x80)
	magnitude := int(sample) >> 4
	if sample < 0 {
		sign = 0
		magnitude = ^magnitude
	}
	segment := 0
	if magnitude > 0x0F {
		for segment = 1; magnitude > 0x1F; segment++ {
			magnitude >>= 1
		}
	}
	return (byte(segment<<4|magnitude&0x0F) | sign) ^ 0x55
}
