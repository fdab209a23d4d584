package media

// pace finds out how many packets to look for in a leg's socket on a tick.
// A look that finds nothing costs a third of one that finds a packet, so the
// tick takes as many as the far end sends in 20 ms and does not look again;
// one more when it found one too few before, and every few ticks until there
// are none, lest anything wait for good.
type pace struct {
	usual uint8 // packets a tick; 0: not known
	owed  uint8 // found too few of by the last ticks
}

const (
	reads         = 3  // packets a tick and leg: a stall of a second is made up in half
	staleReads    = 64 // when what waits is to be thrown away
	strangeReads  = 16 // packets a tick and leg that are not the far end's
	probing       = 8  // ticks between looks for more than usual
	filteredIn    = 4  // ticks between looks for digits where the kernel drops the rest
	filteredReads = 16 // digits and samples at once
)

// most is how many packets to take on this tick; turn is different from leg
// to leg, so that they take turns.
func (p *pace) most(turn int64) int {
	if turn%probing == 0 || p.usual == 0 {
		return reads
	}
	return min(int(p.usual+p.owed), reads)
}

// took learns from a tick that found n packets, and none after them when dry.
func (p *pace) took(n int, dry bool) {
	usual := int(p.usual)
	switch {
	case n > usual && p.owed == 0:
		p.usual = uint8(n)
	case n >= usual || !dry:
		p.owed = 0
	case usual > 1 && p.owed > 0:
		p.usual, p.owed = uint8(max(n, 1)), 0
	default:
		p.owed = uint8(min(int(p.owed)+usual-n, reads-1))
	}
}
