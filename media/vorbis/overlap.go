package vorbis

// overlap turns spectra into sound, and adds its first half to the second
// half of the block before. Left and right are the sizes of the blocks beside
// it, which a slope has to fit.
func (d *Decoder) overlap(spectra [][]float32, size, left, right int) []float32 {
	n := d.blocks[size]
	if size == 0 {
		left, right = 0, 0
	}
	first := d.before == nil
	if first {
		d.before = make([][]float32, d.channels)
	}
	d.out = d.out[:0]
	for c, s := range spectra {
		block := d.block[:n]
		d.transforms[size].inverse(block, s)
		window(block[:n/2], d.slopes[left], false)
		window(block[n/2:], d.slopes[right], true)
		if !first {
			d.join(c, block)
		}
		d.before[c] = append(d.before[c][:0], block[n/2:]...)
	}
	return d.out
}

// join adds up a channel from the middle of the last block to the middle of
// this one: three quarters of that lie where a quarter of this does.
func (d *Decoder) join(c int, block []float32) {
	before := d.before[c]
	begin := len(before)/2 - len(block)/4 // of the block; the middle of the last is 0
	count := len(before)/2 + len(block)/4
	if c == 0 {
		d.out = append(d.out, make([]float32, count*d.channels)...)
	}
	for i := range count {
		var x float32
		if i < len(before) {
			x = before[i]
		}
		if i >= begin {
			x += block[i-begin]
		}
		d.out[i*d.channels+c] = x
	}
}

// window shapes half a block: a slope in its middle, nothing outside of it,
// and all within. With falls the half is the second one.
func window(half, slope []float32, falls bool) {
	from := (len(half) - len(slope)) / 2
	for i := range half {
		at := i
		if falls {
			at = len(half) - 1 - i
		}
		switch {
		case at < from:
			half[i] = 0
		case at < from+len(slope):
			half[i] *= slope[at-from]
		}
	}
}
