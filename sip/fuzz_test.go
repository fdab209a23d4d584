package sip

import (
	"bytes"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"partyline/sip/siptest"
)

// FuzzDialogSnapshot: whatever is kept in a record, reading it either fails or
// gives a dialog whose requests hold no foreign line and which is kept and read
// again unchanged.
func FuzzDialogSnapshot(f *testing.F) {
	f.Add([]byte(`{"trunk":"a","net":"udp","hop":"127.0.0.1:9","id":"x","l":{"n":"A \"b\"","u":"sip:a@h","t":"1"},"r":{"u":"sips:b@[::1]:5061","t":"2"},"to":"sip:b@h;transport=tcp","via":["sip:p;lr","sip:q"],"c":1,"rc":7,"o":{"u":"-","s":"7","v":1,"a":"IN IP4 h","x":3},"se":1800,"ref":"us","minse":90,"upd":true}`))
	f.Add([]byte(`{"net":"tls","hop":"[::1]:5061","id":"x","l":{"u":"sip:a@h","t":"1"},"r":{"u":"sip:b@h","t":"2"},"to":"sip:b@h?X=1%0d%0aY:2","c":1,"o":{}}`))
	f.Add([]byte("{}"))
	a := fuzzAgent(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := parseDialog(b)
		if err != nil {
			return
		}
		again, err := parseDialog(d.snapshot())
		if err != nil {
			t.Fatalf("kept and not read again: %v", err)
		}
		if !bytes.Equal(again.snapshot(), d.snapshot()) {
			t.Fatalf("changed by keeping:\n%s\n%s", d.snapshot(), again.snapshot())
		}
		req, err := a.compose(d, sip.INVITE, d.CSeq+1, d.Origin.stamp([]byte(offerSDP)), contentSDP, d.sessionHeaders(1800)...)
		if err != nil || safe(req) != nil {
			return
		}
		onlyOurHeaders(t, req.String())
	})
}

// onlyOurHeaders wants a message's header lines to be those that requests have.
func onlyOurHeaders(t *testing.T, msg string) {
	t.Helper()
	head, _, _ := strings.Cut(msg, "\r\n\r\n")
	for i, line := range strings.Split(head, "\r\n") {
		name, _, _ := strings.Cut(line, ":")
		switch name {
		case "Via", "Route", "Max-Forwards", "From", "To", "Call-ID", "CSeq", "Contact", "Allow", "Supported",
			"User-Agent", "Session-Expires", "Min-SE", "Content-Type", "Content-Length":
		default:
			if i > 0 {
				t.Fatalf("foreign header %q in %q", line, msg)
			}
		}
		if strings.ContainsAny(line, "\r\n\x00") {
			t.Fatalf("control character in %q", line)
		}
	}
}

func fuzzAgent(f *testing.F) *Agent {
	f.Helper()
	a, err := Listen(Config{
		Listen: []string{"udp:127.0.0.1:0"},
		Trunks: []Trunk{{Name: "a", URI: "sip:127.0.0.1:5060"}},
	}, WithPacketListener(siptest.NewNetwork().ListenPacket))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = a.Close() })
	return a
}

// deaf is a connection that takes everything and sends nothing.
type deaf struct{}

func (deaf) LocalAddr() net.Addr        { return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5060} }
func (deaf) WriteMsg(sip.Message) error { return nil }
func (deaf) Ref(int) int                { return 1 }
func (deaf) TryClose() (int, error)     { return 1, nil }
func (deaf) Close() error               { return nil }

