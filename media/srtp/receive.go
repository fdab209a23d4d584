package srtp

import (
	"errors"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	psrtp "github.com/pion/srtp/v3"
)

// receiver is the far end's direction under one key.
type receiver struct {
	key   Key
	ctx   *psrtp.Context
	prior *receiver // the key before, while packets of it may be on their way
	heard int       // RTP packets accepted with this key, up to Window

	media, reports sources // heard in RTP, in RTCP

	probed sources // heard in vain, of which ctx keeps a roll-over counter
	turn   uint32

	header  rtp.Header // reused
	control rtcp.Header
}

func newReceiver(k Key) (*receiver, error) {
	ctx, err := newContext(k)
	if err != nil {
		return nil, err
	}
	return &receiver{key: k, ctx: ctx}, nil
}

func (r *receiver) rtp(dst, packet []byte) ([]byte, error) {
	ssrc, _, ok := numbersOf(packet)
	if !ok {
		return nil, ErrShort
	}
	out, err := r.take(dst, packet, ssrc)
	if err == nil {
		if r.heard < Window {
			r.heard++
		} else {
			r.prior = nil
		}
		return out, nil
	}
	if err == ErrAuth && r.prior != nil && r.prior.media.has(ssrc) {
		return r.prior.open(dst, packet)
	}
	return nil, err
}

func (r *receiver) take(dst, packet []byte, ssrc uint32) ([]byte, error) {
	if r.media.has(ssrc) {
		return r.open(dst, packet)
	}
	if r.media.full() {
		return nil, ErrSources
	}
	out, err := r.first(dst, packet, ssrc)
	if err == nil {
		r.media.add(ssrc)
	}
	return out, err
}

// probes is how many roll-over counters above the likely one are tried, of a
// far end that went on counting while we did not listen: 5.8 hours of 20 ms.
const probes = 16

// maxProbed is of how many sources counters are tried, as anyone can send a
// packet of a new one.
const maxProbed = 4

// first opens the first packet of a source. Its roll-over counter is 0, or
// goes on from the key before. As long as nothing was heard with the key,
// one other counter is tried with each packet: 0, for a far end that began
// anew with its new key though RFC 3711 §3.3.1 forbids it, and those ahead
// in turn.
func (r *receiver) first(dst, packet []byte, ssrc uint32) ([]byte, error) {
	counter, known := r.before(ssrc)
	if known || r.probed.has(ssrc) {
		r.ctx.SetROC(ssrc, counter)
	}
	out, err := r.open(dst, packet)
	if err != ErrAuth || r.heard > 0 || !known && !r.probe(ssrc) {
		return out, err
	}
	turn := r.turn % (probes + 1)
	r.turn++
	if turn > 0 {
		turn += counter
	}
	r.ctx.SetROC(ssrc, turn)
	return r.open(dst, packet)
}

// before is the roll-over counter of a source under the key before.
func (r *receiver) before(ssrc uint32) (uint32, bool) {
	if r.prior == nil || !r.prior.media.has(ssrc) {
		return 0, false
	}
	return r.prior.ctx.ROC(ssrc)
}

func (r *receiver) probe(ssrc uint32) bool {
	if r.probed.has(ssrc) {
		return true
	}
	if r.probed.n == maxProbed {
		return false
	}
	r.probed.add(ssrc)
	return true
}

func (r *receiver) open(dst, packet []byte) ([]byte, error) {
	out, err := r.ctx.DecryptRTP(dst[:0], packet, &r.header)
	if err == nil {
		return out, nil
	}
	if notAuthentic(err) {
		return nil, ErrAuth
	}
	n, bad := r.header.Unmarshal(packet)
	if bad != nil || len(packet) < n+Overhead(r.key.Suite())+r.identifier() {
		return nil, ErrShort
	}
	if r.header.Extension && isCryptex(r.header.ExtensionProfile) {
		return nil, ErrAuth
	}
	return nil, ErrReplay
}

// isCryptex is the mark of RFC 9335, which is not negotiated in SDES.
func isCryptex(profile uint16) bool { return profile == 0xC0DE || profile == 0xC2DE }

func (r *receiver) rtcp(dst, packet []byte) ([]byte, error) {
	ssrc, ok := sourceOf(packet)
	if !ok {
		return nil, ErrShort
	}
	known := r.reports.has(ssrc)
	if !known && r.reports.full() {
		return nil, ErrSources
	}
	out, err := r.openRTCP(dst, packet)
	if err == nil && !known {
		r.reports.add(ssrc)
	}
	if err == ErrAuth && r.prior != nil && r.prior.reports.has(ssrc) {
		return r.prior.openRTCP(dst, packet)
	}
	return out, err
}

func (r *receiver) openRTCP(dst, packet []byte) ([]byte, error) {
	out, err := r.ctx.DecryptRTCP(dst[:0], packet, &r.control)
	switch {
	case err == nil:
		return out, nil
	case notAuthentic(err):
		return nil, ErrAuth
	case r.control.Unmarshal(packet) != nil,
		len(packet) < rtcpHeader+OverheadRTCP(r.key.Suite())+r.identifier():
		return nil, ErrShort
	}
	return nil, ErrReplay
}

func notAuthentic(err error) bool {
	return errors.Is(err, psrtp.ErrFailedToVerifyAuthTag) || errors.Is(err, psrtp.ErrMKINotFound)
}

// identifier is the bytes of the key identifier in each packet.
func (r *receiver) identifier() int { return int(r.key.material().mkiSize) }

// sources are SSRCs, few and bounded.
type sources struct {
	ids [MaxSources]uint32
	n   int
}

func (s *sources) has(ssrc uint32) bool {
	for _, id := range s.ids[:s.n] {
		if id == ssrc {
			return true
		}
	}
	return false
}

func (s *sources) full() bool { return s.n == len(s.ids) }

func (s *sources) add(ssrc uint32) {
	s.ids[s.n] = ssrc
	s.n++
}
