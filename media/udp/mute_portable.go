//go:build !linux || 386 || portable

package udp

import "slices"

// Mute drops the sound a leg sends as it is read: of RTP there pass the
// payload types in events, comfort noise, RTCP on the same port, and of all
// else one packet in 64 (sequence numbers divisible by 64), from which
// liveness and loss can still be told. What is not RTP version 2 is dropped.
// What waits in the socket stays there. A muted socket may be muted again,
// with other events.
func (s *Socket) Mute(events []uint8) error {
	if len(events) > mutedEventsMax {
		return errTooManyEvents
	}
	next := *s.rule.Load()
	next.muted, next.events = true, slices.Clone(events)
	s.rule.Store(&next)
	return nil
}

// Unmute lets everything through again. One packet in 64 of before may still
// wait: Drain throws it away.
func (s *Socket) Unmute() error {
	next := *s.rule.Load()
	next.muted, next.events = false, nil
	s.rule.Store(&next)
	return nil
}

// Drops counts the datagrams for this socket that were dropped: nobody read
// them in time, or it was muted. It wraps: what counts is the difference of
// two readings with no mute between them.
func (s *Socket) Drops() (n uint32, ok bool) { return s.dropped.Load(), true }

// passes tells whether a muted socket takes a datagram.
func passes(events []uint8, b []byte) bool {
	if len(b) < 2 || b[0]&versionMask != rtpVersion {
		return false
	}
	if b[1] >= rtcpFirst && b[1] <= rtcpLast {
		return true
	}
	pt := b[1] & 0x7f
	if pt == comfortNoise {
		return true
	}
	for _, e := range events {
		if pt == e&0x7f {
			return true
		}
	}
	return len(b) >= 4 && b[3]&sampleMask == 0
}
