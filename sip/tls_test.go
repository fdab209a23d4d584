package sip

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"partyline/sip/siptest"
)

// certificate writes a self-signed certificate for a name.
func certificate(t *testing.T, name string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	der2, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: der2}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// tlsCarrier is a trunk that is called by a name and shows a certificate for
// one.
func tlsCarrier(t *testing.T, called, certified string) (*rig, *siptest.Peer) {
	t.Helper()
	cert, key := certificate(t, certified)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := tls.Listen("tcp4", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	peer := siptest.OnStream(t, "tls", ln)
	_, port, err := net.SplitHostPort(peer.Addr())
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, peers: []*siptest.Peer{peer}}
	r.start(Config{
		Listen: []string{"tls:127.0.0.1:0"}, TLSCert: cert, TLSKey: key, TLSRoots: cert,
		Trunks: []Trunk{{Name: "a", URI: "sips:" + called + ":" + port}},
	}, nil, WithResolver(hosts{called: {netip.MustParseAddr("127.0.0.1")}}))
	t.Cleanup(r.stop)
	return r, peer
}

func TestCallOverTLS(t *testing.T) {
	r, peer := tlsCarrier(t, "carrier.example", "carrier.example")
	w := r.dial()
	inv := peer.Expect("INVITE")
	if !strings.HasPrefix(inv.URI(), "sips:+12025550100@carrier.example") || !strings.HasPrefix(inv.Get("Via"), "SIP/2.0/TLS ") {
		t.Errorf("INVITE: %s", inv.Raw)
	}
	inv.Reply(180)
	inv.Reply(200, siptest.Body(siptest.SDP))
	peer.Expect("ACK")
	w.want(EventTrying, EventRinging, EventAnswered)
	if res := inv.Dialog().Ask("BYE"); res.Code() != 200 {
		t.Errorf("BYE answered %d", res.Code())
	}
	w.ended(CauseHangup)
}

// The certificate has to carry the name the trunk is called by, not the one
// its address was found under.
func TestFault15WrongCertificate(t *testing.T) {
	r, _ := tlsCarrier(t, "carrier.example", "somebody.example")
	w := r.dial()
	w.want(EventTrying)
	if e := w.ended(CauseTrunkFailure); !strings.Contains(e.Phrase, "somebody.example") {
		t.Errorf("phrase %q does not name the certificate", e.Phrase)
	}
}

func TestIncomingTLSConnection(t *testing.T) {
	r, _ := tlsCarrier(t, "carrier.example", "carrier.example")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := r.agent.targets(ctx, r.agent.cfg.Trunks[0]); err != nil { // lets its address in
		t.Fatal(err)
	}
	c, err := tls.Dial("tcp", strings.TrimPrefix(r.agent.Addrs()[0], "tls:"), &tls.Config{RootCAs: r.agent.roots, ServerName: "carrier.example"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Write([]byte("OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n" +
		"To: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 2048)
	n, err := c.Read(b)
	if err != nil || !strings.HasPrefix(string(b[:n]), "SIP/2.0 200 ") {
		t.Errorf("answered %q, %v", b[:n], err)
	}
}

func TestFault15NextAddressWhenOneRefuses(t *testing.T) {
	peer := siptest.TCP(t)
	_, port, _ := net.SplitHostPort(peer.Addr())
	r := &rig{t: t, peers: []*siptest.Peer{peer}}
	r.start(Config{
		Listen: []string{"tcp:127.0.0.1:0"},
		Trunks: []Trunk{{Name: "a", URI: "sip:carrier.example:" + port + ";transport=tcp"}},
	}, nil, WithResolver(hosts{"carrier.example": {netip.MustParseAddr("127.0.0.8"), netip.MustParseAddr("127.0.0.1")}}))
	t.Cleanup(r.stop)
	w := r.dial()
	peer.Expect("INVITE").Reply(486)
	w.want(EventTrying, EventTrying)
	w.ended(CauseBusy)
}

// A connection that is gone is made anew for the next request.
func TestConnectionLostDuringTheCall(t *testing.T) {
	peer := siptest.TCP(t)
	r := real(t, peer, "tcp:127.0.0.1:0")
	w := r.dial()
	inv := peer.Expect("INVITE")
	inv.Reply(200, siptest.Body(siptest.SDP))
	peer.Expect("ACK")
	w.want(EventTrying, EventAnswered)
	peer.HangUpConnections()
	w.Hangup()
	w.ended(CauseLocal)
	peer.Expect("BYE").Reply(200)
}

// A far end that answers and closes has answered.
func TestConnectionClosedWithTheAnswer(t *testing.T) {
	peer := siptest.TCP(t)
	r := real(t, peer, "tcp:127.0.0.1:0")
	for range 20 {
		w := r.dial()
		peer.Expect("INVITE").Reply(486)
		peer.HangUpConnections()
		e := w.next()
		for e.Kind == EventTrying { // twice where the connection went before the INVITE
			e = w.next()
		}
		if e.Kind != EventEnded || e.Cause != CauseBusy {
			t.Fatalf("%+v", e)
		}
	}
}

// A CANCEL whose connection closes under it goes out again as itself: with
// another branch the far end would not know what to cancel.
func TestCancelKeepsItsBranchOverAnotherConnection(t *testing.T) {
	peer := siptest.TCP(t)
	r := real(t, peer, "tcp:127.0.0.1:0")
	w := r.dial()
	inv := peer.Expect("INVITE")
	inv.Reply(180)
	w.want(EventTrying, EventRinging)
	cancels := make(chan *siptest.Incoming, 10)
	peer.Handle(func(in *siptest.Incoming) bool {
		if in.Method() == "CANCEL" {
			cancels <- in
		}
		return in.Method() == "CANCEL"
	})
	w.Hangup()
	w.ended(CauseCanceled)
	<-cancels
	peer.HangUpConnections()
	again := <-cancels
	if a, b := again.Param("Via", "branch"), inv.Param("Via", "branch"); a != b {
		t.Errorf("branch %s cancels an INVITE of branch %s", a, b)
	}
	again.Reply(200)
}
