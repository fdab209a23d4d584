package vorbis

// draw turns each point's distance from the line between its neighbours into
// a height, and draws lines through those that are not on it.
func (f *floor) draw(y []int, outline []float32) {
	most := levels[f.multiplier-1]
	kept := make([]bool, len(y))
	kept[0], kept[1] = true, true
	for i := 2; i < len(y); i++ {
		low, high := f.low[i], f.high[i]
		middle := point(f.x[low], y[low], f.x[high], y[high], f.x[i])
		value := y[i]
		y[i] = middle
		if value != 0 {
			kept[low], kept[high], kept[i] = true, true, true
			y[i] = unfold(value, middle, most)
		}
	}
	x0, y0 := 0, clampLevel(y[0]*f.multiplier)
	for _, i := range f.order[1:] {
		if kept[i] {
			y1 := clampLevel(y[i] * f.multiplier)
			line(outline, x0, y0, f.x[i], y1)
			x0, y0 = f.x[i], y1
		}
	}
	for x := x0; x < len(outline); x++ {
		outline[x] = amplitudes[y0]
	}
}

// unfold gives the height that lies a coded distance above or below the
// middle: odd ones below it, even ones above, and beyond the room of the
// narrower side all on the other.
func unfold(value, middle, most int) int {
	above, below := most-middle, middle
	switch {
	case value >= 2*min(above, below) && above > below:
		value = value - below + middle
	case value >= 2*min(above, below):
		value = middle - value + above - 1
	case value%2 != 0:
		value = middle - (value+1)/2
	default:
		value = middle + value/2
	}
	return min(max(value, 0), most-1)
}

func clampLevel(y int) int { return min(max(y, 0), len(amplitudes)-1) }

// point is the height of a line at x, in whole numbers (Vorbis I, 9.2.6).
func point(x0, y0, x1, y1, x int) int { return y0 + (y1-y0)*(x-x0)/(x1-x0) }

// line draws a line in whole numbers, without its end (Vorbis I, 9.2.7).
func line(outline []float32, x0, y0, x1, y1 int) {
	dx := x1 - x0
	base := (y1 - y0) / dx
	step, rest := base+1, y1-y0-base*dx
	if y1 < y0 {
		step, rest = base-1, -rest
	}
	err := 0
	for x, y := x0, y0; x < min(x1, len(outline)); x++ {
		outline[x] = amplitudes[y]
		if err += rest; err >= dx {
			err -= dx
			y += step
		} else {
			y += base
		}
	}
}
