package media

import (
	"fmt"
	"math"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"partyline/media/codec"
	"partyline/media/sound"
	"partyline/media/srtp"
	"partyline/media/udp"
)

// rig is an engine whose clock the test turns, with phones on loopback: a
// packet sent to a loopback socket is there when the call returns.
type rig struct {
	t      testing.TB
	e      *Engine
	n      int64 // number of the last tick
	clock  atomic.Int64
	phones []*phone
	gone   []*phone // hung up a few ticks ago
}

// phone is a far end: it says its voice, a packet of ptime at a time, and
// keeps what it hears.
type phone struct {
	rig      *rig
	t        testing.TB
	hearsLeg netip.AddrPort // whose packets it takes; others are of some other program
	leg      *Leg
	events   chan Event
	rtp      *udp.Socket
	to       udp.Dest
	codec    codec.Codec
	says     codec.Encoder
	takes    codec.Decoder
	ptime    int // bytes of sound a packet
	secure   *srtp.Session

	voice  func(sample int64) int16 // nil: says nothing
	at     int64                    // samples said
	due    int                      // samples not yet put into a packet
	ssrc   uint32
	seq    uint16
	ts     uint32
	marker bool

	left    int64   // tick of hanging up
	heard   []int16 // since the last forget
	packets int
	markers int
	last    heardPacket
}

type heardPacket struct {
	any     bool
	ssrc    uint32
	seq     uint16
	ts      uint32
	samples int
}

// call makes a leg with a phone at its far end, agreed on by SDP.
func (r *rig) call(voice func(int64) int16, attributes ...string) *phone {
	r.t.Helper()
	p := r.phone(voice)
	p.accept("sendrecv", attributes...)
	return p
}

// phone makes a leg and a phone that have not yet agreed on anything.
func (r *rig) phone(voice func(int64) int16) *phone {
	r.t.Helper()
	events := make(chan Event, 1024)
	leg, err := r.e.NewLeg(func(v Event) { events <- v })
	if err != nil {
		r.t.Fatal(err)
	}
	rtp, err := udp.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { rtp.Close() })
	p := &phone{
		rig: r, t: r.t, leg: leg, hearsLeg: leg.LocalAddr(), events: events, rtp: rtp, to: rtp.Dest(leg.LocalAddr()), ptime: frame, voice: voice,
		ssrc: uint32(leg.id) * 7919, seq: uint16(leg.id * 100), ts: uint32(leg.id * 100000), marker: true,
	}
	p.speaks(codec.PCMU)
	r.phones = append(r.phones, p)
	return p
}

// speaks sets the phone's codec, before it accepts.
func (p *phone) speaks(c codec.Codec) {
	p.codec = c
	p.says.Reset(c)
	p.takes.Reset(c)
}

// accept has the leg take the phone's answer.
func (p *phone) accept(direction string, attributes ...string) {
	p.t.Helper()
	if _, err := p.leg.Accept(p.answer(direction, attributes...)); err != nil {
		p.t.Fatal(err)
	}
}

// answer is the phone's SDP.
func (p *phone) answer(direction string, attributes ...string) []byte {
	body := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"+
		"m=audio %d RTP/AVP %d 101\r\na=rtpmap:101 telephone-event/8000\r\na=%s\r\n", p.rtp.Local().Port(), p.codec.PT(), direction)
	for _, a := range attributes {
		body += "a=" + a + "\r\n"
	}
	return []byte(body)
}

// speak sends what 20 ms hold.
func (p *phone) speak() {
	if p.voice == nil {
		return
	}
	p.due += frame
	for p.due >= p.ptime {
		p.due -= p.ptime
		p.send(p.next(p.ptime))
	}
}

// next is the voice's next packet.
func (p *phone) next(bytes int) []byte {
	pcm := make([]int16, bytes*p.codec.Scale())
	for i := range pcm {
		pcm[i] = p.voice(p.at)
		p.at++
	}
	b := make([]byte, headerSize+bytes)
	putHeader(b, p.marker, p.codec.PT(), p.seq, p.ts, p.ssrc)
	p.says.Encode(b[headerSize:], pcm)
	p.marker = false
	p.seq++
	p.ts += uint32(bytes)
	return b
}

