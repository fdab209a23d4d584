package e2e

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"partyline/media/g711"
	"partyline/media/sound"
	"partyline/sip/siptest"
)

// phone is one phone of an exchange.
type phone struct {
	x      *exchange
	number string
	invite *siptest.Incoming
	ear    *ear
	slow   time.Duration // to speak after it has answered

	bridge                          atomic.Pointer[netip.AddrPort] // where it sends
	voice                           atomic.Pointer[voice]
	answered, acked, ended, talking atomic.Bool
	answeredAt                      atomic.Int64 // Unix nanoseconds

	mu      sync.Mutex
	conn    *net.UDPConn   // for RTP, of now
	conns   []*net.UDPConn // all there were, also for RTCP
	stream  *stream
	version int
}

func (p *phone) listen() error {
	conn, control, err := pair(p.x.address)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.conn = conn
	p.conns = append(p.conns, conn, control)
	p.mu.Unlock()
	p.x.wg.Go(func() {
		b := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			if from == *p.bridge.Load() {
				p.ear.hear(b[:n])
			}
		}
	})
	return nil
}

func (p *phone) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
}

// pickUp answers the call.
func (p *phone) pickUp() {
	p.answeredAt.Store(time.Now().UnixNano())
	p.answered.Store(true)
	p.invite.Reply(200, siptest.Body(p.describe("sendrecv")))
}

// talk makes it send its voice from now on, when it has answered.
func (p *phone) talk() { p.talking.Store(true) }

// speaks tells whether it sends its voice now.
func (p *phone) speaks(now time.Time) bool {
	return p.talking.Load() && p.answered.Load() && !p.ended.Load() && now.UnixNano()-p.answeredAt.Load() >= int64(p.slow)
}

func (p *phone) say(v voice) { p.voice.Store(&v) }

// reinvited answers the bridge's hold or resume.
func (p *phone) reinvited(in *siptest.Incoming) {
	if to, err := soundOf(in.Body); err == nil {
		p.bridge.Store(&to)
	}
	direction := "sendrecv"
	if strings.Contains(in.Body, "a=sendonly") {
		direction = "recvonly"
	}
	if p.x.moves.Load() && !in.Again && p.number[len(p.number)-1]%2 == 1 {
		if err := p.listen(); err != nil {
			p.x.t.Errorf("no port for a phone: %v", err)
		}
	}
	in.Reply(200, siptest.Body(p.describe(direction)))
}

func (p *phone) describe(direction string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.version++
	port := p.conn.LocalAddr().(*net.UDPAddr).Port
	return fmt.Sprintf("v=0\r\no=phone 1 %d IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"+
		"m=audio %d RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=%s\r\n", p.version, p.x.address, p.x.address, port, direction)
}

func (p *phone) speak() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = p.conn.WriteToUDPAddrPort(p.stream.next(p.voice.Load()), *p.bridge.Load())
}

// forge sends a packet from the phone's own port.
func (p *phone) forge(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = p.conn.WriteToUDPAddrPort(b, *p.bridge.Load())
}

// ear measures what comes from the bridge.
type ear struct {
	mu      sync.Mutex
	tones   []float64
	window  []int16
	ssrc    uint32 // of the bridge
	packets int    // since the last time it was asked
	heard   heardTones
	first   []time.Time // by tone: when it was first in a packet
}

// heardTones are windows of 100 ms.
type heardTones struct {
	windows int
	loudest []float64 // by tone, dBFS
}

func newEar(tones []float64) *ear {
	e := &ear{tones: tones, first: make([]time.Time, len(tones))}
	e.heard = e.deaf()
	return e
}

func (e *ear) deaf() heardTones {
	h := heardTones{loudest: make([]float64, len(e.tones))}
	for i := range e.tones {
		h.loudest[i] = -120
	}
	return h
}

func (e *ear) hear(b []byte) {
	if len(b) < 12 || b[0] != 0x80 || b[1]&0x7F != 0 {
		return
	}
	var pcm [480]int16
	n := len(b) - 12
	if n > len(pcm) {
		return
	}
	g711.DecodeMu(pcm[:], b[12:])
	e.mu.Lock()
	defer e.mu.Unlock()
	e.packets++
	e.ssrc = uint32(b[8])<<24 | uint32(b[9])<<16 | uint32(b[10])<<8 | uint32(b[11])
	for i, f := range e.tones {
		if e.first[i].IsZero() && sound.Goertzel(pcm[:n], rate, f) > -30 {
			e.first[i] = time.Now()
		}
	}
	if e.window = append(e.window, pcm[:n]...); len(e.window) < rate/10 {
		return
	}
	for i, f := range e.tones {
		e.heard.loudest[i] = max(e.heard.loudest[i], sound.Goertzel(e.window, rate, f))
	}
	e.heard.windows++
	e.window = e.window[:0]
}

// heardFirst is when a tone was first heard; zero before.
func (e *ear) heardFirst(tone int) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.first[tone]
}

// source is the bridge's SSRC, 0 before anything came.
func (e *ear) source() uint32 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ssrc
}

// taken is how many packets came since this was asked before.
func (e *ear) taken() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.packets
	e.packets = 0
	return n
}

// anew forgets what was heard.
func (e *ear) anew() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard, e.window, e.packets = e.deaf(), e.window[:0], 0
}

func (e *ear) sofar() heardTones {
	e.mu.Lock()
	defer e.mu.Unlock()
	return heardTones{e.heard.windows, append([]float64(nil), e.heard.loudest...)}
}

// hears waits until every phone has heard so many windows of 100 ms anew, and
// returns what they were.
func (x *exchange) hears(windows int) []heardTones {
	x.t.Helper()
	phones := x.all()
	for _, p := range phones {
		p.ear.anew()
	}
	out := make([]heardTones, len(phones))
	until(x.t, fmt.Sprintf("all phones hear %d ms", 100*windows), 20*time.Second, func() bool {
		for i, p := range phones {
			if out[i] = p.ear.sofar(); out[i].windows < windows {
				return false
			}
		}
		return true
	})
	return out
}
