package siptest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long an Expect waits before it fails the test; virtual time
// in a synctest bubble.
const patience = 45 * time.Second

// writer sends bytes back to where a message came from.
type writer func(b []byte) error

// Peer is a far end. It logs everything it gets, and hands each new message to
// whoever expects it.
type Peer struct {
	tb      testing.TB
	network string
	addr    string
	closer  io.Closer
	dial    func(addr string) (writer, error)

	mu      sync.Mutex
	log     []*Message
	seen    map[string]bool
	queue   []*Incoming
	changed chan struct{} // closed and replaced when the queue grows
	handler func(*Incoming) bool
	conns   []net.Conn
	closed  bool
	wg      sync.WaitGroup
}

// Incoming is a message that came, and the way back.
type Incoming struct {
	*Message
	peer  *Peer
	reply writer
	tag   string
}

// UDP starts a peer on a free UDP port of the loopback. It is closed at the
// end of the test.
func UDP(tb testing.TB) *Peer {
	tb.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	if u, ok := pc.(*net.UDPConn); ok {
		_ = u.SetReadBuffer(4 << 20)
	}
	return On(tb, pc)
}

// On starts a peer on a packet socket, which it closes.
func On(tb testing.TB, pc net.PacketConn) *Peer {
	p := newPeer(tb, "udp", pc.LocalAddr().String(), pc)
	p.dial = func(addr string) (writer, error) {
		to, err := net.ResolveUDPAddr("udp", addr)
		if err != nil {
			return nil, err
		}
		return func(b []byte) error { _, err := pc.WriteTo(b, to); return err }, nil
	}
	p.wg.Go(func() {
		buf := make([]byte, 64<<10)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			p.received(bytes.Clone(buf[:n]), from, func(b []byte) error { _, err := pc.WriteTo(b, from); return err })
		}
	})
	return p
}

// TCP starts a peer on a free TCP port of the loopback.
func TCP(tb testing.TB) *Peer {
	tb.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return OnStream(tb, "tcp", ln)
}

// OnStream starts a peer on a listener of "tcp" or "tls", which it closes.
func OnStream(tb testing.TB, network string, ln net.Listener) *Peer {
	p := newPeer(tb, network, ln.Addr().String(), ln)
	p.wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.conns = append(p.conns, c)
			closed := p.closed
			p.mu.Unlock()
			if closed {
				_ = c.Close()
				return
			}
			p.wg.Go(func() { p.readStream(c) })
		}
	})
	return p
}

func newPeer(tb testing.TB, network, addr string, closer io.Closer) *Peer {
	p := &Peer{tb: tb, network: network, addr: addr, closer: closer, seen: map[string]bool{}, changed: make(chan struct{})}
	tb.Cleanup(p.Close)
	return p
}

// Close the peer's sockets and wait for its goroutines.
func (p *Peer) Close() {
	p.mu.Lock()
	p.closed = true
	conns := p.conns
	p.mu.Unlock()
	_ = p.closer.Close()
	for _, c := range conns {
		_ = c.Close()
	}
	p.wg.Wait()
}

// HangUpConnections closes the peer's TCP connections and goes on listening.
func (p *Peer) HangUpConnections() {
	p.mu.Lock()
	conns := p.conns
	p.conns = nil
	p.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
	}
}

// Addr is host:port.
func (p *Peer) Addr() string { return p.addr }

// URI is the peer as a trunk's address.
func (p *Peer) URI() string { return "sip:" + p.addr + ";transport=" + p.network }

func (p *Peer) readStream(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		raw, err := readMessage(r)
		if err != nil {
			return
		}
		p.received(raw, c.RemoteAddr(), func(b []byte) error { _, err := c.Write(b); return err })
	}
}

