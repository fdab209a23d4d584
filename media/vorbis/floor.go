package vorbis

import (
	"math"
	"slices"
)

// floor is the rough outline of a spectrum, of the kind 1: a line through
// points (Vorbis I, 7).
type floor struct {
	partitions []int // their classes
	classes    []floorClass
	multiplier int
	x          []int
	order      []int // of x, from the lowest on
	low, high  []int // neighbours among the points before each
}

type floorClass struct {
	dimensions, subclasses int
	master                 *codebook
	books                  []*codebook // nil: the value is 0
}

// amplitudes are what the values of a floor stand for: 256 steps of 140 dB.
var amplitudes = func() (table [256]float32) {
	for i := range table {
		table[i] = float32(math.Pow(10, float64(i-255)*140/256/20))
	}
	return table
}()

func (s *setup) readFloor(b *bits) (*floor, error) {
	if b.read(16) != 1 {
		return nil, errFloor0
	}
	f := &floor{partitions: make([]int, b.int(5))}
	classes := 0
	for i := range f.partitions {
		f.partitions[i] = b.int(4)
		classes = max(classes, f.partitions[i]+1)
	}
	f.classes = make([]floorClass, classes)
	for i := range f.classes {
		c := &f.classes[i]
		c.dimensions, c.subclasses = b.int(3)+1, b.int(2)
		if c.subclasses > 0 {
			if c.master = s.book(b.int(8)); c.master == nil {
				return nil, errDamaged
			}
		}
		c.books = make([]*codebook, 1<<c.subclasses)
		for j := range c.books {
			n := b.int(8) - 1
			if n < 0 {
				continue
			}
			if c.books[j] = s.book(n); c.books[j] == nil {
				return nil, errDamaged
			}
		}
	}
	f.multiplier = b.int(2) + 1
	width := b.int(4)
	f.x = []int{0, 1 << width}
	for _, class := range f.partitions {
		for range f.classes[class].dimensions {
			f.x = append(f.x, b.int(width))
		}
	}
	return f, f.arrange()
}

// arrange finds the order of the points and the neighbours of each.
func (f *floor) arrange() error {
	f.order = make([]int, len(f.x))
	for i := range f.order {
		f.order[i] = i
	}
	slices.SortFunc(f.order, func(a, b int) int { return f.x[a] - f.x[b] })
	for i := 1; i < len(f.order); i++ {
		if f.x[f.order[i]] == f.x[f.order[i-1]] {
			return errDamaged
		}
	}
	f.low, f.high = make([]int, len(f.x)), make([]int, len(f.x))
	for i := 2; i < len(f.x); i++ {
		low, high := 0, 1
		for j := range i {
			if f.x[j] < f.x[i] && f.x[j] > f.x[low] {
				low = j
			}
			if f.x[j] > f.x[i] && f.x[j] < f.x[high] {
				high = j
			}
		}
		f.low[i], f.high[i] = low, high
	}
	return nil
}

// levels is how many values a floor has, by its multiplier.
var levels = [...]int{256, 128, 86, 64}

// read reads the points of one channel and one block, and draws the outline;
// it is false when the channel is silent.
func (f *floor) read(b *bits, outline []float32) bool {
	if !b.flag() {
		return false
	}
	y := make([]int, 2, len(f.x))
	width := ilog(levels[f.multiplier-1] - 1)
	y[0], y[1] = b.int(width), b.int(width)
	for _, class := range f.partitions {
		c := &f.classes[class]
		which := 0
		if c.subclasses > 0 {
			which, _ = c.master.entry(b)
		}
		for range c.dimensions {
			value := 0
			if book := c.books[which&(1<<c.subclasses-1)]; book != nil {
				value, _ = book.entry(b)
			}
			which >>= c.subclasses
			y = append(y, value)
		}
	}
	if b.over {
		return false
	}
	f.draw(y, outline)
	return true
}

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
