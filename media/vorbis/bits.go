package vorbis

// bits reads a packet, lowest bit first (Vorbis I, 2). Past the end it gives
// zeros and remembers it.
type bits struct {
	packet []byte
	at     int // bits read
	over   bool
}

// read gives n bits, 0 to 32.
func (b *bits) read(n int) uint32 {
	if b.at+n > 8*len(b.packet) {
		b.at, b.over = 8*len(b.packet), true
		return 0
	}
	var value uint32
	for got := 0; got < n; {
		from := b.at & 7
		take := min(8-from, n-got)
		value |= uint32(b.packet[b.at>>3]>>from) & (1<<take - 1) << got
		got += take
		b.at += take
	}
	return value
}

func (b *bits) int(n int) int { return int(b.read(n)) }

func (b *bits) flag() bool { return b.read(1) != 0 }

// ilog is the number of bits of a value (Vorbis I, 9.2.1).
func ilog(x int) int {
	n := 0
	for ; x > 0; x >>= 1 {
		n++
	}
	return n
}
