// Package g711 converts between 16-bit linear samples and the two
// companding laws of ITU-T G.711, by table.
package g711

// Law is one of the two encoding laws of ITU-T G.711. The zero value is
// µ-law.
type Law uint8

const (
	Mu Law = iota // PCMU, payload type 0
	A             // PCMA, payload type 8
)

// Decode turns each byte of src into a sample of dst, which must be at least
// as long as src.
func (l Law) Decode(dst []int16, src []byte) {
	if l == A {
		DecodeA(dst, src)
		return
	}
	DecodeMu(dst, src)
}

// Encode turns each sample of src into a byte of dst, which must be at least
// as long as src.
func (l Law) Encode(dst []byte, src []int16) {
	if l == A {
		EncodeA(dst, src)
		return
	}
	EncodeMu(dst, src)
}

// Silence is the code whose sample is nearest to zero.
func (l Law) Silence() byte {
	if l == A {
		return 0xD5
	}
	return 0xFF
}

// DecodeMu expands µ-law. len(dst) must be at least len(src).
func DecodeMu(dst []int16, src []byte) {
	dst = dst[:len(src)]
	for i, code := range src {
		dst[i] = muLinear[code]
	}
}

// EncodeMu compresses to µ-law. len(dst) must be at least len(src).
func EncodeMu(dst []byte, src []int16) {
	dst = dst[:len(src)]
	for i, sample := range src {
		dst[i] = muCode[uint16(sample)>>2]
	}
}

// DecodeA expands A-law. len(dst) must be at least len(src).
func DecodeA(dst []int16, src []byte) {
	dst = dst[:len(src)]
	for i, code := range src {
		dst[i] = aLinear[code]
	}
}

// EncodeA compresses to A-law. len(dst) must be at least len(src).
func EncodeA(dst []byte, src []int16) {
	dst = dst[:len(src)]
	for i, sample := range src {
		dst[i] = aCode[uint16(sample)>>4]
	}
}
