package dtmf

import "math"

// Tones finds keys in sound: two tones at once, one of each group (ITU-T
// Q.23), held long enough. It takes 20 ms at a time and looks at each piece for
// itself, so it knows of a key after 20 ms, believes it after 40 ms and forgets
// it after 40 ms without (Q.24 asks for keys of 40 ms and pauses of 40 ms). The
// zero value is ready; it allocates nothing.
type Tones struct {
	last byte  // in the piece before
	key  byte  // being pressed
	gap  uint8 // pieces without it
}

// tuned is one tone of a group: what Goertzel's filter needs for it, and for
// the frequencies 3 % and 1.5 % beside it.
type tuned struct {
	turn   float32 // 2·cos(2πf/8000)
	beside [4]float32
}

var (
	low   = group(697, 770, 852, 941)
	high  = group(1209, 1336, 1477, 1633)
	names = [4][4]byte{
		{'1', '2', '3', 'A'}, {'4', '5', '6', 'B'}, {'7', '8', '9', 'C'}, {'*', '0', '#', 'D'},
	}
)

func group(hz ...float64) (g [4]tuned) {
	turn := func(f float64) float32 { return float32(2 * math.Cos(2*math.Pi*f/8000)) }
	for i, f := range hz {
		g[i].turn = turn(f)
		for k, off := range [...]float64{-0.03, -0.015, 0.015, 0.03} {
			g[i].beside[k] = turn(f * (1 + off))
		}
	}
	return g
}

const (
	piece = 160 // samples at 8 kHz
	// leastTone is the power of one tone, as its amplitude squared: −36 dBFS,
	// below what Q.24 makes receivers take (−29 dBm) by more than a trunk loses.
	leastTone = 519 * 519
	// twist is how much stronger either tone may be: 8 dB, the most that Q.24's
	// table has for any network.
	twist = 6.3
	// purity is what of the sound is the two tones; speech has less.
	purity = 0.82
	// clearly is by how much the tone of a group beats the next: what a window
	// of 20 ms lets over from 73 Hz away is 13 dB down.
	clearly = 4
	// weaker is the least part of the sound that one of the two tones is, the
	// other being stronger by all that twist allows.
	weaker = purity / (1 + twist)
	scale  = 4.0 / (piece * piece)
)

// Hear takes 20 ms of sound, at 16 kHz where wide. present says that a key can
// be heard in it; pressed is a key that is one now, each press once.
func (t *Tones) Hear(pcm []int16, wide bool) (present bool, pressed byte) {
	var x [piece]float32
	var power float32
	if wide {
		for i := range x {
			x[i] = float32(int32(pcm[2*i])+int32(pcm[2*i+1])) / 2
		}
	} else {
		for i := range x {
			x[i] = float32(pcm[i])
		}
	}
	for _, v := range x {
		power += v * v
	}
	key := byte(0)
	if power > piece*leastTone/2 {
		key = which(&x, power)
	}
	switch {
	case key == 0:
		t.last = 0
		if t.key == 0 {
			return false, 0
		}
		if t.gap++; t.gap >= 2 {
			t.key = 0
		}
		return t.gap < 2, 0
	case key != t.last:
		t.last = key
		return true, 0
	}
	t.gap = 0
	if key == t.key {
		return true, 0
	}
	t.key = key
	return true, key
}

// which is the key in a piece, 0 for none.
func which(x *[piece]float32, power float32) byte {
	row, a := strongest(x, &low)
	if row < 0 || a*piece/2 < weaker/2*power { // most speech ends here
		return 0
	}
	column, b := strongest(x, &high)
	if column < 0 || a > b*twist || b > a*twist {
		return 0
	}
	a, ok1 := low[row].near(x, a)
	b, ok2 := high[column].near(x, b)
	// A sine of amplitude A has the power N·A²/2 in N samples.
	if !ok1 || !ok2 || a < leastTone || b < leastTone || (a+b)*piece/2 < purity*power {
		return 0
	}
	return names[row][column]
}

// strongest is the tone of a group that is there, −1 when none stands out.
func strongest(x *[piece]float32, group *[4]tuned) (at int, best float32) {
	all := amplitudes2(x, group)
	second := float32(0)
	for i, p := range all {
		switch {
		case p > best:
			at, best, second = i, p, best
		case p > second:
			second = p
		}
	}
	if best < second*clearly {
		return -1, 0
	}
	return at, best
}

// amplitudes2 is amplitude2 of a whole group. Each step of a filter waits for
// the one before, so four side by side take the time of one.
func amplitudes2(x *[piece]float32, group *[4]tuned) [4]float32 {
	t0, t1, t2, t3 := group[0].turn, group[1].turn, group[2].turn, group[3].turn
	var a0, a1, a2, a3, b0, b1, b2, b3 float32
	for _, v := range x {
		a0, b0 = v+t0*a0-b0, a0
		a1, b1 = v+t1*a1-b1, a1
		a2, b2 = v+t2*a2-b2, a2
		a3, b3 = v+t3*a3-b3, a3
	}
	return [4]float32{
		(a0*a0 + b0*b0 - t0*a0*b0) * scale,
		(a1*a1 + b1*b1 - t1*a1*b1) * scale,
		(a2*a2 + b2*b2 - t2*a2*b2) * scale,
		(a3*a3 + b3*b3 - t3*a3*b3) * scale,
	}
}

// near looks for the very frequency: one that is nearer to 3 % beside the
// nominal one is no key (Q.24 takes 1.5 % and refuses 3.5 %).
func (g *tuned) near(x *[piece]float32, p float32) (best float32, ok bool) {
	best, ok = p, true
	for k, turn := range g.beside {
		if q := amplitude2(x, turn); q > best {
			best, ok = q, k == 1 || k == 2
		}
	}
	return best, ok
}

// amplitude2 is the square of a tone's amplitude (Goertzel).
func amplitude2(x *[piece]float32, turn float32) float32 {
	var s1, s2 float32
	for _, v := range x {
		s1, s2 = v+turn*s1-s2, s1
	}
	return (s1*s1 + s2*s2 - turn*s1*s2) * scale
}
