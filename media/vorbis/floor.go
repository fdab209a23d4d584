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
