// Package jitter turns packets that come early, late, twice, in any order or
// not at all into exactly one frame of 20 ms a tick, with as little delay as
// the line allows and never more than Cap.
package jitter

import (
	"time"

	"partyline/media/codec"
	"partyline/media/conceal"
)

const (
	// Frame is how many units of the RTP timestamp Get moves on: 20 ms at
	// 8 kHz. It gives Scale of the codec samples for each: Frame for G.711,
	// twice as many for G.722.
	Frame = 160
	// MaxPayload is the longest packet taken: 60 ms of any codec here, which
	// all have one byte for each unit of the timestamp.
	MaxPayload = 480
	// Cap is the longest that sound waits here before it is played.
	Cap = 120 * time.Millisecond
	// Guard is how long before its tick even the slowest recent packet should
	// have come. A stream that begins less than Guard before a tick waits for
	// the tick after it.
	Guard = 5 * time.Millisecond
)

const (
	tick     = int64(20 * time.Millisecond)
	capNS    = int64(Cap)
	guardNS  = int64(Guard)
	sampleNS = int64(time.Second / 8000)
	ringSize = 2048 // bytes: more than what Cap and the longest packet need
	ringMask = ringSize - 1
)

// Kind tells what a frame is made of.
type Kind uint8

const (
	Empty     Kind = iota // silence: nothing has come, or the far end is silent
	Audio                 // what the far end sent
	Concealed             // partly or wholly made up in place of what is missing
	Noise                 // comfort noise at the level the far end told (RFC 3389)
)

// Verdict tells what became of a packet.
type Verdict uint8

const (
	Accepted  Verdict = iota
	Duplicate         // this sequence number came before
	Late              // its time to be played is over
	Strange           // a leap in sequence: believed when the next packet follows on it
	Malformed         // empty, or longer than MaxPayload
)

type state uint8

const (
	idle    state = iota // no sound waits; the next packet begins a new spurt
	priming              // sound waits for its first tick
	playing
)

// Buffer is the jitter buffer of one leg. It holds payload bytes in a ring by
// RTP timestamp, so any packet length fits, and decodes them when they are
// played. It allocates nothing but the memory of a codec with state, once,
// when such a one is set. The zero value is ready for µ-law. Lengths of sound
// are in units of the timestamp. Times are nanoseconds of any monotonic clock,
// the same in all calls. A Buffer is not safe for concurrent use, and is not
// to be copied once a codec with state was set.
type Buffer struct {
	data [ringSize]byte
	have [ringSize / 64]uint64 // one bit a byte of data

	past     [conceal.Memory]int16 // what voice has heard, of G.711
	wide     *wide                 // nil before a codec with state was set
	codec    codec.Codec
	double   bool // the codec has two samples for each unit of the timestamp
	state    state
	began    bool // order and top are valid
	probing  bool // probe is valid
	played   bool // floor is valid
	quiet    bool // the far end said that it falls silent: no concealment
	comfort  bool // noise is the level of comfort noise
	top      uint16
	probe    uint16
	seen     uint64 // bit n: sequence number top−n has come
	next     uint32 // timestamp of the next sample to play; while priming, of the oldest held
	floor    uint32 // where play stopped last: what is older stays unheard
	end      uint32 // timestamp after the newest sample held
	newest   uint32 // timestamp of the last packet stored
	length   uint16 // and its samples
	unit     uint16 // what frames fall into place with: its samples up to Frame, 0 when they cannot
	best     int64  // while priming: least transit time, see prime
	bestTS   uint32 // and the packet that had it
	lastTick int64  // time of the last Get
	heardAt  int64  // when the last packet stored came
	made     int    // samples made up since the last real one without moving next
	dry      int    // samples made up since the last real one for want of any sound
	loud     int    // ticks that shrinking has waited for silence
	grow     int64  // delay still to be added, in nanoseconds
	spurt    int64  // when the spurt that plays began
	spread   int64  // jitter of the line as the last spurt showed it
	calm     bool   // the last frame was silent, as far as anybody asked
	rested   bool   // since it played last, Get has given all there was
	noise    float32
	seed     uint32

	margins margins
	voice   conceal.Concealer
	stats   Stats
}

// Stats counts what a Buffer has done.
type Stats struct {
	Duplicates uint64 // packets
	Late       uint64 // packets
	Strange    uint64 // packets
	Malformed  uint64 // packets
	Stale      uint64 // samples skipped because they would have waited longer than Cap
	Concealed  uint64 // samples made up
	Underruns  uint64 // ticks with nothing to play in the middle of a spurt
	Grown      uint64 // frames inserted to wait longer
	Shrunk     uint64 // frames left out to wait less
	Resyncs    uint64 // new beginnings after a leap of sequence or timestamp
}

// SetCodec says how payloads are encoded, and flushes when that changes.
func (b *Buffer) SetCodec(c codec.Codec) {
	if b.codec == c {
		return
	}
	b.codec, b.double = c, c.Scale() == 2
	if !c.Stateless() && b.wide == nil {
		b.wide = new(wide)
	}
	b.Reset()
}

// Codec is how payloads are encoded.
func (b *Buffer) Codec() codec.Codec { return b.codec }

// Reset forgets all sound and what is known of the stream: after unmute,
// resume, or a new source nothing old is played. Counters stay.
func (b *Buffer) Reset() {
	kept := Buffer{wide: b.wide, codec: b.codec, double: b.double, stats: b.stats, seed: b.seed}
	*b = kept
	if b.wide != nil {
		*b.wide = wide{}
		b.wide.decoder.Reset(b.codec)
	}
}

// Stats returns the counters.
func (b *Buffer) Stats() Stats { return b.stats }

// Depth is how long the quickest recent packet waited to be played: the
// delay this buffer adds now. It is zero while nothing plays.
func (b *Buffer) Depth() time.Duration {
	if b.state != playing {
		return 0
	}
	_, most, ok := b.margins.bounds()
	if !ok {
		return 0
	}
	return time.Duration(most)
}
