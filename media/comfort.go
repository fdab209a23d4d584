package media

// comfort is a faint noise in place of digital silence, which people take for
// a line that is dead. It is there all the time, under speech too: noise that
// comes and goes is heard as such.
type comfort struct {
	on   bool
	seed uint32
}

// comfortPeak makes white noise of −66 dBFS: uniform samples of this peak have
// a root mean square of peak/√3, and a sine of full scale has 23170.
const comfortPeak = 20

// Comfort gives the room a faint noise in place of digital silence, or no
// longer.
func (r *Room) Comfort(on bool) {
	e := r.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.closed || e.closed || r.comfort == on {
		return
	}
	r.comfort = on
	for at, share := range r.shares {
		if share != nil {
			e.workers[at].post(command{room: share, run: func(*worker) { share.comfort.on = on }})
		}
	}
}

// add puts a tick of noise on a bus (xorshift, Marsaglia 2003).
func (c *comfort) add(to []int32) {
	x := c.seed
	if x == 0 {
		x = 2463534242
	}
	for i := range to {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		to[i] += int32(x>>8)%(2*comfortPeak+1) - comfortPeak
	}
	c.seed = x
}
