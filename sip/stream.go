package sip

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"partyline/sip/edge"
)

// Limits of one TCP or TLS connection.
const (
	partialTimeout = 10 * time.Second // from a message's first byte to its last; also to the first message
	idleTimeout    = 5 * time.Minute  // between messages
	writeTimeout   = 5 * time.Second
)

var errFraming = errors.New("sip: stream without message boundaries")

// streamConn hands on one admitted message after the other. It finds the
// message boundaries itself, so that a broken message is refused alone, a slow
// sender is cut off, and a keep-alive is answered without waking the parser.
type streamConn struct {
	net.Conn
	agent   *Agent
	network string // "TCP" or "TLS"
	peer    netip.AddrPort

	buf   []byte // read but not yet handed on
	ready []byte // the rest of an admitted message
	heard bool   // a first message came

	reading sync.Once
	serving chan struct{} // closed at the first Read: the connection is in sipgo's pool
	ended   sync.Once
	died    sync.Once
	gone    chan struct{} // closed when it can no longer be used
}

func (a *Agent) newStreamConn(c net.Conn, network string) *streamConn {
	a.readers.Add(1)
	return &streamConn{Conn: c, agent: a, network: network, peer: addrPortOf(c.RemoteAddr()), serving: make(chan struct{}), gone: make(chan struct{})}
}

func (c *streamConn) Read(p []byte) (int, error) {
	c.reading.Do(func() { close(c.serving) })
	for len(c.ready) == 0 {
		if err := c.nextMessage(); err != nil {
			c.end()
			return 0, err
		}
	}
	n := copy(p, c.ready)
	c.ready = c.ready[n:]
	return n, nil
}

// end is reached once, when sipgo's reader is about to leave.
func (c *streamConn) end() {
	c.ended.Do(func() {
		c.dead()
		c.agent.readers.Done()
	})
}

// dead closes the connection, be it that reading or that writing failed first.
func (c *streamConn) dead() {
	c.died.Do(func() {
		_ = c.Conn.Close()
		close(c.gone)
	})
}

// Close is sipgo's way to end it.
func (c *streamConn) Close() error {
	c.dead()
	return nil
}

// nextMessage sets ready to the next message that the gate lets through.
func (c *streamConn) nextMessage() error {
	for {
		c.dropKeepAlive()
		size, last := edge.Frame(c.buf)
		if size == 0 {
			if err := c.fill(); err != nil {
				return err
			}
			continue
		}
		msg := bytes.Clone(c.buf[:size])
		c.buf = append(c.buf[:0], c.buf[size:]...)
		c.heard = true
		if c.agent.deaf.Load() {
			continue
		}
		d := c.agent.gate.Admit(c.network, c.peer, msg)
		if d.Reply != nil {
			_, _ = c.Write(d.Reply)
		}
		if last { // nobody knows where the next message begins
			return errFraming
		}
		if len(d.Pass) > 0 {
			c.ready = d.Pass
			return nil
		}
	}
}

func (c *streamConn) fill() error {
	wait := idleTimeout
	if len(c.buf) > 0 || !c.heard {
		wait = partialTimeout
	}
	// The deadline of a message under way is not moved by each byte of it.
	if len(c.buf) == 0 {
		if err := c.Conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
			return err
		}
	}
	var chunk [8 << 10]byte
	n, err := c.Conn.Read(chunk[:])
	if n > 0 {
		if len(c.buf) == 0 {
			if err := c.Conn.SetReadDeadline(time.Now().Add(partialTimeout)); err != nil {
				return err
			}
		}
		c.buf = append(c.buf, chunk[:n]...)
		return nil
	}
	return err
}

// dropKeepAlive takes CRLFs from between messages and answers a ping, which is
// two of them (RFC 5626 §3.5.1).
func (c *streamConn) dropKeepAlive() {
	for len(c.buf) >= 2 && c.buf[0] == '\r' && c.buf[1] == '\n' {
		if len(c.buf) >= 4 && c.buf[2] == '\r' && c.buf[3] == '\n' {
			c.buf = c.buf[2:]
			_, _ = c.Write([]byte("\r\n"))
		}
		c.buf = c.buf[2:]
	}
}

func (c *streamConn) Write(p []byte) (int, error) {
	if err := c.Conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		c.dead()
		return 0, err
	}
	n, err := c.Conn.Write(p)
	if err != nil {
		c.dead()
	}
	return n, err
}
