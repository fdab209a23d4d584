// Package srtp protects the RTP and RTCP of one leg (RFC 3711, RFC 7714) by
// keys that the two sides gave each other in a=crypto lines (RFC 4568). The
// ciphers are those of pion/srtp, which is used nowhere else.
//
// A Session knows two keys: ours, by which it protects, and the far end's, by
// which it unprotects. It belongs to the one goroutine that owns the leg.
// With buffers that are large enough, Protect and Unprotect of a genuine
// packet allocate nothing.
package srtp

import (
	"encoding/binary"
	"errors"

	psrtp "github.com/pion/srtp/v3"
)

var (
	// ErrAuth is a packet that was not made with the far end's key.
	ErrAuth = errors.New("SRTP packet is not authentic")
	// ErrReplay is a packet that came before, or is too old to tell.
	ErrReplay = errors.New("SRTP packet is replayed or too old")
	// ErrShort is too short to be a packet, or no packet at all.
	ErrShort = errors.New("not an SRTP packet")
	// ErrSources is the packet of a source (SSRC) beyond those allowed: for
	// sending the one of the first packet, for receiving MaxSources.
	ErrSources = errors.New("one SRTP source too many")
	// ErrReused is a packet to be sent whose sequence number is not ahead of
	// the last one's. To protect two packets under one number would give
	// both away, with GCM the key of the authentication too (RFC 7714 §8.4).
	ErrReused = errors.New("RTP sequence number used before")
)

const (
	// Window is how many packets behind the newest one a late one may be, in
	// RTP and in RTCP.
	Window = 128
	// MaxSources is how many SSRCs the far end may use with one key. A call
	// has one, a few more when its far end is transferred or sends digits
	// under an SSRC of their own.
	MaxSources = 32
)

// Session is the protection of one leg, both ways. Not for use by several
// goroutines at once.
type Session struct {
	sending   sender
	receiving *receiver
}

// New begins a session; ErrKey when a key is missing. The two keys must
// differ: with the same one each side's packets would give away the other's.
func New(sending, receiving Key) (*Session, error) {
	if sending == receiving {
		return nil, ErrKey
	}
	s := new(Session)
	if err := s.sending.rekey(sending); err != nil {
		return nil, err
	}
	r, err := newReceiver(receiving)
	if err != nil {
		return nil, err
	}
	s.receiving = r
	return s, nil
}

// Protect makes the SRTP packet of an RTP packet in dst[:0]; it needs room
// for Overhead more bytes, or else new memory is taken. dst may be
// packet[:0], and must not overlap packet otherwise. The first packet's SSRC
// is that of all, and their sequence numbers go forward, by less than half
// their range: ErrSources, ErrReused.
func (s *Session) Protect(dst, packet []byte) ([]byte, error) {
	return s.sending.rtp(dst, packet)
}

// ProtectRTCP makes the SRTCP packet of a compound RTCP packet, as Protect
// does.
func (s *Session) ProtectRTCP(dst, packet []byte) ([]byte, error) {
	return s.sending.rtcp(dst, packet)
}

// Unprotect makes the RTP packet of an SRTP packet in dst[:0]; where dst has
// no room for len(packet) bytes new memory is taken. dst must not overlap
// packet; after an error it has any content. Errors (ErrAuth, ErrReplay,
// ErrShort, ErrSources) are about this packet only.
func (s *Session) Unprotect(dst, packet []byte) ([]byte, error) {
	return s.receiving.rtp(dst, packet)
}

// UnprotectRTCP makes the RTCP packet of an SRTCP packet, as Unprotect does.
func (s *Session) UnprotectRTCP(dst, packet []byte) ([]byte, error) {
	return s.receiving.rtcp(dst, packet)
}

// RekeySending goes on with another key of ours, from the next packet on.
// The count of packets goes on (RFC 3711 §3.3.1 and §3.4). The same key
// again changes nothing. A key that was used before must never come back.
func (s *Session) RekeySending(k Key) error {
	if k == s.receiving.key {
		return ErrKey
	}
	return s.sending.rekey(k)
}

// RekeyReceiving goes on with another key of the far end. Packets of the key
// before are taken too until those of the new one fill a Window. The same
// key again changes nothing.
func (s *Session) RekeyReceiving(k Key) error {
	if k == s.receiving.key {
		return nil
	}
	if k == s.sending.key {
		return ErrKey
	}
	r, err := newReceiver(k)
	if err != nil {
		return err
	}
	r.prior = s.receiving
	if r.prior.heard == 0 && r.prior.prior != nil {
		r.prior = r.prior.prior
	}
	r.prior.prior = nil
	s.receiving = r
	return nil
}

// Suites tells by what each direction is protected.
func (s *Session) Suites() (sending, receiving Suite) {
	return s.sending.key.Suite(), s.receiving.key.Suite()
}

// newContext is pion's state of one direction. Its replay window costs
// nothing when sending.
func newContext(k Key) (*psrtp.Context, error) {
	if k.IsZero() {
		return nil, ErrKey
	}
	m := k.material()
	options := []psrtp.ContextOption{psrtp.SRTPReplayProtection(Window), psrtp.SRTCPReplayProtection(Window)}
	if m.mkiSize > 0 {
		options = append(options, psrtp.MasterKeyIndicator(m.identifier()))
	}
	return psrtp.CreateContext(m.key(), m.salt(), suites[m.suite].profile, options...)
}

const (
	rtpHeader  = 12 // bytes, without contributing sources and extension
	rtcpHeader = 8  // bytes that stay in the clear
)

// numbersOf reads the SSRC and sequence number of RTP version 2.
func numbersOf(packet []byte) (ssrc uint32, seq uint16, ok bool) {
	if len(packet) < rtpHeader || packet[0]>>6 != 2 {
		return 0, 0, false
	}
	return binary.BigEndian.Uint32(packet[8:]), binary.BigEndian.Uint16(packet[2:]), true
}

// sourceOf reads the SSRC of RTCP version 2.
func sourceOf(packet []byte) (ssrc uint32, ok bool) {
	if len(packet) < rtcpHeader || packet[0]>>6 != 2 {
		return 0, false
	}
	return binary.BigEndian.Uint32(packet[4:]), true
}
