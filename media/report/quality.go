package report

import "time"

// Line is a connection as the E-model sees it (ITU-T G.107), with all its
// defaults but loss and delay: quiet rooms, no echo, G.711 with the packet
// loss concealment of its Appendix I.
type Line struct {
	Loss       float64       // of packets lost or discarded, 0 to 1
	BurstRatio float64       // how much longer runs of losses are than by chance; below 1: 1
	OneWay     time.Duration // from mouth to ear
}

// Ie and Bpl of G.711 with concealment (G.113 Appendix I): it hurts nothing
// by itself, and is robust against losses given in per cent. Without
// concealment Bpl is 4.3.
const (
	impairment = 0.0
	robustness = 25.1
)

// R is the rating factor, 0 to 93.2. Delay counts by the approximation of
// G.107's Idd that is usual where there is no echo: 0.024 a millisecond, and
// 0.11 more from 177.3 ms on.
func (l Line) R() float64 {
	ms := float64(l.OneWay) / float64(time.Millisecond)
	delay := 0.024*ms + 0.11*max(ms-177.3, 0)
	loss := 100 * l.Loss
	equipment := impairment + (95-impairment)*loss/(loss/max(l.BurstRatio, 1)+robustness)
	return min(max(93.2-delay-equipment, 0), 93.2)
}

// MOS is the mean opinion score of a rating factor, 1 to 4.5 (G.107 annex B).
func MOS(r float64) float64 {
	switch {
	case r <= 0:
		return 1
	case r >= 100:
		return 4.5
	}
	// The cubic dips below 1 for the smallest factors.
	return max(1+0.035*r+r*(r-60)*(100-r)*7e-6, 1)
}

// ratio is how much longer than by chance runs of lost packets are: by chance
// they are 1/(1−loss) long.
func (p pattern) ratio() float64 {
	seen := p.inBurst + p.inGap
	if p.runs == 0 || seen == 0 {
		return 1
	}
	length := float64(p.lost) / float64(p.runs)
	return length * (1 - float64(p.lost)/float64(seen))
}
