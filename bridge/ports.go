package bridge

import (
	"context"
	"io"
	"time"

	"partyline/media"
	"partyline/media/clips"
	"partyline/media/prompt"
	"partyline/media/record"
	"partyline/state"
)

// What the bridge asks of the world; cmd plugs it in.

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
	Digits() bool // keys come as events (RFC 4733); after Accept or Answer
	SetAudio(media.Audio)
	Stats() media.Stats
	Close()
}

// Room is the mix of one conference; *media.Room.
type Room interface {
	Update(changes ...media.Change)
	Play(*media.Clip) // a tone, over everything
	Say(*media.Clip)  // speech, one after another
	Comfort(on bool)
	Record(*media.Tap)
	Release(*media.Tap)
	Close()
}

// Texter sends what is in the outbox. The bridge writes a state.Message
// together with its participant, then wakes the texter.
type Texter interface {
	Wake()
}

// Voice says prompts; *prompt.Library.
type Voice interface {
	Say(lang string, parts ...prompt.Part) *media.Clip
	Speaks(lang string) bool
}

// Shelf keeps the sounds that customers upload; *clips.Shelf.
type Shelf interface {
	Put(id string, r io.Reader) (clips.Info, error)
	Clip(id string) (*media.Clip, error)
	File(id string) (io.ReadSeekCloser, error)
	Remove(id string) error
}

// Recorder writes recordings; *record.Studio.
type Recorder interface {
	Formats() []string
	Begin(spec record.Spec, done func(record.Result)) (Take, error)
	Salvage(id string) (record.Result, error)
	File(id, name string) (io.ReadSeekCloser, error)
	Remove(id string) error
	Close() error // ends what runs and waits for it
}

// Take is a recording while it runs; *record.Take.
type Take interface {
	Tap() *media.Tap
	Belongs(leg media.LegID, to record.Track)
	Pause(on bool)
	Stop()
}

// IncomingCall is a phone that calls us, and rings. One of Answer and Refuse
// is called once; neither blocks.
type IncomingCall struct {
	Trunk  string
	Called string // E.164 where the carrier gave it so
	Caller string // E.164; "" is anonymous
	Offer  []byte // nil: the far end wants ours
	// Answer picks up with this description: an answer, or an offer where
	// there was none. Events come as those of Dial do; CallAnswered follows
	// once the far end has acknowledged, with its answer where it gave one.
	Answer func(sdp []byte, sink func(CallEvent)) Call
	// Refuse rejects with a final SIP code.
	Refuse func(code int)
	// Gone is closed when the caller has given up before either.
	Gone <-chan struct{}
}
