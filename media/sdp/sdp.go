// Package sdp writes and reads the session descriptions (RFC 8866) of a call
// with one audio stream, by the rules of offer and answer (RFC 3264).
package sdp

import (
	"errors"
	"net/netip"

	"partyline/media/srtp"
)

// Limits on a description from outside; more is ErrBadSDP.
const (
	MaxBytes   = 8 << 10
	MaxMedia   = 4
	MaxFormats = 32 // of one media line
	MaxCrypto  = 16 // a=crypto lines of one media line
)

var (
	// ErrBadSDP is a body that is no usable session description.
	ErrBadSDP = errors.New("session description not understood")
	// ErrNoCodec is a description whose audio has no codec of ours.
	ErrNoCodec = errors.New("no common audio codec")
	// ErrNotPlain is audio over anything but plain RTP, or RTP encrypted by
	// a=crypto lines where Security allows that.
	ErrNotPlain = errors.New("audio is not plain RTP")
	// ErrNotEncrypted is audio that would not be encrypted although one side
	// insists on it, or by no suite of ours.
	ErrNotEncrypted = errors.New("audio would not be encrypted")
	// ErrRefused is a description without audio, or with all of it refused
	// by port 0.
	ErrRefused = errors.New("audio refused")
)

// Direction of the audio stream, seen from whoever's description says it.
type Direction uint8

const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

func (d Direction) String() string {
	switch d {
	case SendOnly:
		return "sendonly"
	case RecvOnly:
		return "recvonly"
	case Inactive:
		return "inactive"
	}
	return "sendrecv"
}

// Sends tells whether whoever says d sends audio.
func (d Direction) Sends() bool { return d == SendRecv || d == SendOnly }

// Receives tells whether whoever says d wants audio.
func (d Direction) Receives() bool { return d == SendRecv || d == RecvOnly }

// Mirror is the same stream seen from the other side (RFC 3264 §6.1).
func (d Direction) Mirror() Direction { return direction(d.Receives(), d.Sends()) }

// And is what remains of a stream that one rule and another allow.
func (d Direction) And(e Direction) Direction {
	return direction(d.Sends() && e.Sends(), d.Receives() && e.Receives())
}

func direction(sends, receives bool) Direction {
	switch {
	case sends && receives:
		return SendRecv
	case sends:
		return SendOnly
	case receives:
		return RecvOnly
	}
	return Inactive
}

// Codec is an audio format of RTP/AVP with its payload type.
type Codec struct {
	Name string
	PT   uint8
	Rate int // clock rate in Hz
}

// The codecs of RFC 3551 with fixed payload types that this program speaks.
// G722 samples at 16 kHz, but its clock rate is 8000 (RFC 3551 §4.5.2).
var (
	PCMU = Codec{Name: "PCMU", PT: 0, Rate: 8000}
	PCMA = Codec{Name: "PCMA", PT: 8, Rate: 8000}
	G722 = Codec{Name: "G722", PT: 9, Rate: 8000}
)

// EventPT is the payload type we offer for telephone events.
const EventPT = 101

// Local is our side of the session. Times between packets are milliseconds.
type Local struct {
	Addr      netip.Addr
	Port      int
	RTCPPort  int    // 0: Port+1
	SessionID uint64 // the same for the life of the call
	Version   uint64 // one more whenever the description changes
	Codecs    []Codec
	Direction Direction
	Ptime     int // 0: 20

	Security    Security
	Crypto      []Crypto // ours in order of preference, unless Security is Plain
	VoIPMetrics bool     // ask for RTCP XR VoIP metrics (RFC 3611 §4.7)
}

// Remote is what the far end's description asks of us.
type Remote struct {
	Addr      netip.AddrPort // where to send; invalid when it wants nothing sent (c=0.0.0.0)
	RTCP      netip.AddrPort
	Codec     Codec // with the far end's payload type
	HasEvents bool
	EventPT   uint8 // payload type of telephone events, if HasEvents
	EventRate int   // of their clock, in Hz
	HasNoise  bool  // comfort noise, payload type 13
	Ptime     int   // milliseconds a packet it asks for; 20 when it does not
	MaxPtime  int   // 0 when it does not say
	Direction Direction

	Secure      bool     // its profile was RTP/SAVP or RTP/SAVPF
	Crypto      Crypto   // the line taken, with the key by which it sends; zero: plain RTP
	Sending     srtp.Key // our key that goes with it
	VoIPMetrics bool     // it takes RTCP XR VoIP metrics
}

// Encrypted tells whether both ways are SRTP.
func (r Remote) Encrypted() bool { return !r.Crypto.Key.IsZero() }