// FuzzIncoming puts raw datagrams before the gate, the parser and a call that
// is up. Nothing may panic, whatever a trunk sends.
func FuzzIncoming(f *testing.F) {
	const head = "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r\nFrom: <sip:b@h>;tag=2\r\nTo: <sip:a@h>;tag=1\r\nCall-ID: x\r\nMax-Forwards: 70\r\n"
	const sdp = "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
	for _, seed := range []string{
		"INVITE sip:a@h SIP/2.0\r\n" + head + "CSeq: 9 INVITE\r\nContact: <sip:c@127.0.0.1>\r\nSession-Expires: 90;refresher=uac\r\n" + sdp,
		"UPDATE sip:a@h SIP/2.0\r\n" + head + "CSeq: 9 UPDATE\r\nx: 90\r\nContact: *\r\nContent-Length: 0\r\n\r\n",
		"ACK sip:a@h SIP/2.0\r\n" + head + "CSeq: 9 ACK\r\n" + sdp,
		"BYE sip:a@h SIP/2.0\r\n" + head + "CSeq: 9 BYE\r\nReason: Q.850;cause=16\r\nContent-Length: 0\r\n\r\n",
		"INFO sip:a@h SIP/2.0\r\n" + head + "CSeq: 9 INFO\r\nContent-Type: application/dtmf-relay\r\nContent-Length: 8\r\n\r\nSignal=1",
		"REFER sip:a@h SIP/2.0\r\n" + head + "CSeq: 9 REFER\r\nRefer-To: <sip:x@y>\r\nContent-Length: 0\r\n\r\n",
		"CANCEL sip:a@h SIP/2.0\r\n" + head + "CSeq: 9 CANCEL\r\nContent-Length: 0\r\n\r\n",
		"OPTIONS sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK2\r\nFrom: <sip:b@h>;tag=2\r\nTo: <sip:a@h>\r\nCall-ID: y\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\r\n",
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bK3\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=9\r\nCall-ID: x\r\nCSeq: 2 INVITE\r\nContact: <sip:c@127.0.0.1>\r\nRecord-Route: <sip:127.0.0.1;lr>,<sip:p>\r\nContent-Length: 0\r\n\r\n",
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bK3\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nSession-Expires: 1\r\nContent-Length: 0\r\n\r\n",
		"SIP/2.0 183 P\r\nVia: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bK3\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=3\r\nCall-ID: e\r\nCSeq: 1 INVITE\r\nRequire: 100rel\r\nRSeq: 1\r\nContact: <sip:c@127.0.0.1>\r\nContent-Length: 0\r\n\r\n",
		"\r\n\r\n", "\x00",
	} {
		f.Add([]byte(seed))
	}
	a := fuzzAgent(f)
	src := netip.MustParseAddrPort("127.0.0.1:5060")
	a.started = a.started.Add(-2 * strayGrace)
	f.Fuzz(func(t *testing.T, b []byte) {
		c := fuzzCall(t, a)
		defer a.leave(c.callIDs...)
		before := a.Stats().Panics
		if d := a.gate.Admit("UDP", src, b); d.Pass != nil {
			if msg, err := sip.ParseMessage(d.Pass); err == nil {
				msg.SetTransport("UDP")
				msg.SetSource(src.String())
				a.arrived(msg)
				if req, ok := msg.(*sip.Request); ok {
					tx := sip.NewServerTx("k", req, deaf{}, quiet())
					if tx.Init() == nil {
						a.request(req, tx)
						defer tx.Terminate()
					}
				}
			}
		}
		for _, step := range c.box.take(false) {
			c.guard(step)
		}
		for step, ok := c.ticker.due(); ok; step, ok = c.ticker.due() {
			c.guard(step)
		}
		c.ticker.timer.Stop()
		c.finis()
		if n := a.Stats().Panics; n != before {
			t.Fatalf("panic on %q", b)
		}
	})
}

// fuzzCall is a call that is up in dialog x, and still rings as e, served by
// the test itself.
func fuzzCall(t *testing.T, a *Agent) *Call {
	t.Helper()
	c := a.newCall(func(e Event) {
		if e.Reply != nil {
			e.Reply(200, []byte(offerSDP))
		}
	})
	d, err := parseDialog([]byte(`{"trunk":"a","net":"udp","hop":"127.0.0.1:9","id":"x","l":{"u":"sip:a@h","t":"1"},"r":{"u":"sip:b@h","t":"2"},"to":"sip:b@127.0.0.1:9","c":1,"rc":8,"o":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	c.dialog, c.phase, c.lastSDP = d, up, []byte(offerSDP)
	c.trunk.Name = "a"
	early := d.clone()
	early.CallID, early.Remote.Tag = "e", ""
	at := &attempt{dialog: early, trunk: c.trunk, early: map[string]*earlyDialog{}}
	c.attempts[at] = true
	c.callIDs = []string{"x", "e"}
	for _, id := range c.callIDs {
		a.enter(id, c)
	}
	return c
}
