package vorbis

import "math"

// readVectors reads what the entries stand for: numbers of a lattice, or each
// its own.
func (c *codebook) readVectors(b *bits, lattice bool) error {
	least, step := unpackFloat(b.read(32)), unpackFloat(b.read(32))
	width, sums := b.int(4)+1, b.flag()
	n := c.entries * c.dimensions
	if lattice {
		n = lattice1(c.entries, c.dimensions)
	}
	if 8*len(b.packet)-b.at < n*width {
		return errDamaged
	}
	numbers := make([]float64, n)
	for i := range numbers {
		numbers[i] = float64(b.read(width))*step + least
	}
	c.vectors = make([]float32, c.entries*c.dimensions)
	for entry := range c.entries {
		last, rest := 0.0, entry
		for i := range c.dimensions {
			at := entry*c.dimensions + i
			x := last
			if lattice {
				x += numbers[rest%n]
				rest /= n
			} else {
				x += numbers[at]
			}
			c.vectors[at] = float32(x)
			if sums {
				last = x
			}
		}
	}
	return nil
}

// lattice1 is the greatest number whose power of so many dimensions is not
// above the number of entries (Vorbis I, 9.2.3).
func lattice1(entries, dimensions int) int {
	fits := func(r int) bool {
		product := 1
		for range dimensions {
			if product *= r; product > entries {
				return false
			}
			if r <= 1 {
				break
			}
		}
		return true
	}
	r := int(math.Pow(float64(entries), 1/float64(dimensions)))
	for r > 0 && !fits(r) {
		r--
	}
	for fits(r+1) && r < entries {
		r++
	}
	return r
}

// unpackFloat reads Vorbis' own format of floating point (Vorbis I, 9.2.2).
func unpackFloat(x uint32) float64 {
	mantissa := float64(x & 0x1fffff)
	if x>>31 != 0 {
		mantissa = -mantissa
	}
	return math.Ldexp(mantissa, int(x>>21&0x3ff)-788)
}
