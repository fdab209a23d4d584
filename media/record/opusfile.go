package record

import (
	"encoding/binary"
	"io"
	"sync"

	"partyline/media/opus"
)

// opusMaker makes Ogg Opus files (RFC 7845). The codec is started when it is
// needed for the first time.
type opusMaker struct {
	mu    sync.Mutex
	codec *opus.Codec
}

func newOpusMaker() *opusMaker { return new(opusMaker) }

// Bits a second of one channel: speech that is hard to tell from the original
// by what Opus's own listening tests say (RFC 6716 §2.1.1 names 16–20 for
// wide-band and 8–12 for narrow-band speech as good).
const (
	opusNarrow = 16000
	opusWide   = 28000
)

func (m *opusMaker) encoder(out io.Writer, s shape, samples int64) (encoder, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.codec == nil {
		codec, err := opus.New()
		if err != nil {
			return nil, err
		}
		m.codec = codec
	}
	bits := opusNarrow
	if s.rate == 16000 {
		bits = opusWide
	}
	by, err := m.codec.Encoder(s.rate, s.channels, bits*(s.channels+1)/2)
	if err != nil {
		return nil, err
	}
	f := &opusFile{shape: s, by: by, ogg: newOggStream(out), left: uint64(samples) * uint64(48000/s.rate)}
	f.skip = uint64(by.Lookahead() * 48000 / s.rate)
	f.waiting = make([]int16, 0, s.rate/50*s.channels)
	if err := f.head(); err != nil {
		by.Close()
		return nil, err
	}
	return f, nil
}

func (m *opusMaker) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.codec != nil {
		m.codec.Close()
		m.codec = nil
	}
}

// opusFile is one Ogg Opus file. Positions count samples at 48 kHz, whatever
// the sound was sampled at (RFC 7845 §4).
type opusFile struct {
	shape
	by      *opus.Encoder
	ogg     *oggStream
	skip    uint64 // the encoder's delay, which a player leaves out
	left    uint64 // length of the sound
	at      uint64 // of all packets so far
	onPage  int
	waiting []int16 // less than a packet
	packet  [1500]byte
}

const (
	opusPacket  = 960 // samples at 48 kHz: 20 ms
	opusPerPage = 50
)

// head writes the two headers, each on a page of its own (RFC 7845 §5).
func (f *opusFile) head() error {
	le := binary.LittleEndian
	id := make([]byte, 19)
	copy(id, "OpusHead")
	id[8], id[9] = 1, byte(f.channels)
	le.PutUint16(id[10:], uint16(f.skip))
	le.PutUint32(id[12:], uint32(f.rate))
	f.ogg.packet(id, 0)
	if err := f.ogg.flush(false); err != nil {
		return err
	}
	const vendor = "partyline"
	tags := append([]byte("OpusTags"), byte(len(vendor)), 0, 0, 0)
	tags = append(append(tags, vendor...), 0, 0, 0, 0)
	f.ogg.packet(tags, 0)
	return f.ogg.flush(false)
}

func (f *opusFile) write(pcm []int16) error {
	for len(pcm) > 0 {
		n := min(len(pcm), cap(f.waiting)-len(f.waiting))
		f.waiting = append(f.waiting, pcm[:n]...)
		pcm = pcm[n:]
		if len(f.waiting) < cap(f.waiting) {
			break
		}
		if err := f.put(); err != nil {
			return err
		}
	}
	return nil
}

// put encodes the packet that waits. A page is written when the next packet
// is there, so that the last one is known to be it.
func (f *opusFile) put() error {
	n, err := f.by.Encode(f.packet[:], f.waiting)
	if err != nil {
		return err
	}
	if f.onPage == opusPerPage || !f.ogg.room(n) {
		if err := f.ogg.flush(false); err != nil {
			return err
		}
		f.onPage = 0
	}
	f.waiting = f.waiting[:0]
	f.at += opusPacket
	f.onPage++
	f.ogg.packet(f.packet[:n], f.at)
	return nil
}

// finish lets the last of the sound out of the encoder, and cuts what is
// behind it by the last position (RFC 7845 §4.4).
func (f *opusFile) finish() error {
	end := f.skip + f.left
	for f.at < end || f.at == 0 {
		silence := f.waiting[len(f.waiting):cap(f.waiting)]
		clear(silence)
		f.waiting = f.waiting[:cap(f.waiting)]
		if err := f.put(); err != nil {
			return err
		}
	}
	f.ogg.at = end
	return f.ogg.flush(true)
}

func (f *opusFile) close() { f.by.Close() }
