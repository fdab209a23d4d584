// Package g722 is the wide-band speech codec ITU-T G.722 (09/2012) at
// 64 kbit/s, mode 1: 16 kHz samples become two half-rate bands, which
// adaptive differential PCM codes with six bits (0–4 kHz) and two bits
// (4–8 kHz). Clause numbers in comments are those of the recommendation.
//
// Encoder and Decoder hold plain numbers: they are copied by assignment and
// compared with ==. Two that compare equal answer the same input alike for
// ever, because nothing is kept that the future does not depend on.
package g722

// chunk is how many bytes are worked on at a time: 20 ms.
const chunk = 160

// Encoder is the state of one sending direction. The zero value is the reset
// state of clause 6.2. It is not safe for concurrent use.
type Encoder struct {
	low, high band
	past      [taps - 2]int16 // the newest samples, oldest first
}

// Encode codes each pair of 16 kHz samples into a byte, the high band's two
// bits on top. len(pcm) must be at least 2·len(dst).
func (e *Encoder) Encode(dst []byte, pcm []int16) {
	pcm = pcm[:2*len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), chunk)
		e.encode(dst[:n], pcm[:2*n], nil)
		dst, pcm = dst[n:], pcm[2*n:]
	}
}

// encode works on at most a chunk. Codes of lead, if there is one, are
// preferred.
func (e *Encoder) encode(dst []byte, pcm []int16, lead []byte) {
	var line [taps - 2 + 2*chunk]int16
	var low, high [6 + chunk]int32
	copy(line[:], e.past[:])
	copy(low[:], e.low.d[:])
	copy(high[:], e.high.d[:])
	copy(line[len(e.past):], pcm)
	for i := range dst {
		a, b := filter((*[taps]int16)(line[2*i:]))
		xl := limit((b + a) >> 14)
		xh := limit((b - a) >> 14)

		il := quantizeLow(xl-e.low.s, e.low.scaleLow())
		ih := quantizeHigh(xh-e.high.s, e.high.scaleHigh())
		if lead != nil {
			il = preferLow(uint32(lead[i])&63, il, xl-e.low.s, e.low.scaleLow())
			ih = preferHigh(uint32(lead[i])>>6, ih, xh-e.high.s, e.high.scaleHigh())
		}
		e.low.adaptLow(il, (*[7]int32)(low[i:]))
		e.high.adaptHigh(ih, (*[7]int32)(high[i:]))
		dst[i] = byte(ih<<6 | il)
	}
	copy(e.past[:], line[len(pcm):])
	copy(e.low.d[:], low[len(dst):])
	copy(e.high.d[:], high[len(dst):])
}

// Decoder is the state of one receiving direction. The zero value is the
// reset state of clause 6.2. It is not safe for concurrent use.
type Decoder struct {
	low, high band
	past      [taps - 2]int16 // sums and differences of the bands, oldest first
}

// Decode turns each byte of code into two 16 kHz samples. len(dst) must be at
// least 2·len(code).
func (d *Decoder) Decode(dst []int16, code []byte) {
	dst = dst[:2*len(code)]
	for len(code) > 0 {
		n := min(len(code), chunk)
		d.decode(dst[:2*n], code[:n])
		dst, code = dst[2*n:], code[n:]
	}
}

func (d *Decoder) decode(dst []int16, code []byte) {
	var line [taps - 2 + 2*chunk]int16
	var low, high [6 + chunk]int32
	copy(line[:], d.past[:])
	copy(low[:], d.low.d[:])
	copy(high[:], d.high.d[:])
	for i, c := range code {
		il, ih := uint32(c)&63, uint32(c)>>6
		// The six-bit value is heard; only its upper four bits steer the
		// predictor, so that the lower ones may carry data in other modes.
		rl := limit(d.low.s + d.low.scaleLow()*lowLevel6[il]>>15)
		rh := limit(d.high.s + d.high.scaleHigh()*highLevel[ih]>>15)
		d.low.adaptLow(il, (*[7]int32)(low[i:]))
		d.high.adaptHigh(ih, (*[7]int32)(high[i:]))

		line[taps-2+2*i] = int16(rl + rh)
		line[taps-1+2*i] = int16(rl - rh)
		second, first := filter((*[taps]int16)(line[2*i:]))
		dst[2*i] = int16(saturate(first >> 11))
		dst[2*i+1] = int16(saturate(second >> 11))
	}
	copy(d.past[:], line[2*len(code):])
	copy(d.low.d[:], low[len(code):])
	copy(d.high.d[:], high[len(code):])
}
