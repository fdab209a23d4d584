package srtp

import (
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	psrtp "github.com/pion/srtp/v3"
)

// sender is our direction.
type sender struct {
	key   Key
	ctx   *psrtp.Context
	fresh bool // ctx does not know the roll-over counter yet

	bound   bool // ssrc is known
	ssrc    uint32
	started bool
	index   uint64 // roll-over counter and sequence number of the last packet

	header  rtp.Header // reused
	control rtcp.Header
}

func (s *sender) rekey(k Key) error {
	ctx, err := newContext(k)
	if err != nil {
		return err
	}
	if s.bound {
		if n, ok := s.ctx.Index(s.ssrc); ok {
			ctx.SetIndex(s.ssrc, n)
		}
	}
	s.key, s.ctx, s.fresh = k, ctx, true
	return nil
}

// from holds us to one source.
func (s *sender) from(ssrc uint32) bool {
	if !s.bound {
		s.bound, s.ssrc = true, ssrc
	}
	return s.ssrc == ssrc
}

func (s *sender) rtp(dst, packet []byte) ([]byte, error) {
	ssrc, seq, ok := numbersOf(packet)
	if !ok {
		return nil, ErrShort
	}
	// The header is read here as well as in EncryptRTP, which would count
	// the packet only after it, so that a bad one leaves no trace.
	if _, err := s.header.Unmarshal(packet); err != nil {
		return nil, ErrShort
	}
	if !s.from(ssrc) {
		return nil, ErrSources
	}
	index := uint64(seq)
	if s.started {
		ahead := int16(seq - uint16(s.index))
		if ahead <= 0 {
			return nil, ErrReused
		}
		index = s.index + uint64(ahead)
	}
	if s.fresh {
		s.ctx.SetROC(ssrc, uint32(index>>16))
		s.fresh = false
	}
	out, err := s.ctx.EncryptRTP(dst[:0], packet, &s.header)
	if err != nil {
		return nil, err
	}
	s.started, s.index = true, index
	return out, nil
}

func (s *sender) rtcp(dst, packet []byte) ([]byte, error) {
	ssrc, ok := sourceOf(packet)
	if !ok || s.control.Unmarshal(packet) != nil {
		return nil, ErrShort
	}
	if !s.from(ssrc) {
		return nil, ErrSources
	}
	return s.ctx.EncryptRTCP(dst[:0], packet, &s.control)
}
