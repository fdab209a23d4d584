package sip

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// dialTimeout of an outgoing TCP or TLS connection, with its handshake.
const dialTimeout = 4 * time.Second

// connect makes sure that sipgo has a connection to t in its pool.
func (a *Agent) connect(ctx context.Context, t target) error {
	if t.network == "udp" {
		return nil
	}
	if a.stream(t) != nil {
		return nil
	}
	_, err, _ := a.dials.Do(t.String(), func() (any, error) {
		if a.stream(t) != nil {
			return nil, nil
		}
		return nil, a.dial(ctx, t)
	})
	return err
}

// stream is the connection to t in sipgo's pool; nil without a living one.
func (a *Agent) stream(t target) *streamConn {
	c, err := a.tpl.GetConnection(t.network, t.addr.String())
	if err != nil {
		return nil
	}
	defer func() { _, _ = c.TryClose() }()
	tc, ok := c.(*sip.TCPConnection)
	if !ok {
		return nil
	}
	sc, ok := tc.Conn.(*streamConn)
	if !ok {
		return nil
	}
	select {
	case <-sc.gone: // its reader has not taken it out yet
		a.tpl.Pool(t.network).Delete(t.addr.String())
		return nil
	default:
		return sc
	}
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
