package sip

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"
)

// target is one address a request goes to.
type target struct {
	network string // "udp", "tcp" or "tls"
	addr    netip.AddrPort
	host    string // the name the address was found for: the TLS certificate must carry it
}

func (t target) String() string { return t.network + ":" + t.addr.String() }

// socket is one bound address.
type socket struct {
	network string
	bound   netip.AddrPort
	closer  io.Closer
}

// listen binds one entry of Config.Listen and starts reading it.
func (a *Agent) listen(entry string) error {
	network, address, err := splitListen(entry)
	if err != nil {
		return err
	}
	if network == "udp" {
		return a.listenUDP(address)
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("%w: listen %s: %w", ErrConfig, entry, err)
	}
	bound := ln.Addr()
	if network == "tls" {
		cert, err := tls.LoadX509KeyPair(a.cfg.TLSCert, a.cfg.TLSKey)
		if err != nil {
			_ = ln.Close()
			return fmt.Errorf("%w: listen %s: certificate: %w", ErrConfig, entry, err)
		}
		ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	}
	a.sockets = append(a.sockets, socket{network: network, bound: addrPortOf(bound), closer: ln})
	fl := &filteredListener{Listener: ln, agent: a, network: strings.ToUpper(network)}
	a.serve(func() error {
		if network == "tls" {
			return a.tpl.ServeTLS(fl)
		}
		return a.tpl.ServeTCP(fl)
	})
	return nil
}

func (a *Agent) listenUDP(address string) error {
	pc, err := a.packets(address)
	if err != nil {
		return fmt.Errorf("%w: listen udp:%s: %w", ErrConfig, address, err)
	}
	bound := addrPortOf(pc.LocalAddr())
	a.sockets = append(a.sockets, socket{network: "udp", bound: bound, closer: pc})
	a.serve(func() error { return a.tpl.ServeUDP(&filteredPacketConn{PacketConn: pc, agent: a}) })
	// sipgo enters the socket in its pool from the reader; before that a
	// request would open a second one.
	for range 1000 {
		if c, err := a.tpl.GetConnection("udp", pc.LocalAddr().String()); err == nil {
			_, _ = c.TryClose()
			return nil
		}
		if !a.pause(time.Millisecond) {
			break
		}
	}
	return fmt.Errorf("sip: listen udp:%s: the reader did not start", address)
}

func (a *Agent) serve(f func() error) {
	a.readers.Go(func() {
		if err := f(); err != nil && !errors.Is(err, net.ErrClosed) && a.ctx.Err() == nil {
			a.log.Error("a SIP listener stopped", "error", err)
		}
	})
}

// readBuffer bytes of a UDP socket: a burst of some thousand messages.
const readBuffer = 4 << 20

// packets opens a UDP socket; IPv4 and IPv6 apart, so that the socket's name
// is the one requests ask for.
func (a *Agent) packets(address string) (net.PacketConn, error) {
	if a.listenPacket != nil {
		return a.listenPacket(address)
	}
	network := "udp4"
	if host, _, err := net.SplitHostPort(address); err == nil && strings.Contains(host, ":") {
		network = "udp6"
	}
	var lc net.ListenConfig
	pc, err := lc.ListenPacket(a.ctx, network, address)
	if err != nil {
		return nil, err
	}
	if u, ok := pc.(*net.UDPConn); ok {
		_ = u.SetReadBuffer(readBuffer) // as much of it as the system gives
	}
	return pc, nil
}

// filteredListener closes connections of strangers before a byte is read.
type filteredListener struct {
	net.Listener
	agent   *Agent
	network string
}

func (l *filteredListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) || !l.agent.pause(10*time.Millisecond) {
				return nil, net.ErrClosed
			}
			continue
		}
		if !l.agent.known(addrPortOf(c.RemoteAddr()).Addr()) {
			l.agent.stats.strangers.Add(1)
			_ = c.Close()
			continue
		}
		return l.agent.newStreamConn(c, l.network), nil
	}
}

// dialed is the listener through which our own connections enter sipgo.
type dialed struct {
	conns chan net.Conn
	done  <-chan struct{}
}

func (d *dialed) Accept() (net.Conn, error) {
	select {
	case c := <-d.conns:
		return c, nil
	case <-d.done:
		return nil, net.ErrClosed
	}
}
func (d *dialed) Close() error   { return nil }
func (d *dialed) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero} }

// quiet keeps sipgo from logging: its messages hold whole SIP messages, with
// full numbers in them. What matters is counted and logged here.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
