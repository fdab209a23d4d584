// Package dtmf reads and writes keys pressed on a phone as RFC 4733
// telephone events, each press counted once however its packets came.
package dtmf

import (
	"encoding/binary"
	"time"
)

// Quiet is how long a press may go without a packet before it counts as
// ended: its end packets were lost. RFC 4733 §2.5.1.2 sends an update every
// 50 ms or faster, so three in a row are missing by then.
const Quiet = 150 * time.Millisecond

// keys are the event codes 0 to 15 (RFC 4733 §3.2).
const keys = "0123456789*#ABCD"

// Press is one key press.
type Press struct {
	Digit    byte // '0'–'9', '*', '#', 'A'–'D'
	Duration time.Duration
}

// Code is a key's event code; ok is false for anything that is not a key.
func Code(digit byte) (code byte, ok bool) {
	for i := range len(keys) {
		if keys[i] == digit {
			return byte(i), true
		}
	}
	return 0, false
}

// payload is the four bytes of RFC 4733 §2.3.
type payload struct {
	event    byte
	end      bool
	volume   byte // −dBm0, 0 to 63
	duration uint16
}

// parse reads a payload; ok is false when it is not a key. Bytes beyond the
// fourth are further events of RFC 4733 §2.5.2.3 nobody sends; they are not
// read.
func parse(b []byte) (p payload, ok bool) {
	if len(b) < 4 || b[0] >= byte(len(keys)) {
		return payload{}, false
	}
	return payload{
		event:    b[0],
		end:      b[1]&0x80 != 0,
		volume:   b[1] & 0x3F,
		duration: binary.BigEndian.Uint16(b[2:4]),
	}, true
}

// samples turns a duration in 8 kHz timestamp units into time.
func samples(n uint32) time.Duration { return time.Duration(n) * time.Second / 8000 }
