// Package opus encodes sound as Opus (RFC 6716).
package opus

import (
	_ "embed"
	"encoding/binary"
	"fmt"

	"partyline/media/wasm"
)

//go:embed opus.wasm
var binaryCode []byte

// Codec makes encoders. Its methods may be called from any goroutine.
type Codec struct{ module *wasm.Module }

// New gets the codec ready, which takes about a quarter of a second.
func New() (*Codec, error) {
	m, err := wasm.Compile(binaryCode)
	if err != nil {
		return nil, fmt.Errorf("opus: %w", err)
	}
	return &Codec{m}, nil
}

// Close ends the codec and all its encoders.
func (c *Codec) Close() { c.module.Close() }

// Encoder encodes one stream, 20 ms at a time. It is for one goroutine.
type Encoder struct {
	in       *wasm.Instance
	state    uint32
	pcm, out uint32 // buffers
	samples  int    // of all channels in 20 ms
	channels int
	delay    int
}

// Of opus_defines.h: requests and their values.
const (
	applicationVoIP = 2048
	setBitrate      = 4002
	setComplexity   = 4010
	setSignal       = 4024
	signalVoice     = 3001
	getLookahead    = 4027
	packetMost      = 1500

	complexity = 5 // of 10: half the time of what it does unasked, and speech sounds the same
)

// Encoder makes an encoder for speech at 8000, 12000, 16000, 24000 or 48000
// samples a second, of one or two channels, at that many bits a second.
func (c *Codec) Encoder(rate, channels, bits int) (*Encoder, error) {
	in, err := c.module.Start()
	if err != nil {
		return nil, fmt.Errorf("opus: %w", err)
	}
	e := &Encoder{in: in, samples: rate / 50 * channels, channels: channels}
	if err := e.start(rate, bits); err != nil {
		in.Close()
		return nil, fmt.Errorf("opus: at %d Hz: %w", rate, err)
	}
	return e, nil
}

func (e *Encoder) start(rate, bits int) error {
	size, err := e.in.Call("opus_encoder_get_size", uint32(e.channels))
	if err != nil {
		return err
	}
	for _, buffer := range []struct {
		at *uint32
		n  int
	}{{&e.state, int(size)}, {&e.pcm, 2 * e.samples}, {&e.out, packetMost}} {
		at, err := e.in.Call("malloc", uint32(buffer.n))
		if err != nil || at == 0 {
			return fmt.Errorf("no memory: %w", err)
		}
		*buffer.at = uint32(at)
	}
	if err := e.do("opus_encoder_init", e.state, uint32(rate), uint32(e.channels), applicationVoIP); err != nil {
		return err
	}
	for _, set := range [][2]uint32{{setBitrate, uint32(bits)}, {setComplexity, complexity}, {setSignal, signalVoice}} {
		if err := e.do("opus_encoder_ctl_set", e.state, set[0], set[1]); err != nil {
			return err
		}
	}
	delay, err := e.in.Call("opus_encoder_ctl_get", e.state, getLookahead)
	e.delay = int(delay)
	return err
}

// do calls what answers with 0 when all is well.
func (e *Encoder) do(name string, args ...uint32) error {
	code, err := e.in.Call(name, args...)
	if err == nil && code < 0 {
		err = fmt.Errorf("%s: error %d", name, code)
	}
	return err
}

// Lookahead is by how many samples, at the encoder's rate, a decoder's sound
// comes later than it went in.
func (e *Encoder) Lookahead() int { return e.delay }

// Encode makes a packet of 20 ms, samples of both channels in turn, and
// returns its length. dst takes 1500 bytes, no packet is longer.
func (e *Encoder) Encode(dst []byte, pcm []int16) (int, error) {
	if len(pcm) != e.samples {
		return 0, fmt.Errorf("opus: %d samples, want %d", len(pcm), e.samples)
	}
	b, err := e.in.Bytes(e.pcm, 2*len(pcm))
	if err != nil {
		return 0, err
	}
	for i, x := range pcm {
		binary.LittleEndian.PutUint16(b[2*i:], uint16(x))
	}
	n, err := e.in.Call("opus_encode", e.state, e.pcm, uint32(len(pcm)/e.channels), e.out, uint32(min(len(dst), packetMost)))
	if err != nil {
		return 0, fmt.Errorf("opus: %w", err)
	}
	if n < 0 {
		return 0, fmt.Errorf("opus: encoding: error %d", n)
	}
	out, err := e.in.Bytes(e.out, int(n))
	if err != nil {
		return 0, err
	}
	return copy(dst, out), nil
}

// Close gives back the encoder's memory.
func (e *Encoder) Close() { e.in.Close() }
