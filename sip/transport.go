package sip

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// dialTimeout of an outgoing TCP or TLS connection, with its handshake.
const dialTimeout = 4 * time.Second

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
	a.wg.Go(func() {
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

// connect makes sure that sipgo has a connection to t in its pool.
func (a *Agent) connect(ctx context.Context, t target) error {
	if t.network == "udp" {
		return nil
	}
	if c, err := a.tpl.GetConnection(t.network, t.addr.String()); err == nil {
		_, _ = c.TryClose()
		return nil
	}
	_, err, _ := a.dials.Do(t.String(), func() (any, error) {
		if c, err := a.tpl.GetConnection(t.network, t.addr.String()); err == nil {
			_, _ = c.TryClose()
			return nil, nil
		}
		return nil, a.dial(ctx, t)
	})
	return err
}

func (a *Agent) dial(ctx context.Context, t target) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", t.addr.String())
	if err != nil {
		return fmt.Errorf("connect %s: %w", t, err)
	}
	into := a.dialedTCP
	if t.network == "tls" {
		tc := tls.Client(c, &tls.Config{RootCAs: a.roots, ServerName: t.host, MinVersion: tls.VersionTLS12})
		if err := tc.HandshakeContext(ctx); err != nil {
			_ = c.Close()
			return fmt.Errorf("connect %s as %s: %w", t, t.host, err)
		}
		c, into = tc, a.dialedTLS
	}
	sc := a.newStreamConn(c, strings.ToUpper(t.network))
	sc.heard = true // we speak first
	select {
	case into.conns <- sc:
	case <-ctx.Done():
		sc.end()
		return fmt.Errorf("connect %s: %w", t, ctx.Err())
	}
	select {
	case <-sc.serving:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("connect %s: %w", t, ctx.Err())
	}
}

func loadRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w: tls roots: %w", ErrConfig, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%w: tls roots: no certificate in %s", ErrConfig, file)
	}
	return pool, nil
}

// local says which of our addresses a request to t leaves from (zero: let the
// connection decide) and which one we call ourselves in Via and Contact.
func (a *Agent) local(t target) (from sip.Addr, host string, port int, err error) {
	var s socket
	for _, have := range a.sockets {
		if have.network == t.network && have.bound.Addr().Is4() == t.addr.Addr().Is4() {
			s = have
			break
		}
	}
	if !s.bound.IsValid() && t.network == "udp" {
		return sip.Addr{}, "", 0, fmt.Errorf("no udp listener can reach %s", t.addr)
	}
	port = int(s.bound.Port())
	if t.network == "udp" {
		from = sip.Addr{IP: net.IP(s.bound.Addr().AsSlice()), Port: port}
	}
	if a.cfg.Advertise != "" {
		h, p, err := net.SplitHostPort(a.cfg.Advertise)
		if err != nil {
			return from, strings.Trim(a.cfg.Advertise, "[]"), port, nil
		}
		n, err := strconv.Atoi(p)
		if err != nil {
			return from, h, port, fmt.Errorf("%w: advertise %q", ErrConfig, a.cfg.Advertise)
		}
		return from, h, n, nil
	}
	if s.bound.IsValid() && !s.bound.Addr().IsUnspecified() {
		return from, s.bound.Addr().String(), port, nil
	}
	return from, a.routeTo(t.addr), port, nil
}

// routeTo is the address this machine has towards dst. Nothing is sent.
func (a *Agent) routeTo(dst netip.AddrPort) string {
	c, err := net.Dial("udp", dst.String())
	if err != nil {
		return "127.0.0.1"
	}
	defer func() { _ = c.Close() }()
	return addrPortOf(c.LocalAddr()).Addr().String()
}

// quiet keeps sipgo from logging: its messages hold whole SIP messages, with
// full numbers in them. What matters is counted and logged here.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
