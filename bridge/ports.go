package bridge

import (
	"context"
	"time"

	"partyline/media"
	"partyline/state"
)

// The bridge asks the world for four things; cmd plugs them in.

// Dialer places calls. Package sip is the one in service.
type Dialer interface {
	// TryReserve takes a place on a trunk if there is one at once.
	TryReserve() (Slot, bool)
	// Reserve waits for a place, first come first served.
	Reserve(ctx context.Context) (Slot, error)
	// Dial places a call on a reserved slot and returns at once. Events come
	// to sink in order, from one goroutine; the last one is CallEnded.
	Dial(s Slot, r CallRequest, sink func(CallEvent)) Call
	// Recover takes up a call that an earlier run of the program left behind.
	Recover(dialog, offer []byte, sink func(CallEvent)) Call
}

// Slot is a reserved place on a trunk: used by Dial, or released.
type Slot interface {
	Trunk() string
	Release()
}

// Call is the signalling of one leg. None of its methods blocks.
type Call interface {
	Hangup() // CANCEL or BYE, whichever is right; the CallEnded comes at once
	Reinvite(offer []byte)
	Probe()
}

// CallRequest is one phone to ring.
type CallRequest struct {
	Number      string
	CallerID    string
	DisplayName string
	RingTimeout time.Duration
	Offer       func(trunk string) ([]byte, error)
}

// CallEventKind says what a call did.
type CallEventKind uint8

const (
	CallTrying CallEventKind = iota + 1
	CallRinging
	CallEarlyMedia
	CallAnswered
	CallOffered
	CallReinvited
	CallDialog
	CallDigit
	CallAlive
	CallEnded
)

// CallEvent is one step in a call's life.
type CallEvent struct {
	Kind       CallEventKind
	Trunk      string
	Reason     state.Reason // of CallEnded: canceled or hangup too
	Code       int
	Phrase     string
	RetryAfter time.Duration
	Redress    string
	SDP        []byte
	Dialog     []byte
	Digit      byte
	Local      bool // CallEnded: by our own Hangup
	Reply      func(code int, sdp []byte)
}

// Mixer makes legs and rooms. *media.Engine is the one in service.
type Mixer interface {
	NewLeg(handler func(media.Event)) (Leg, error)
	NewRoom() Room
}

// Leg is the audio of one participant; *media.Leg.
type Leg interface {
	ID() media.LegID
	Offer() ([]byte, error)
	Accept(answer []byte) (media.Direction, error)
	Answer(offer []byte) ([]byte, media.Direction, error)
	Hold(on bool)
	Secure(wanted media.Security) error
	SetAudio(media.Audio)
	Stats() media.Stats
	Close()
}

// Room is the mix of one conference; *media.Room.
type Room interface {
	Update(changes ...media.Change)
	Play(*media.Clip)
	Close()
}

// Texter sends what is in the outbox. The bridge writes a state.Message
// together with its participant, then wakes the texter.
type Texter interface {
	Wake()
}
