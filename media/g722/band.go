package g722

// band is the adaptive part of one sub-band, the same in an encoder and in
// its decoder: a predictor of two poles and six zeros, and the logarithm of
// the quantizer's scale factor. All values are 16-bit numbers as the
// recommendation has them.
type band struct {
	log    int32    // of the scale factor (NBL, NBH)
	s      int32    // the prediction of the next sample (SL, SH)
	zero   int32    // and the part of it made by the zeros (SZL, SZH)
	a1, a2 int32    // coefficients of the poles
	r1, r2 int32    // newest reconstructed samples, doubled within 16 bits
	p1, p2 int32    // signs of the newest partial reconstructions: 0 or −1
	b      [6]int32 // coefficients of the zeros
	d      [6]int32 // newest quantized differences
}

// scaleLow is the scale factor as the low band's (DETL).
func (b *band) scaleLow() int32 { return scale[uint32(b.log>>6+64)] }

// scaleHigh is the scale factor as the high band's (DETH).
func (b *band) scaleHigh() int32 { return scale[uint32(b.log>>6)] }

// quantizeLow gives the code of a difference (QUANTL). The
// recommendation looks for the first decision level q with
// |e| < q·8·det>>15; that is the first one not below (|e|+1)·2^12/det.
func quantizeLow(e, det int32) uint32 {
	sign := uint32(e) >> 31
	e ^= e >> 31 // magnitude; of negatives less one
	level := (uint32(e+1)<<12 + uint32(det) - 1) / uint32(det)
	return uint32(lowCode[sign][min(level, 2920)])
}

// quantizeHigh gives the code of a difference (QUANTH).
func quantizeHigh(e, det int32) uint32 {
	sign := e >> 31
	code := uint32(2)
	if e^sign < highDecision*det>>12 {
		code = 3
	}
	return code + 2*uint32(sign)
}

// adaptLow takes a code of the low band into account (INVQAL, LOGSCL).
func (b *band) adaptLow(code uint32, z *[7]int32) {
	d := b.scaleLow() * lowLevel4[code&63] >> 15
	b.log = min(max(b.log*32512>>15+lowStep[code&63], 0), 18432)
	b.predict(d, z)
}

// adaptHigh takes a code of the high band into account (INVQAH, LOGSCH).
func (b *band) adaptHigh(code uint32, z *[7]int32) {
	d := b.scaleHigh() * highLevel[code&3] >> 15
	b.log = min(max(b.log*32512>>15+stepHigh[code&3], 0), 22528)
	b.predict(d, z)
}

// predict adapts the predictor to a quantized difference and predicts the
// next sample (block 4 of clause 6.2, by the names of its steps there). z
// holds the six differences before d, oldest first, and takes d.
func (b *band) predict(d int32, z *[7]int32) {
	// PARREC, RECONS
	p := (d + b.zero) >> 31
	r := saturate(b.s + d)

	// UPPOL2: what is the same sign moves the coefficient up. flip is 0
	// where the signs agree and −1 where they don't.
	flip := p ^ b.p1
	a2 := saturate(b.a1*4^^flip-^flip)>>7 + (128 ^ (p ^ b.p2) - (p ^ b.p2)) + b.a2*32512>>15
	a2 = min(max(a2, -12288), 12288)

	// UPPOL1
	most := 15360 - a2
	a1 := 192 ^ flip - flip + b.a1*32640>>15
	b.a1, b.a2 = min(max(a1, -most), most), a2
	b.p1, b.p2 = p, b.p1

	// FILTEP
	b.r1, b.r2 = saturate(2*r), b.r1
	poles := saturate(b.a1*b.r1>>15 + b.a2*b.r2>>15)

	// UPZERO, DELAYA and FILTEZ
	step := int32(128)
	if d == 0 {
		step = 0
	}
	z[6] = d
	b.b[0] = leak(b.b[0], d^z[5], step)
	b.b[1] = leak(b.b[1], d^z[4], step)
	b.b[2] = leak(b.b[2], d^z[3], step)
	b.b[3] = leak(b.b[3], d^z[2], step)
	b.b[4] = leak(b.b[4], d^z[1], step)
	b.b[5] = leak(b.b[5], d^z[0], step)
	b.zero = saturate(b.b[5]*z[1]>>14 + b.b[4]*z[2]>>14 + b.b[3]*z[3]>>14 +
		b.b[2]*z[4]>>14 + b.b[1]*z[5]>>14 + b.b[0]*d>>14)
	b.s = saturate(poles + b.zero)
}

// leak moves a coefficient of the zeros a step up, or down where signs is
// negative, and by 1/256 towards zero.
func leak(c, signs, step int32) int32 {
	flip := signs >> 31
	return c*32640>>15 + (step ^ flip - flip)
}
