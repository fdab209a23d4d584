package media

import (
	"net/netip"
	"time"
)

// Config of an Engine. The zero value of each field has a meaning.
type Config struct {
	Address    netip.Addr    // where RTP sockets bind; zero: 0.0.0.0
	Advertise  netip.Addr    // what SDP says; zero: Address, or the address of the default route
	PortMin    int           // RTP takes even ports, RTCP the odd one above; 0: any free even port
	PortMax    int           //
	Workers    int           // 0: one per core
	Codecs     []string      // preference, e.g. PCMU, PCMA; empty: both; others are refused
	Timeout    time.Duration // no RTP and no RTCP for this long is a media timeout; 0: 15 s
	Quarantine time.Duration // a closed leg's port rests this long before reuse; 0: 30 s
}

// LegID names a leg within its engine's life; never reused, never 0.
type LegID uint64

// EventKind of a leg's Event.
type EventKind uint8

const (
	EventDigit   EventKind = iota + 1 // one key press, counted once however often its packets came (RFC 4733 §2.5)
	EventPlayed                       // a Play that does not loop has reached its end
	EventFlowing                      // the first authentic packet of this leg came
	EventQuiet                        // nothing received for two thirds of Timeout: ask the far end whether it lives
	EventTimeout                      // nothing received for Timeout
)

// Event is something a leg's media did. It is delivered from one goroutine
// of the engine, in order for each leg; the handler must not block for long.
type Event struct {
	Leg      LegID
	Kind     EventKind
	Digit    byte          // '0'–'9', '*', '#', 'A'–'D'
	Duration time.Duration // of the key press
	Play     *Play         // which one has ended
}

// Direction of a leg's audio as the far end asked for it (RFC 3264 §6.1),
// seen from us.
type Direction uint8

const (
	SendRecv Direction = iota
	SendOnly           // we send, they only listen
	RecvOnly           // they send, we stay silent: the usual far-end hold
	Inactive
)

// Audio is what a leg is given and what becomes of what it says. The zero
// value is the pre-room: hears nobody, heard by nobody, is sent silence.
type Audio struct {
	Speaks bool  // its sound is in the mix of its room
	Hears  bool  // it gets the mix of its room, without its own sound
	Play   *Play // played to this leg alone in place of the mix: a prompt, hold music
}

// Change is one leg's new Audio. A leg that is not yet in the room joins it.
type Change struct {
	Leg   LegID
	Audio Audio
}

// Clip is sound in memory, 16-bit linear at 8 kHz; it is never modified.
type Clip struct {
	Name string
	PCM  []int16
}

// Play is one playing of a clip to one leg; its identity is what starts it:
// giving a leg the same *Play again changes nothing, a new one starts at the
// clip's beginning. A looped Play follows the engine's clock, so that all who
// hear the same loop share one encoded payload.
type Play struct {
	Clip *Clip
	Loop bool
}

// Stats of a leg, for the quality record.
type Stats struct {
	Codec      string
	Received   uint64        // RTP packets accepted
	Lost       uint64        // by sequence number (RFC 3550 A.3)
	Discarded  uint64        // malformed, duplicate, late, or from a wrong source
	Sent       uint64        // RTP packets
	Jitter     time.Duration // RFC 3550 §6.4.1
	RoundTrip  time.Duration // from RTCP; 0 when never measured
	FarLost    uint64        // packets of ours the far end reports lost
	Digits     uint64        // key presses
	LastPacket time.Time     // zero before the first
}
