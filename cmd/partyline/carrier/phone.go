package carrier

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"partyline/media/g711"
)

const (
	ptime     = 20 * time.Millisecond
	frameSize = 160 // samples, 8 kHz
	eventPT   = 101
)

// voiceKind is how a phone sounds.
type voiceKind int

const (
	steady   voiceKind = iota // its own tone, all the time
	greeting                  // three seconds of syllables, a beep, then silence
	unsteady                  // its own tone over a line that loses 5 % and reorders 5 %
)

// phone is the audio end of one call.
type phone struct {
	conn  *net.UDPConn
	local netip.AddrPort
	ear   *ear
	tone  float64
	voice voiceKind
	sent  atomic.Uint64

	mu      sync.Mutex // guards what the script changes while the choir sings
	remote  netip.AddrPort
	agreed  bool
	alaw    bool // once agreed
	onHold  bool
	keys    []keyPress
	late    []byte // a packet kept back to be sent out of order
	ssrc    uint32
	seq     uint16
	ts      uint32
	samples int // spoken so far, for the tone's phase
	started bool
	version int
	done    chan struct{}
}

// keyPress is an RFC 4733 event being sent.
type keyPress struct {
	event byte
	ts    uint32
	step  int // packets sent: five of 20 ms, then two more copies of the end
}

const (
	keyPackets = 5
	keyRepeats = 2
)

// newPhone is a phone that takes an offer.
func newPhone(k *call, offer []byte) (*phone, error) {
	p, err := openPhone(k)
	if err != nil {
		return nil, err
	}
	if err := p.agree(offer); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// openPhone is a phone that does not know yet with whom it will speak: until
// agree it offers both laws and says nothing.
func openPhone(k *call) (*phone, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(k.c.addr.Addr(), 0)))
	if err != nil {
		return nil, err
	}
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	p := &phone{
		conn:  conn,
		local: netip.AddrPortFrom(local.Addr().Unmap(), local.Port()),
		ear:   newEar(k.c.opts),
		tone:  toneOf(k.number),
		voice: k.sing,
		ssrc:  rand.Uint32(),
		seq:   uint16(rand.Uint32()),
		ts:    rand.Uint32(),
		done:  make(chan struct{}),
	}
	go func() { defer close(p.done); p.listen() }()
	return p, nil
}

// agree takes the far end's description, an offer or an answer: where to send
// audio, and by which law.
func (p *phone) agree(sdp []byte) error {
	remote, payload, err := readSDP(sdp)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remote, p.alaw, p.agreed = remote, payload == 8, true
	return nil
}

func (p *phone) close() {
	_ = p.conn.Close()
	<-p.done
}

func (p *phone) listen() {
	buf := make([]byte, 2048)
	var pcm [960]int16
	for {
		n, _, err := p.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n < 12 || buf[0]>>6 != 2 {
			continue
		}
		payload := buf[12:n]
		switch pt := buf[1] & 0x7f; {
		case pt == 0 && len(payload) <= len(pcm):
			g711.DecodeMu(pcm[:], payload)
		case pt == 8 && len(payload) <= len(pcm):
			g711.DecodeA(pcm[:], payload)
		default:
			continue
		}
		p.ear.hear(time.Now(), binary.BigEndian.Uint16(buf[2:]), binary.BigEndian.Uint32(buf[4:]), binary.BigEndian.Uint32(buf[8:]), pcm[:len(payload)])
	}
}

func (p *phone) hold(on bool) {
	p.mu.Lock()
	p.onHold = on
	p.mu.Unlock()
}

func (p *phone) press(key byte) {
	event := byte(strings.IndexByte("0123456789*#ABCD", key))
	p.mu.Lock()
	p.keys = append(p.keys, keyPress{event: event})
	p.mu.Unlock()
}

// retarget follows the far end's new SDP.
func (p *phone) retarget(sdp []byte) {
	if remote, _, err := readSDP(sdp); err == nil {
		p.mu.Lock()
		p.remote = remote
		p.mu.Unlock()
	}
}

// speak sends what is due in one 20 ms frame.
func (p *phone) speak() {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b [12 + frameSize]byte
	b[0] = 0x80
	binary.BigEndian.PutUint16(b[2:], p.seq)
	binary.BigEndian.PutUint32(b[4:], p.ts)
	binary.BigEndian.PutUint32(b[8:], p.ssrc)
	p.ts += frameSize
	if len(p.keys) > 0 {
		p.sendKey(b[:16])
		return
	}
	if p.onHold {
		return
	}
	var pcm [frameSize]int16
	for i := range pcm {
		pcm[i] = p.sample(p.samples)
		p.samples++
	}
	if p.alaw {
		b[1] = 8
		g711.EncodeA(b[12:], pcm[:])
	} else {
		g711.EncodeMu(b[12:], pcm[:])
	}
	if !p.started {
		b[1] |= 0x80 // RFC 3551 §4.1: marker on the first packet of a talk spurt
		p.started = true
	}
	p.seq++
	p.transmit(b[:])
}

