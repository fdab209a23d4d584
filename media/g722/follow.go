package g722

// How much worse than its own best code an encoder lets another's be while
// it follows: parts of 4096 of the scale factor, and a floor in 15-bit units
// (−60 dBFS). More of it joins sooner and louder. With these, speech and noise
// were joined after 10–43 frames of 20 ms (median of speech 20) at 0.4 dB more
// distortion, see TestFollow.
const (
	slackLow  = 96
	slackHigh = 600
	slackBase = 16
)

// Follow codes like Encode but prefers the codes of lead, which is what
// another Encoder has made of the same samples, wherever they do about as
// well. Two encoders of one input do not come to agree by themselves, since
// each answers to its own quantization noise; of a follower and its leader
// everything that differs leaks away, until e is equal to the leader. From
// then on a decoder may be given the leader's codes instead, and nothing is
// heard of the change. A pure tone, which the predictor knows too well, and
// digital silence may keep a follower apart for good; a change after a second
// of following is then a tick 20 dB below the tone, or a steady rest at
// −59 dBFS until there is sound again. The lengths are those of Encode, and
// len(lead) must be at least len(dst).
func (e *Encoder) Follow(dst []byte, pcm []int16, lead []byte) {
	pcm, lead = pcm[:2*len(dst)], lead[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), chunk)
		e.encode(dst[:n], pcm[:2*n], lead[:n])
		dst, pcm, lead = dst[n:], pcm[2*n:], lead[n:]
	}
}

// preferLow takes the leader's code for the difference x, or its own.
func preferLow(lead, own uint32, x, det int32) uint32 {
	best := abs(x - det*lowLevel6[own&63]>>15)
	if abs(x-det*lowLevel6[lead&63]>>15) <= best+det*slackLow>>12+slackBase {
		return lead
	}
	return own
}

// preferHigh does the same in the high band.
func preferHigh(lead, own uint32, x, det int32) uint32 {
	best := abs(x - det*highLevel[own&3]>>15)
	if abs(x-det*highLevel[lead&3]>>15) <= best+det*slackHigh>>12+slackBase {
		return lead
	}
	return own
}

func abs(x int32) int32 { return max(x, -x) }
