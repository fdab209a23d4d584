package media

import (
	"time"

	"partyline/media/sdp"
)

// Direction of a leg's audio as the far end asked for it (RFC 3264 §6.1),
// seen from us: RecvOnly, they send and we stay silent, is the usual far-end hold.
type Direction = sdp.Direction

const (
	SendRecv = sdp.SendRecv
	SendOnly = sdp.SendOnly
	RecvOnly = sdp.RecvOnly
	Inactive = sdp.Inactive
)

// Audio is what a leg is given and what becomes of what it says. The zero
// value is the pre-room: hears nobody, heard by nobody, is sent silence.
type Audio struct {
	Speaks bool  // its sound is in the mix of its room
	Hears  bool  // it gets the mix of its room, without its own sound
	Play   *Play // played to this leg alone in place of the mix: a prompt, hold music
	Listen bool  // its sound is listened to, and not mixed: EventSpeaking, EventSilent and keys as tones
	Level  bool  // its voice is gently brought to the level of the others
}

// Change is one leg's new Audio. A leg that is not yet in the room joins it.
type Change struct {
	Leg   LegID
	Audio Audio
}

// Clip is sound in memory, 16-bit linear; it is never modified.
type Clip struct {
	Name string
	PCM  []int16 // at 8 kHz
	Wide []int16 // the same at 16 kHz; nil: made from PCM where it is needed
}

// Length is how long the clip plays.
func (c *Clip) Length() time.Duration {
	return time.Duration(len(c.PCM)) * time.Second / 8000
}

// Play is one playing of a clip to one leg; its identity is what starts it:
// giving a leg the same *Play again changes nothing, a new one starts at the
// clip's beginning. A looped Play follows the engine's clock, so that all who
// hear the same loop share one encoded payload.
type Play struct {
	Clip *Clip
	Loop bool
	Over bool // over the mix the leg hears, which is turned down meanwhile; not with Loop
}
