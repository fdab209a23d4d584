// Package codec knows the codecs of RTP audio: their names, payload types
// and clocks, and how samples become bytes and bytes samples.
package codec

import "strings"

// Codec is one way to send audio. The zero value is PCMU.
type Codec uint8

// The codecs, in the order of their static payload types (RFC 3551 §6).
const (
	PCMU Codec = iota // ITU-T G.711 µ-law
	PCMA              // ITU-T G.711 A-law
	G722              // ITU-T G.722 at 64 kbit/s
)

// Count is how many codecs there are: the length of an array indexed by
// Codec.
const Count = 3

// facts of each codec.
var facts = [Count]struct {
	name string
	rate int
	pt   uint8
}{
	PCMU: {"PCMU", 8000, 0},
	PCMA: {"PCMA", 8000, 8},
	G722: {"G722", 16000, 9},
}

// Named finds a codec by its encoding name in SDP, in upper or lower case.
func Named(name string) (Codec, bool) {
	for c := range Codec(Count) {
		if strings.EqualFold(name, facts[c].name) {
			return c, true
		}
	}
	return 0, false
}

// Name is the encoding name in SDP (a=rtpmap).
func (c Codec) Name() string { return facts[c].name }

// String is the same as Name.
func (c Codec) String() string { return facts[c].name }

// Rate is how many audio samples there are in a second.
func (c Codec) Rate() int { return facts[c].rate }

// Clock is the rate of the RTP timestamp in Hz. That of G.722 is 8000,
// although it has 16000 samples a second, by a mistake in RFC 1890 that was
// kept (RFC 3551 §4.5.2).
func (c Codec) Clock() int { return 8000 }

// PT is the static payload type (RFC 3551 §6).
func (c Codec) PT() uint8 { return facts[c].pt }

// Samples is how many audio samples there are in 20 ms.
func (c Codec) Samples() int { return facts[c].rate / 50 }

// Scale is how many audio samples one unit of the RTP timestamp is. One byte
// of payload is one unit of the timestamp for each of the codecs.
func (c Codec) Scale() int { return facts[c].rate / c.Clock() }

// Stateless tells whether every byte is coded for itself, so that streams
// may be cut and joined between any two bytes.
func (c Codec) Stateless() bool { return c != G722 }
