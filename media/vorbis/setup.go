package vorbis

// setup is what the third header of a stream says: how its packets are coded.
type setup struct {
	books    []*codebook
	floors   []*floor
	residues []*residue
	mappings []*mapping
	modes    []mode
}

// mapping tells what each channel is made with.
type mapping struct {
	coupling [][2]int // magnitude and angle
	submap   []int    // of each channel
	floors   []*floor // of each submap
	residues []*residue
}

type mode struct {
	long    bool
	mapping *mapping
}

// book gives a codebook, nil when there is none of this number.
func (s *setup) book(n int) *codebook {
	if n < 0 || n >= len(s.books) {
		return nil
	}
	return s.books[n]
}

func readSetup(packet []byte, channels int) (*setup, error) {
	b := &bits{packet: packet}
	if !header(b, 5) {
		return nil, errDamaged
	}
	s := &setup{books: make([]*codebook, b.int(8)+1)}
	entries, values := mostEntries, mostValues
	var err error
	for i := range s.books {
		if s.books[i], err = readCodebook(b, &entries, &values); err != nil {
			return nil, err
		}
	}
	for range b.int(6) + 1 { // transforms of time that were never defined
		if b.read(16) != 0 {
			return nil, errDamaged
		}
	}
	s.floors = make([]*floor, b.int(6)+1)
	for i := range s.floors {
		if s.floors[i], err = s.readFloor(b); err != nil {
			return nil, err
		}
	}
	s.residues = make([]*residue, b.int(6)+1)
	for i := range s.residues {
		if s.residues[i], err = s.readResidue(b); err != nil {
			return nil, err
		}
	}
	s.mappings = make([]*mapping, b.int(6)+1)
	for i := range s.mappings {
		if s.mappings[i], err = s.readMapping(b, channels); err != nil {
			return nil, err
		}
	}
	s.modes = make([]mode, b.int(6)+1)
	for i := range s.modes {
		s.modes[i].long = b.flag()
		window, transform, which := b.read(16), b.read(16), b.int(8)
		if window != 0 || transform != 0 || which >= len(s.mappings) {
			return nil, errDamaged
		}
		s.modes[i].mapping = s.mappings[which]
	}
	if !b.flag() || b.over {
		return nil, errDamaged
	}
	return s, nil
}

func (s *setup) readMapping(b *bits, channels int) (*mapping, error) {
	if b.read(16) != 0 {
		return nil, errDamaged
	}
	m := &mapping{submap: make([]int, channels)}
	submaps := 1
	if b.flag() {
		submaps = b.int(4) + 1
	}
	if b.flag() {
		m.coupling = make([][2]int, b.int(8)+1)
		width := ilog(channels - 1)
		for i := range m.coupling {
			magnitude, angle := b.int(width), b.int(width)
			if magnitude == angle || max(magnitude, angle) >= channels {
				return nil, errDamaged
			}
			m.coupling[i] = [2]int{magnitude, angle}
		}
	}
	if b.read(2) != 0 {
		return nil, errDamaged
	}
	if submaps > 1 {
		for c := range m.submap {
			if m.submap[c] = b.int(4); m.submap[c] >= submaps {
				return nil, errDamaged
			}
		}
	}
	for range submaps {
		b.read(8)
		f, r := b.int(8), b.int(8)
		if f >= len(s.floors) || r >= len(s.residues) {
			return nil, errDamaged
		}
		m.floors, m.residues = append(m.floors, s.floors[f]), append(m.residues, s.residues[r])
	}
	return m, nil
}

// header reads the beginning that the three headers have in common.
func header(b *bits, kind uint32) bool {
	if b.read(8) != kind {
		return false
	}
	for _, c := range []byte("vorbis") {
		if byte(b.read(8)) != c {
			return false
		}
	}
	return true
}
