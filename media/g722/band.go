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

// quantizeLow gives the code of a difference (QUANTL, clause 6.2.1.1). The
// recommendation looks for the first decision level q with
// |e| < q·8·det>>15; that is the first one not below (|e|+1)·2^12/det.
func quantizeLow(e, det int32) uint32 {
	e = limit(e, 16)
	sign := uint32(e) >> 31
	e ^= e >> 31 // magnitude; of negatives less one
	level := (uint32(e+1)<<12 + uint32(det) - 1) / uint32(det)
	return uint32(lowCode[sign][min(level, 2920)])
}

// quantizeHigh gives the code of a difference (QUANTH, clause 6.2.1.1).
func quantizeHigh(e, det int32) uint32 {
	e = limit(e, 16)
	sign := e >> 31
	code := uint32(2)
	if e^sign < highDecision*det>>12 {
		code = 3
	}
	return code + 2*uint32(sign)
}

// adaptLow takes a code of the low band into account (INVQAL, LOGSCL).
func (b *band) adaptLow(code uint32) {
	d := b.scaleLow() * lowLevel4[code&63] >> 15
	b.log = min(max(b.log*32512>>15+lowStep[code&63], 0), 18432)
	b.predict(d)
}

// adaptHigh takes a code of the high band into account (INVQAH, LOGSCH).
func (b *band) adaptHigh(code uint32) {
	d := b.scaleHigh() * highLevel[code&3] >> 15
	b.log = min(max(b.log*32512>>15+stepHigh[code&3], 0), 22528)
	b.predict(d)
}

// predict adapts the predictor to a quantized difference and predicts the
// next sample (block 4 of clause 6.2.1, with the names used there).
func (b *band) predict(d int32) {
	// PARREC, RECONS
	p := limit(d+b.zero, 16) >> 31
	r := limit(b.s+d, 16)

	// UPPOL2: what is the same sign moves the coefficient up. flip is 0
	// where the signs agree and −1 where they don't.
	flip := p ^ b.p1
	push := limit(b.a1*4, 16) ^ ^flip - ^flip
	a2 := limit(push, 16)>>7 + (128 ^ (p ^ b.p2) - (p ^ b.p2)) + b.a2*32512>>15
	a2 = min(max(a2, -12288), 12288)

	// UPPOL1
	most := 15360 - a2
	a1 := 192 ^ flip - flip + b.a1*32640>>15
	b.a1, b.a2 = min(max(a1, -most), most), a2
	b.p1, b.p2 = p, b.p1

	// FILTEP
	b.r1, b.r2 = limit(2*r, 16), b.r1
	poles := limit(b.a1*b.r1>>15+b.a2*b.r2>>15, 16)

	// UPZERO, DELAYA and FILTEZ
	step := int32(128)
	if d == 0 {
		step = 0
	}
	var zero int32
	newest := d
	for i := range b.b {
		old := b.d[i]
		flip := (d ^ old) >> 31
		c := b.b[i]*32640>>15 + (step ^ flip - flip)
		b.b[i], b.d[i] = c, newest
		zero += c * newest >> 14
		newest = old
	}
	b.zero = limit(zero, 16)
	b.s = limit(poles+b.zero, 16)
}
