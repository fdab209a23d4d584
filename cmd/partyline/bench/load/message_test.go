package load

import (
	"net/netip"
	"strings"
	"testing"
)

const invite = "INVITE sip:+13032001007@127.0.0.1:5070;transport=udp SIP/2.0\r\n" +
	"v: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKa;rport\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKb\r\nRecord-Route: <sip:10.0.0.1;lr>\r\n" +
	"f: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x@y\r\nCSeq: 7 INVITE\r\n\r\n" +
	"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 20002 RTP/AVP 9 0 101\r\na=sendonly\r\n"

func TestInviteIsAnswered(t *testing.T) {
	m, ok := parse([]byte(invite))
	if !ok || m.method != "INVITE" || m.user != "+13032001007" || m.inDialog || len(m.vias) != 2 {
		t.Fatalf("%v %+v", ok, m)
	}
	to, ok := target(m.body)
	if !ok || to != netip.MustParseAddrPort("127.0.0.1:20002") {
		t.Errorf("audio to %v, %v", to, ok)
	}
	from := netip.MustParseAddrPort("127.0.0.1:5061")
	sdp := describe(netip.MustParseAddrPort("127.0.0.1:40000"), m.body)
	got := string(m.answer(200, "OK", "t9", "sip:load@127.0.0.1:5070", from, sdp))
	for _, want := range []string{
		"SIP/2.0 200 OK\r\n", ";rport=5061;received=127.0.0.1\r\nVia: SIP/2.0/UDP 10.0.0.1", "Record-Route: <sip:10.0.0.1;lr>\r\n",
		"To: <sip:c@d>;tag=t9\r\n", "Call-ID: x@y\r\nCSeq: 7 INVITE\r\n", "m=audio 40000 RTP/AVP 0 101\r\n", "a=recvonly\r\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	for _, text := range []string{"", "\r\n\r\n", "SIP/2.0 200 OK\r\nVia: x\r\nCall-ID: y\r\nCSeq: 1 INVITE\r\n\r\n", "INVITE sip:a@b SIP/2.0\r\n\r\n"} {
		if m, ok := parse([]byte(text)); ok {
			t.Errorf("%q was taken for %+v", text, m)
		}
	}
	for _, sdp := range []string{"", "c=IN IP4 127.0.0.1\r\nm=audio 5000 RTP/AVP 8\r\n", "m=audio 5000 RTP/AVP 0\r\n", "c=IN IP4 127.0.0.1\r\nm=audio 0 RTP/AVP 0\r\n", "c=IN IP4 1.1.1.1\r\nm=audio\r\n"} {
		if to, ok := target([]byte(sdp)); ok {
			t.Errorf("%q has audio at %v", sdp, to)
		}
	}
}
