package vorbis

const (
	// mostEntries and mostValues bound all codebooks of a stream together.
	// Encoders use a tenth of either; a hostile header may ask for billions.
	mostEntries = 1 << 18
	mostValues  = 1 << 21
)

// codebook is a Huffman code, and for vectors what each entry stands for
// (Vorbis I, 3).
type codebook struct {
	dimensions int
	entries    int
	// nodes of the tree: a child is another node, or the complement of an
	// entry, or 0 for none: nothing leads back to the root.
	nodes   [][2]int32
	vectors []float32 // of all entries; nil when the book only has numbers
}

// readCodebook reads one book. entries and values are what is left to all.
func readCodebook(b *bits, entries, values *int) (*codebook, error) {
	if b.read(24) != 0x564342 {
		return nil, errDamaged
	}
	c := &codebook{dimensions: b.int(16), entries: b.int(24)}
	if *entries -= c.entries; *entries < 0 || b.over {
		return nil, errDamaged
	}
	lengths, err := readLengths(b, c.entries)
	if err != nil {
		return nil, err
	}
	if err := c.plant(lengths); err != nil {
		return nil, err
	}
	switch lookup := b.read(4); lookup {
	case 0:
	case 1, 2:
		if *values -= c.entries * c.dimensions; *values < 0 || c.dimensions == 0 {
			return nil, errDamaged
		}
		if err := c.readVectors(b, lookup == 1); err != nil {
			return nil, err
		}
	default:
		return nil, errDamaged
	}
	return c, nil
}

// readLengths gives the length of each entry's codeword, 0 for unused ones.
func readLengths(b *bits, entries int) ([]byte, error) {
	lengths := make([]byte, entries)
	if !b.flag() {
		sparse := b.flag()
		for i := range lengths {
			if !sparse || b.flag() {
				lengths[i] = byte(b.read(5) + 1)
			}
		}
		return lengths, nil
	}
	length := b.int(5) + 1
	for at := 0; at < entries; length++ {
		n := b.int(ilog(entries - at))
		if b.over || n > entries-at || length > 32 {
			return nil, errDamaged
		}
		for range n {
			lengths[at] = byte(length)
			at++
		}
	}
	return lengths, nil
}

// plant builds the tree: each entry in turn gets the lowest codeword of its
// length that is free and that begins with no other one. A tree that does not
// hold all entries is an error; one that is not full is none, since encoders
// write books of a single entry.
func (c *codebook) plant(lengths []byte) error {
	c.nodes = make([][2]int32, 1, 2*len(lengths)+1)
	// next is the lowest free codeword of each length.
	var next [33]uint32
	used, last := 0, 0
	for entry, l := range lengths {
		if l == 0 {
			continue
		}
		used, last = used+1, entry
		length := int(l)
		word := next[length]
		if length < 32 && word>>length != 0 {
			return errDamaged
		}
		for j := length; j > 0; j-- {
			if next[j]&1 != 0 {
				if j == 1 {
					next[1]++
				} else {
					next[j] = next[j-1] << 1
				}
				break
			}
			next[j]++
		}
		for j, taken := length+1, word; j <= 32 && next[j]>>1 == taken; j++ {
			taken = next[j]
			next[j] = next[j-1] << 1
		}
		if !c.insert(word, length, entry) {
			return errDamaged
		}
	}
	if used == 1 { // whichever bit is read, it is this one
		c.nodes = [][2]int32{{^int32(last), ^int32(last)}}
	}
	return nil
}

func (c *codebook) insert(word uint32, length, entry int) bool {
	at := int32(0)
	for bit := length - 1; bit >= 0; bit-- {
		side := word >> bit & 1
		child := c.nodes[at][side]
		switch {
		case bit == 0 && child == 0:
			c.nodes[at][side] = ^int32(entry)
			return true
		case bit == 0 || child < 0:
			return false
		case child == 0:
			child = int32(len(c.nodes))
			c.nodes = append(c.nodes, [2]int32{})
			c.nodes[at][side] = child
		}
		at = child
	}
	return false
}

// entry reads a codeword; it is false at the end of the packet and where no
// codeword is.
func (c *codebook) entry(b *bits) (int, bool) {
	for at := int32(0); ; {
		at = c.nodes[at][b.read(1)]
		if b.over || at == 0 {
			b.over = true
			return 0, false
		}
		if at < 0 {
			return int(^at), true
		}
	}
}

// vector reads a codeword and gives what it stands for.
func (c *codebook) vector(b *bits) ([]float32, bool) {
	entry, ok := c.entry(b)
	if !ok || c.vectors == nil {
		return nil, false
	}
	return c.vectors[entry*c.dimensions:][:c.dimensions], true
}
