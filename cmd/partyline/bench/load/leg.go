package load

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"

	"partyline/cmd/partyline/bench/ear"
	"partyline/cmd/partyline/bench/plan"
	"partyline/media/udp"
)

// leg is one phone's audio. All of it but the atomics belongs to its shard.
type leg struct {
	index   int
	plan    plan.Leg
	speaker *leg // whose marks it hears, nil for none
	rtp     *udp.Socket
	rtcp    *udp.Socket // bound so that the bridge's reports go somewhere, as with a real phone

	dest   atomic.Pointer[udp.Dest] // where to send; nil: on the hook
	rule   atomic.Pointer[ear.Rule]
	marked atomic.Int64 // when its newest mark left, by the wall clock
	wild   atomic.Bool  // its packets are delayed at random

	sending *udp.Dest
	packet  [12 + ear.FrameSize]byte
	seq     uint16
	ts      uint32
	frames  int // spoken in this call
	plain   *ear.Frame
	burst   *ear.Frame
	late    []delayed

	line  ear.Line
	ear   ear.Ear
	spurt ear.Spurts
}

// delayed is a packet on its way through a bad network.
type delayed struct {
	due    int64
	packet [12 + ear.FrameSize]byte
}

// A mark is made once a second; in spurts, half a second after the beginning.
const markEvery = 50

func newLeg(i int, p plan.Leg) (*leg, error) {
	l := &leg{index: i, plan: p, plain: ear.Voice(p.Voice)}
	l.rule.Store(&l.plan.Rule)
	if p.Marks || p.Spurts {
		l.burst = ear.Marked(p.Voice)
	}
	if p.Spurts {
		l.late = make([]delayed, 0, 8)
	}
	copy(l.packet[12:], l.plain[:])
	l.packet[0] = 0x80
	var err error
	l.rtp, l.rtcp, err = pair()
	return l, err
}

// pair binds an even port and the odd one above it.
func pair() (rtp, rtcp *udp.Socket, err error) {
	any := netip.MustParseAddrPort("127.0.0.1:0")
	for range 200 {
		if rtp, err = udp.Listen(any); err != nil {
			return nil, nil, err
		}
		if port := rtp.Local().Port(); port%2 == 0 {
			if rtcp, err = udp.Listen(netip.AddrPortFrom(any.Addr(), port+1)); err == nil {
				return rtp, rtcp, nil
			}
		}
		_ = rtp.Close()
	}
	return nil, nil, fmt.Errorf("no two free UDP ports in a row: %w", err)
}

func (l *leg) close() {
	_ = l.rtp.Close()
	_ = l.rtcp.Close()
}

// dial begins a stream of its own for a call that has just been answered.
func (l *leg) dial(to *udp.Dest) {
	l.sending = to
	l.line.Hang()
	l.frames = 0
	l.seq, l.ts = uint16(rand.Uint32()), rand.Uint32()
	binary.BigEndian.PutUint32(l.packet[8:], rand.Uint32())
	l.packet[1] = 0x80 // the first packet of a talk spurt
}

// next is the packet that is due; it tells whether it carries a mark.
func (l *leg) next() (marked bool) {
	binary.BigEndian.PutUint16(l.packet[2:], l.seq)
	binary.BigEndian.PutUint32(l.packet[4:], l.ts)
	l.seq++
	l.ts += ear.FrameSize
	l.frames++
	if l.burst == nil {
		return false
	}
	voice := l.plain
	switch at := l.frames % ear.SpurtPeriod; {
	case l.plan.Spurts && at >= ear.SpurtFrames:
		voice = silence
	case l.plan.Spurts && at == 25, l.plan.Marks && l.frames%markEvery == 0:
		voice, marked = l.burst, true
	}
	copy(l.packet[12:], voice[:])
	return marked
}

var silence = ear.Voice(-1)