// transmit sends a packet, unless the line is bad and fate is against it.
func (p *phone) transmit(b []byte) {
	if p.voice == unsteady {
		switch n := rand.IntN(100); {
		case n < 5:
			return // lost
		case n < 10 && p.late == nil:
			p.late = append([]byte(nil), b...) // overtaken by the next one
			return
		}
	}
	p.write(b)
	if p.late != nil {
		p.write(p.late)
		p.late = nil
	}
}

func (p *phone) write(b []byte) {
	if _, err := p.conn.WriteToUDPAddrPort(b, p.remote); err == nil {
		p.sent.Add(1)
	}
}

// sendKey sends one step of the key press at the head of the queue (RFC 4733 §2.5).
func (p *phone) sendKey(b []byte) {
	k := &p.keys[0]
	if k.step == 0 {
		k.ts = binary.BigEndian.Uint32(b[4:])
		b[1] = 0x80
	}
	k.step++
	b[1] |= eventPT
	binary.BigEndian.PutUint32(b[4:], k.ts)
	b[12] = k.event
	b[13] = 10 // −10 dBm0
	if k.step >= keyPackets {
		b[13] |= 0x80 // end
	}
	binary.BigEndian.PutUint16(b[14:], uint16(min(k.step, keyPackets)*frameSize))
	p.seq++
	p.write(b)
	if k.step == keyPackets+keyRepeats {
		p.keys = p.keys[1:]
	}
}

// level of a phone's voice: −20 dBFS.
const level = 0.1 * 32767

func (p *phone) sample(n int) int16 {
	t := float64(n) / 8000
	switch {
	case p.voice == greeting && t < 3: // syllables: three formants, four a second
		a := 0.5 - 0.5*math.Cos(2*math.Pi*4*t)
		return int16(a * level * (math.Sin(2*math.Pi*300*t) + 0.5*math.Sin(2*math.Pi*870*t) + 0.3*math.Sin(2*math.Pi*2240*t)))
	case p.voice == greeting && t > 3.5 && t < 4:
		return int16(level * math.Sin(2*math.Pi*1400*t))
	case p.voice == greeting:
		return 0
	}
	return int16(level * math.Sqrt2 * math.Sin(2*math.Pi*p.tone*t))
}

// describe is the phone's session description.
func (p *phone) describe(direction string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.version++
	payloads, maps := "0 8", "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
	switch {
	case p.agreed && p.alaw:
		payloads, maps = "8", "a=rtpmap:8 PCMA/8000\r\n"
	case p.agreed:
		payloads, maps = "0", "a=rtpmap:0 PCMU/8000\r\n"
	}
	ip := p.local.Addr()
	family := "IP4"
	if ip.Is6() {
		family = "IP6"
	}
	return fmt.Sprintf("v=0\r\no=phone %d %d IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\n"+
		"m=audio %d RTP/AVP %s %d\r\n%sa=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\na=ptime:20\r\na=%s\r\n",
		p.ssrc, p.version, family, ip, family, ip, p.local.Port(), payloads, eventPT, maps, eventPT, eventPT, direction)
}

// readSDP finds where to send audio, and whether as PCMU (0) or PCMA (8),
// whichever the other side names first.
func readSDP(body []byte) (to netip.AddrPort, payload int, err error) {
	var ip netip.Addr
	port, payload := 0, -1
	for line := range strings.Lines(string(body)) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "c=IN IP"); ok && len(rest) > 2 {
			ip, _ = netip.ParseAddr(strings.TrimSpace(rest[1:]))
		}
		if rest, ok := strings.CutPrefix(line, "m=audio "); ok && port == 0 {
			f := strings.Fields(rest)
			if len(f) < 3 {
				break
			}
			port, _ = strconv.Atoi(f[0])
			for _, pt := range f[2:] {
				if (pt == "0" || pt == "8") && payload < 0 {
					payload, _ = strconv.Atoi(pt)
				}
			}
		}
	}
	if !ip.IsValid() || port <= 0 || port > 65535 || payload < 0 {
		return to, 0, errors.New("carrier: no G.711 audio in the session description")
	}
	return netip.AddrPortFrom(ip, uint16(port)), payload, nil
}