// readMessage reads one message with a Content-Length.
func readMessage(r *bufio.Reader) ([]byte, error) {
	var raw []byte
	length := 0
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		if len(raw) == 0 && len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		raw = append(raw, line...)
		if name, value, ok := strings.Cut(string(line), ":"); ok && strings.EqualFold(name, "Content-Length") {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
		if len(bytes.TrimSpace(line)) == 0 {
			break
		}
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	return append(raw, body...), nil
}

// Handle sets what looks at each new request first; true takes it from those
// who expect it. It runs in the peer's reader.
func (p *Peer) Handle(h func(*Incoming) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handler = h
}

func (p *Peer) received(raw []byte, from net.Addr, back writer) {
	m, err := Parse(raw)
	if err != nil {
		p.tb.Errorf("peer %s got something else than SIP: %q", p.addr, raw)
		return
	}
	m.From = from.String()
	in := &Incoming{Message: m, peer: p, reply: back, tag: "peer"}
	p.mu.Lock()
	if m.IsRequest() {
		m.Again = p.seen[m.transaction()]
		p.seen[m.transaction()] = true
	}
	p.log = append(p.log, m)
	h := p.handler
	p.mu.Unlock()
	if h != nil && h(in) {
		return
	}
	if m.Again {
		return
	}
	p.mu.Lock()
	p.queue = append(p.queue, in)
	close(p.changed)
	p.changed = make(chan struct{})
	p.mu.Unlock()
}

func (p *Peer) record(raw string) {
	m, err := Parse([]byte(raw))
	if err != nil {
		p.tb.Errorf("peer %s would send nonsense: %q", p.addr, raw)
		return
	}
	m.Sent = true
	p.mu.Lock()
	p.log = append(p.log, m)
	p.mu.Unlock()
}

// Log is everything sent and received so far.
func (p *Peer) Log() []*Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*Message(nil), p.log...)
}

// Received are the requests with a method that came so far, without repeats.
func (p *Peer) Received(method string) []*Message {
	var out []*Message
	for _, m := range p.Log() {
		if !m.Sent && !m.Again && m.IsRequest() && m.Method() == method {
			out = append(out, m)
		}
	}
	return out
}

// Repeats counts the requests with a method that came again.
func (p *Peer) Repeats(method string) int {
	n := 0
	for _, m := range p.Log() {
		if m.Again && m.Method() == method {
			n++
		}
	}
	return n
}

// Expect waits for a request with a method; what else comes stays in the queue.
func (p *Peer) Expect(method string) *Incoming {
	p.tb.Helper()
	return p.ExpectWithin(method, patience)
}

// ExpectWithin is Expect with another patience.
func (p *Peer) ExpectWithin(method string, patience time.Duration) *Incoming {
	p.tb.Helper()
	return p.wait(method, patience, func(in *Incoming) bool { return in.IsRequest() && in.Method() == method })
}

// ExpectResponse waits for a final response to a method with a CSeq.
func (p *Peer) ExpectResponse(method string, cseq int) *Incoming {
	p.tb.Helper()
	return p.wait(fmt.Sprintf("response to %s %d", method, cseq), patience, func(in *Incoming) bool {
		return in.Code() >= 200 && in.Method() == method && in.CSeq() == cseq
	})
}

func (p *Peer) wait(what string, patience time.Duration, fits func(*Incoming) bool) *Incoming {
	p.tb.Helper()
	t := time.NewTimer(patience)
	defer t.Stop()
	for {
		p.mu.Lock()
		for i, in := range p.queue {
			if fits(in) {
				p.queue = append(p.queue[:i:i], p.queue[i+1:]...)
				p.mu.Unlock()
				return in
			}
		}
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-t.C:
			p.tb.Fatalf("peer %s: no %s came; the log:\n%s", p.addr, what, p.Dump())
		}
	}
}

// Dump is the log as text.
func (p *Peer) Dump() string {
	var b strings.Builder
	for _, m := range p.Log() {
		b.WriteString(m.String() + "\n")
	}
	return b.String()
}
