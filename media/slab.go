package media

// slab gives out values of one kind that lie close together in memory, and
// takes them back. One by one, thousands of them would each begin where the
// allocator's size classes do, at the same few places of the processor's
// caches, and push each other out of them fifty times a second.
type slab[T any] struct {
	free []*T
}

const slabSize = 64 // values allocated at once

func (s *slab[T]) take() *T {
	if len(s.free) == 0 {
		chunk := make([]T, slabSize)
		for i := range chunk {
			s.free = append(s.free, &chunk[i])
		}
	}
	last := len(s.free) - 1
	v := s.free[last]
	s.free = s.free[:last]
	return v
}

// back takes a value that nobody refers to any more.
func (s *slab[T]) back(v *T) { s.free = append(s.free, v) }
