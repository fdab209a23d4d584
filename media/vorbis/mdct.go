package vorbis

import (
	"math"
	"math/cmplx"
)

// mdct is the inverse modified discrete cosine transform of one size of
// block, by way of a complex Fourier transform of a quarter of it.
type mdct struct {
	n     int          // half the block: the number of coefficients
	twist []complex128 // before and after the Fourier transform
	turn  []complex128 // of the Fourier transform
	work  []complex128
	u     []float64
}

func newMDCT(block int) *mdct {
	n := block / 2
	m := &mdct{n: n, twist: make([]complex128, n/2), turn: make([]complex128, n/4), work: make([]complex128, n/2), u: make([]float64, n)}
	for k := range m.twist {
		m.twist[k] = cmplx.Rect(1, -math.Pi*float64(8*k+1)/float64(8*n))
	}
	for k := range m.turn {
		m.turn[k] = cmplx.Rect(1, -4*math.Pi*float64(k)/float64(n))
	}
	return m
}

// inverse makes a block, twice as long, of the coefficients x:
// out[i] = Σ x[k]·cos(π/n·(i + 1/2 + n/2)·(k + 1/2)).
func (m *mdct) inverse(out, x []float32) {
	n := m.n
	for k := range m.work {
		m.work[k] = complex(float64(x[2*k]), float64(x[n-1-2*k])) * m.twist[k]
	}
	fourier(m.work, m.turn)
	for k, w := range m.work {
		w *= m.twist[k]
		m.u[2*k], m.u[n-1-2*k] = real(w), -imag(w)
	}
	// The cosine transform, type IV, goes on beyond its end by its symmetries.
	for i := range n / 2 {
		out[i] = float32(m.u[i+n/2])
		out[i+3*n/2] = float32(-m.u[i])
	}
	for i := n / 2; i < 3*n/2; i++ {
		out[i] = float32(-m.u[3*n/2-1-i])
	}
}

// fourier is the discrete Fourier transform of a power of two, in place.
func fourier(x, turn []complex128) {
	n := len(x)
	for i, j := 1, 0; i < n; i++ {
		bit := n >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		j |= bit
		if i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	for size := 2; size <= n; size *= 2 {
		for at := 0; at < n; at += size {
			for k := range size / 2 {
				a, b := x[at+k], x[at+k+size/2]*turn[k*(n/size)]
				x[at+k], x[at+k+size/2] = a+b, a-b
			}
		}
	}
}

// slope is the rise of a window: its squares and those of its fall sum to one
// (Vorbis I, 4.3.1).
func slope(n int) []float32 {
	w := make([]float32, n)
	for i := range w {
		s := math.Sin((float64(i) + 0.5) / float64(n) * math.Pi / 2)
		w[i] = float32(math.Sin(math.Pi / 2 * s * s))
	}
	return w
}
