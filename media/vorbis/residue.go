package vorbis

// residue is how the fine structure of spectra is coded: in partitions, each
// of a class that says which books add to it, pass by pass (Vorbis I, 8).
type residue struct {
	kind       uint32 // 0: interleaved within a partition; 1: in order; 2: as 1, of all channels interleaved
	begin, end int
	size       int // of a partition
	classBook  *codebook
	books      [][8]*codebook // by class and pass
}

func (s *setup) readResidue(b *bits) (*residue, error) {
	r := &residue{kind: b.read(16), begin: b.int(24), end: b.int(24), size: b.int(24) + 1}
	r.books = make([][8]*codebook, b.int(6)+1)
	r.classBook = s.book(b.int(8))
	if r.kind > 2 || r.end < r.begin || r.classBook == nil || r.classBook.dimensions == 0 {
		return nil, errDamaged
	}
	cascade := make([]int, len(r.books))
	for i := range cascade {
		cascade[i] = b.int(3)
		if b.flag() {
			cascade[i] |= b.int(5) << 3
		}
	}
	for i := range r.books {
		for pass := range 8 {
			if cascade[i]>>pass&1 == 0 {
				continue
			}
			book := s.book(b.int(8))
			if book == nil || book.vectors == nil {
				return nil, errDamaged
			}
			r.books[i][pass] = book
		}
	}
	return r, nil
}

// read fills the spectra of channels, which are zeros; those that are nil are
// not coded. The end of the packet ends it: what is there by then counts.
func (r *residue) read(b *bits, spectra [][]float32) {
	coded, n := 0, 0
	for _, s := range spectra {
		if s != nil {
			coded, n = coded+1, len(s)
		}
	}
	if coded == 0 {
		return
	}
	if r.kind != 2 {
		r.partitions(b, spectra, n)
		return
	}
	// One vector for all channels, even for those that are not coded.
	channels := len(spectra)
	all := make([]float32, channels*n)
	r.partitions(b, [][]float32{all}, len(all))
	for c, s := range spectra {
		for i := range s {
			s[i] = all[i*channels+c]
		}
	}
}

func (r *residue) partitions(b *bits, vectors [][]float32, n int) {
	begin, end := min(r.begin, n), min(r.end, n)
	count := (end - begin) / r.size
	words := r.classBook.dimensions
	classes := make([][]int, len(vectors))
	for c := range classes {
		classes[c] = make([]int, count)
	}
	for pass := range 8 {
		for at := 0; at < count; at += words {
			if pass == 0 && !r.classify(b, vectors, classes, at) {
				return
			}
			for i := at; i < min(at+words, count); i++ {
				for c, v := range vectors {
					if v == nil {
						continue
					}
					book := r.books[classes[c][i]][pass]
					if book != nil && !r.add(b, book, v[begin+i*r.size:][:r.size]) {
						return
					}
				}
			}
		}
	}
}

// classify reads the classes of the next partitions of each channel: they are
// the digits of one number, the first one being the highest.
func (r *residue) classify(b *bits, vectors [][]float32, classes [][]int, at int) bool {
	for c, v := range vectors {
		if v == nil {
			continue
		}
		word, ok := r.classBook.entry(b)
		if !ok {
			return false
		}
		for i := r.classBook.dimensions - 1; i >= 0; i-- {
			if at+i < len(classes[c]) {
				classes[c][at+i] = word % len(r.books)
			}
			word /= len(r.books)
		}
	}
	return true
}

// add adds what a book says to one partition.
func (r *residue) add(b *bits, book *codebook, part []float32) bool {
	stride := len(part) / book.dimensions
	for at := 0; at < len(part); {
		vector, ok := book.vector(b)
		if !ok {
			return false
		}
		if r.kind == 0 {
			if at == stride {
				return true
			}
			for j, x := range vector {
				part[at+j*stride] += x
			}
			at++
			if at == stride {
				return true
			}
			continue
		}
		for _, x := range vector[:min(len(vector), len(part)-at)] {
			part[at] += x
			at++
		}
	}
	return true
}
