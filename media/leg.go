package media

import (
	"bytes"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"

	"partyline/media/codec"
	"partyline/media/sdp"
)

// Leg is the sound of one call. It begins in its pre-room.
type Leg struct {
	id      LegID
	engine  *Engine
	handler func(Event)
	stream  *stream
	home    *worker // where commands for it go; guarded by Engine.mu
	room    *Room   // the last it was brought into; guarded by Engine.mu
	closed  atomic.Bool
	seen    published

	mu     sync.Mutex // the session: one offer at a time
	local  sdp.Local
	said   []byte // our last description
	codec  string
	cipher string // of SRTP; empty: plain RTP
	agreed keys
	events bool // keys come as events
}

// ID is the leg's name in Changes and Events.
func (l *Leg) ID() LegID { return l.id }

// Offer makes an SDP offer: the first one for an INVITE, later ones for
// re-INVITEs of the same session.
func (l *Leg) Offer() ([]byte, error) {
	if l.closed.Load() {
		return nil, ErrClosed
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.describe(sdp.Local.Offer), nil
}

// describe makes a description with the next version of the session when it
// differs from the last one (RFC 3264 §8).
func (l *Leg) describe(make func(sdp.Local) []byte) []byte {
	b := make(l.local)
	if l.said != nil && !bytes.Equal(b, l.said) {
		l.local.Version++
		b = make(l.local)
	}
	l.said = b
	return b
}

// Accept takes the far end's answer to our Offer. On an error (ErrNoCodec,
// ErrBadSDP) the session goes on as it was.
func (l *Leg) Accept(answer []byte) (Direction, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	remote, err := l.local.ParseAnswer(answer)
	if err != nil {
		return 0, fmt.Errorf("media: answer: %w", err)
	}
	return l.agree(remote)
}

// Answer takes the far end's offer, of a re-INVITE or an UPDATE, and makes
// the answer (RFC 3264 §6.1). On an error the session goes on as it was.
func (l *Leg) Answer(offer []byte) (answer []byte, dir Direction, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o, err := l.local.ParseOffer(offer)
	if err != nil {
		return nil, 0, fmt.Errorf("media: offer: %w", err)
	}
	dir, err = l.agree(o.Remote)
	if err != nil {
		return nil, 0, err
	}
	return l.describe(o.Answer), dir, nil
}

// Hold makes the next Offer or Answer say that we put the far end on hold
// (sendonly), or no longer do.
func (l *Leg) Hold(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.local.Direction = sdp.SendRecv
	if on {
		l.local.Direction = sdp.SendOnly
	}
}

// agree puts the outcome of an exchange into effect on the next tick.
func (l *Leg) agree(r sdp.Remote) (Direction, error) {
	if r.Addr.IsValid() && r.Addr.Addr().Is4() != l.local.Addr.Is4() {
		return 0, fmt.Errorf("media: %w: address %s cannot be reached from %s", ErrBadSDP, r.Addr.Addr(), l.local.Addr)
	}
	coded, ok := codec.Named(r.Codec.Name)
	if !ok {
		return 0, ErrNoCodec
	}
	f := far{
		known:   true,
		codec:   coded,
		addr:    r.Addr,
		rtcp:    r.RTCP,
		pt:      r.Codec.PT,
		events:  r.HasEvents,
		eventPT: r.EventPT,
		clock:   r.EventRate,
		bytes:   payloadBytes(r),
		dir:     r.Direction.And(l.local.Direction),
		metrics: r.VoIPMetrics,
	}
	k, err := l.keysOf(r)
	if err != nil {
		return 0, err
	}
	if !l.do(func(w *worker) { l.stream.agree(w, f, k) }) {
		return 0, ErrClosed
	}
	l.agreed = keys{sending: k.sending, receiving: k.receiving}
	l.codec, l.cipher, l.events = r.Codec.Name, "", r.HasEvents
	if r.Encrypted() {
		l.cipher = r.Crypto.Key.Suite().String()
	}
	return f.dir, nil
}

// payloadBytes is how much sound goes into one packet: what the far end asks
// for, in steps of 10 ms and within what it takes (RFC 3551 §4.2).
func payloadBytes(r sdp.Remote) int {
	ms := r.Ptime
	if r.MaxPtime > 0 {
		ms = min(ms, r.MaxPtime)
	}
	return min(max(ms/10*10, 10), 60) * 8
}

// SetAudio says what a leg outside any room is given: a prompt, or silence.
// A leg in a room gets its audio from Room.Update.
func (l *Leg) SetAudio(a Audio) {
	l.do(func(w *worker) { l.stream.set(w, sanitized(a)) })
}

// sanitized has no Play without a Clip.
func sanitized(a Audio) Audio {
	if a.Play != nil && a.Play.Clip == nil {
		a.Play = nil
	}
	return a
}

// Close ends the leg: it leaves its room, says goodbye, and its ports rest.
// No event comes after Close. Closing twice is harmless.
func (l *Leg) Close() {
	e := l.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if l.closed.Swap(true) {
		return
	}
	delete(e.legs, l.id)
	if l.room != nil {
		l.room.legs--
	}
	l.home.load--
	l.home.post(command{legs: []*stream{l.stream}, run: func(w *worker) { w.remove(l.stream) }})
}

// do posts a command for this leg to wherever it is served; it is false when
// the leg is closed.
func (l *Leg) do(run func(w *worker)) bool {
	e := l.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if l.closed.Load() || e.closed {
		return false
	}
	l.home.post(command{legs: []*stream{l.stream}, run: run})
	return true
}

// LocalAddr is where the leg's RTP is received.
func (l *Leg) LocalAddr() netip.AddrPort {
	return netip.AddrPortFrom(l.local.Addr, uint16(l.local.Port))
}