func (p *phone) send(b []byte) {
	p.t.Helper()
	if p.secure != nil {
		var err error
		if b, err = p.secure.Protect(nil, b); err != nil {
			p.t.Fatal(err)
		}
	}
	if !p.rtp.Write(b, &p.to) {
		p.t.Fatal("loopback would not take a packet")
	}
}

// listen takes what the leg has sent, and holds it to the rules of a stream.
func (p *phone) listen() {
	p.t.Helper()
	var b [2048]byte
	for {
		n, from, ok := p.rtp.Read(b[:])
		if !ok {
			return
		}
		if from != p.hearsLeg {
			continue // of some other program, whose phone had this port before
		}
		took := b[:n]
		if p.secure != nil {
			var err error
			if took, err = p.secure.Unprotect(nil, took); err != nil {
				p.t.Fatalf("leg %d sent what its key does not fit: %v", p.leg.id, err)
			}
		}
		got, ok := parsePacket(took)
		if !ok {
			p.t.Fatalf("leg %d sent no RTP: % x", p.leg.id, b[:n])
		}
		p.follows(&got)
		if got.marker {
			p.markers++
		}
		p.packets++
		p.last = heardPacket{true, got.ssrc, got.seq, got.ts, len(got.payload)}
		pcm := make([]int16, len(got.payload)*p.codec.Scale())
		p.takes.Decode(pcm, got.payload)
		p.heard = append(p.heard, pcm...)
	}
}

// follows checks that a packet continues the one stream of its leg.
func (p *phone) follows(got *packet) {
	p.t.Helper()
	if !p.last.any {
		return
	}
	gap := int32(got.ts-p.last.ts) - int32(p.last.samples)
	switch {
	case got.ssrc != p.last.ssrc:
		p.t.Fatalf("leg %d: SSRC changed from %08x to %08x", p.leg.id, p.last.ssrc, got.ssrc)
	case got.seq != p.last.seq+1:
		p.t.Fatalf("leg %d: sequence number %d after %d", p.leg.id, got.seq, p.last.seq)
	case gap < 0:
		p.t.Fatalf("leg %d: timestamp overlaps by %d", p.leg.id, -gap)
	case gap > 0 != got.marker:
		p.t.Fatalf("leg %d: gap of %d with marker %v", p.leg.id, gap, got.marker)
	}
}

func (p *phone) forget() { p.heard = p.heard[:0] }

// event waits for the next event of a kind: events pass through a goroutine
// of the engine, which runs in real time.
func (p *phone) event(kind EventKind) Event {
	p.t.Helper()
	deadline := time.After(5 * time.Second)
	for {
		select {
		case v := <-p.events:
			if v.Kind == kind {
				return v
			}
		case <-deadline:
			p.t.Fatalf("leg %d: no event of kind %d", p.leg.id, kind)
		}
	}
}

// hears is the level of a frequency in what the phone heard.
func (p *phone) hears(freq float64) float64 {
	return sound.Goertzel(p.heard, p.codec.Rate(), freq)
}

// tone is a voice: a sine that never ends.
func tone(freq, dBFS float64) func(int64) int16 { return toneAt(8000, freq, dBFS) }

// toneAt is tone at another rate.
func toneAt(rate, freq, dBFS float64) func(int64) int16 {
	amplitude := 32767 * math.Pow(10, dBFS/20)
	return func(n int64) int16 {
		return int16(math.Round(amplitude * math.Sin(2*math.Pi*freq*float64(n)/rate)))
	}
}

var (
	talks   = Audio{Speaks: true, Hears: true}
	listens = Audio{Hears: true}
)

func cos2pi(x float64) float64 { return math.Cos(2 * math.Pi * x) }

func level(pcm []int16) float64 { return sound.Level(pcm) }

func portText(s *udp.Socket) string { return fmt.Sprint(s.Local().Port()) }
