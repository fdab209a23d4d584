package sdp_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"partyline/media/sdp"
)

var local = sdp.Local{
	Addr: netip.MustParseAddr("198.51.100.1"), Port: 20000,
	SessionID: 4711, Version: 2, Codecs: []sdp.Codec{sdp.PCMU, sdp.PCMA},
}

// badAnswer is what corpus/sipp/bad-sdp-answer.xml sends.
const badAnswer = "v=0\r\no=x\r\nm=audio notaport RTP/AVP 0\r\nc=IN IP4 999.1.1.1\r\n"

// crlf makes a body of lines.
func crlf(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n") }

// body is a session with the given lines from the first media line on.
func body(media ...string) []byte {
	return crlf(append([]string{"v=0", "o=carrier 1 2 IN IP4 192.0.2.7", "s=-", "c=IN IP4 192.0.2.7", "t=0 0"}, media...)...)
}

func TestOffer(t *testing.T) {
	want := string(crlf("v=0", "o=- 4711 2 IN IP4 198.51.100.1", "s=-", "c=IN IP4 198.51.100.1", "t=0 0",
		"m=audio 20000 RTP/AVP 0 8 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000",
		"a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=ptime:20", "a=maxptime:60", "a=sendrecv"))
	if got := string(local.Offer()); got != want {
		t.Errorf("offer is\n%s\nwant\n%s", got, want)
	}
}

func TestOfferVariants(t *testing.T) {
	tests := map[string]struct {
		change func(*sdp.Local)
		has    string
	}{
		"hold":       {func(l *sdp.Local) { l.Direction = sdp.SendOnly }, "\r\na=sendonly\r\n"},
		"inactive":   {func(l *sdp.Local) { l.Direction = sdp.Inactive }, "\r\na=inactive\r\n"},
		"rtcp port":  {func(l *sdp.Local) { l.RTCPPort = 30001 }, "\r\na=rtcp:30001\r\n"},
		"ptime":      {func(l *sdp.Local) { l.Ptime = 30 }, "\r\na=ptime:30\r\n"},
		"preference": {func(l *sdp.Local) { l.Codecs = []sdp.Codec{sdp.PCMA, sdp.PCMU} }, "m=audio 20000 RTP/AVP 8 0 101\r\n"},
		"IPv6":       {func(l *sdp.Local) { l.Addr = netip.MustParseAddr("2001:db8::1") }, "\r\nc=IN IP6 2001:db8::1\r\n"},
		"IPv6 zone":  {func(l *sdp.Local) { l.Addr = netip.MustParseAddr("fe80::1%eth0") }, "\r\nc=IN IP6 fe80::1\r\n"},
		"mapped":     {func(l *sdp.Local) { l.Addr = netip.MustParseAddr("::ffff:10.0.0.1") }, "\r\nc=IN IP4 10.0.0.1\r\n"},
	}
	for name, test := range tests {
		l := local
		test.change(&l)
		if got := string(l.Offer()); !strings.Contains(got, test.has) {
			t.Errorf("%s: no %q in\n%s", name, test.has, got)
		}
	}
	next := local
	next.RTCPPort = 20001
	if string(next.Offer()) != string(local.Offer()) {
		t.Error("the usual RTCP port is spelled out")
	}
}

func TestParseAnswer(t *testing.T) {
	at := netip.MustParseAddrPort("192.0.2.7:30000")
	plain := sdp.Remote{Addr: at, RTCP: netip.MustParseAddrPort("192.0.2.7:30001"), Codec: sdp.PCMU, Ptime: 20}
	with := func(change func(*sdp.Remote)) sdp.Remote {
		r := plain
		change(&r)
		return r
	}
	tests := map[string]struct {
		body []byte
		want sdp.Remote
	}{
		"static without rtpmap": {body("m=audio 30000 RTP/AVP 0"), plain},
		"bare line feeds":       {[]byte(strings.ReplaceAll(string(body("m=audio 30000 RTP/AVP 0")), "\r", "")), plain},
		"events": {body("m=audio 30000 RTP/AVP 0 96", "a=rtpmap:0 PCMU/8000/1", "a=rtpmap:96 telephone-event/8000", "a=fmtp:96 0-15"),
			with(func(r *sdp.Remote) { r.HasEvents, r.EventPT, r.EventRate = true, 96, 8000 })},
		"events at another rate": {body("m=audio 30000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/16000"),
			with(func(r *sdp.Remote) { r.HasEvents, r.EventPT, r.EventRate = true, 96, 16000 })},
		"events at two rates": {body("m=audio 30000 RTP/AVP 0 96 97", "a=rtpmap:96 telephone-event/16000", "a=rtpmap:97 telephone-event/8000"),
			with(func(r *sdp.Remote) { r.HasEvents, r.EventPT, r.EventRate = true, 97, 8000 })},
		"comfort noise": {body("m=audio 30000 RTP/AVP 0 13"), with(func(r *sdp.Remote) { r.HasNoise = true })},
		"the far end's first codec": {body("m=audio 30000 RTP/AVP 8 0"),
			with(func(r *sdp.Remote) { r.Codec = sdp.PCMA })},
		"lower case": {body("m=audio 30000 RTP/AVP 8", "a=rtpmap:8 pcma/8000"),
			with(func(r *sdp.Remote) { r.Codec = sdp.PCMA })},
		"ptime": {body("m=audio 30000 RTP/AVP 0", "a=ptime:30", "a=maxptime:40"),
			with(func(r *sdp.Remote) { r.Ptime, r.MaxPtime = 30, 40 })},
		"ptime out of range": {body("m=audio 30000 RTP/AVP 0", "a=ptime:500", "a=maxptime:-1"), plain},
		"media address": {body("m=audio 30000 RTP/AVP 0", "c=IN IP4 192.0.2.8"),
			with(func(r *sdp.Remote) {
				r.Addr, r.RTCP = netip.MustParseAddrPort("192.0.2.8:30000"), netip.MustParseAddrPort("192.0.2.8:30001")
			})},
		"IPv6": {body("m=audio 30000 RTP/AVP 0", "c=IN IP6 2001:db8::7"),
			with(func(r *sdp.Remote) {
				r.Addr, r.RTCP = netip.MustParseAddrPort("[2001:db8::7]:30000"), netip.MustParseAddrPort("[2001:db8::7]:30001")
			})},
		"rtcp port": {body("m=audio 30000 RTP/AVP 0", "a=rtcp:40001"),
			with(func(r *sdp.Remote) { r.RTCP = netip.MustParseAddrPort("192.0.2.7:40001") })},
		"rtcp address": {body("m=audio 30000 RTP/AVP 0", "a=rtcp:40001 IN IP4 192.0.2.9"),
			with(func(r *sdp.Remote) { r.RTCP = netip.MustParseAddrPort("192.0.2.9:40001") })},
		"rtcp nonsense": {body("m=audio 30000 RTP/AVP 0", "a=rtcp:x"), plain},
		"sendonly":      {body("m=audio 30000 RTP/AVP 0", "a=sendonly"), with(func(r *sdp.Remote) { r.Direction = sdp.RecvOnly })},
		"recvonly":      {body("m=audio 30000 RTP/AVP 0", "a=recvonly"), with(func(r *sdp.Remote) { r.Direction = sdp.SendOnly })},
		"inactive":      {body("m=audio 30000 RTP/AVP 0", "a=inactive"), with(func(r *sdp.Remote) { r.Direction = sdp.Inactive })},
		"for the session": {[]byte(strings.Replace(string(body("m=audio 30000 RTP/AVP 0")), "t=0 0\r\n", "t=0 0\r\na=sendonly\r\n", 1)),
			with(func(r *sdp.Remote) { r.Direction = sdp.RecvOnly })},
		"0.0.0.0": {body("m=audio 30000 RTP/AVP 0", "c=IN IP4 0.0.0.0"),
			sdp.Remote{Codec: sdp.PCMU, Ptime: 20, Direction: sdp.RecvOnly}},
		"0.0.0.0 and recvonly": {body("m=audio 30000 RTP/AVP 0", "c=IN IP4 0.0.0.0", "a=recvonly"),
			sdp.Remote{Codec: sdp.PCMU, Ptime: 20, Direction: sdp.Inactive}},
		"second media line": {body("m=video 40000 RTP/AVP 31", "m=audio 0 RTP/AVP 0", "m=audio 30000 RTP/AVP 0"), plain},
		"secure line first": {body("m=audio 40000 RTP/SAVP 0", "m=audio 30000 RTP/AVP 0"), plain},
	}
	for name, test := range tests {
		got, err := sdp.Local{Codecs: both}.ParseAnswer(test.body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got != test.want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, test.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	many := func(n int, format string) (lines []string) {
		for i := range n {
			lines = append(lines, fmt.Sprintf(format, i))
		}
		return lines
	}
	formats := "m=audio 30000 RTP/AVP 0"
	for i := range 33 {
		formats += fmt.Sprint(" ", 90+i%20)
	}
	tests := map[string]struct {
		body []byte
		want error
	}{
		"empty":               {nil, sdp.ErrBadSDP},
		"no description":      {[]byte("hello"), sdp.ErrBadSDP},
		"the carrier's worst": {[]byte(badAnswer), sdp.ErrBadSDP},
		"port too high":       {body("m=audio 70000 RTP/AVP 0"), sdp.ErrBadSDP},
		"host name":           {body("m=audio 30000 RTP/AVP 0", "c=IN IP4 host.example.com"), sdp.ErrBadSDP},
		"multicast":           {body("m=audio 30000 RTP/AVP 0", "c=IN IP4 224.2.1.1/127"), sdp.ErrBadSDP},
		"IPv6 multicast":      {body("m=audio 30000 RTP/AVP 0", "c=IN IP6 ff02::1"), sdp.ErrBadSDP},
		"no address":          {crlf("v=0", "o=- 1 2 IN IP4 192.0.2.7", "s=-", "t=0 0", "m=audio 30000 RTP/AVP 0"), sdp.ErrBadSDP},
		"payload type":        {body("m=audio 30000 RTP/AVP x"), sdp.ErrBadSDP},
		"9 KB":                {body("m=audio 30000 RTP/AVP 0", "a=x:"+strings.Repeat("y", 9000)), sdp.ErrBadSDP},
		"5 media lines":       {body(many(5, "m=audio 3000%d RTP/AVP 0")...), sdp.ErrBadSDP},
		"34 formats":          {body(formats), sdp.ErrBadSDP},
		"no audio":            {body("m=video 40000 RTP/AVP 31"), sdp.ErrRefused},
		"no media":            {body(), sdp.ErrRefused},
		"port 0":              {body("m=audio 0 RTP/AVP 0"), sdp.ErrRefused},
		"no codec":            {body("m=audio 30000 RTP/AVP 18 101", "a=rtpmap:101 telephone-event/8000"), sdp.ErrNoCodec},
		"PCMU at 16 kHz":      {body("m=audio 30000 RTP/AVP 97", "a=rtpmap:97 PCMU/16000"), sdp.ErrNoCodec},
		"PCMU in stereo":      {body("m=audio 30000 RTP/AVP 97", "a=rtpmap:97 PCMU/8000/2"), sdp.ErrNoCodec},
		"0 mapped otherwise":  {body("m=audio 30000 RTP/AVP 0", "a=rtpmap:0 opus/48000"), sdp.ErrNoCodec},
		"SRTP":                {body("m=audio 30000 RTP/SAVP 0"), sdp.ErrNotPlain},
		"DTLS":                {body("m=audio 30000 UDP/TLS/RTP/SAVPF 0"), sdp.ErrNotPlain},
	}
	for name, test := range tests {
		if _, err := (sdp.Local{Codecs: both}).ParseAnswer(test.body); !errors.Is(err, test.want) {
			t.Errorf("%s: answer: %v, want %v", name, err, test.want)
		}
		if _, err := (sdp.Local{Codecs: both}).ParseOffer(test.body); !errors.Is(err, test.want) {
			t.Errorf("%s: offer: %v, want %v", name, err, test.want)
		}
	}
}

func TestAnswer(t *testing.T) {
	tests := map[string]struct {
		offer []string
		hold  sdp.Direction
		want  []string
	}{
		"our preference": {
			[]string{"m=audio 30000 RTP/AVP 8 0 96", "a=rtpmap:96 telephone-event/8000"}, sdp.SendRecv,
			[]string{"m=audio 20000 RTP/AVP 0 96", "a=rtpmap:0 PCMU/8000", "a=rtpmap:96 telephone-event/8000", "a=fmtp:96 0-16", "a=ptime:20", "a=maxptime:60", "a=sendrecv"}},
		"the payload type of the offer": {
			[]string{"m=audio 30000 RTP/AVP 97", "a=rtpmap:97 PCMA/8000"}, sdp.SendRecv,
			[]string{"m=audio 20000 RTP/AVP 97", "a=rtpmap:97 PCMA/8000", "a=ptime:20", "a=maxptime:60", "a=sendrecv"}},
		"others are refused": {
			[]string{"m=video 40000 RTP/AVP 31 32", "m=audio 40002 RTP/SAVP 0", "m=audio 30000 RTP/AVP 0 13", "m=application 9 UDP/BFCP *"}, sdp.SendRecv,
			[]string{"m=video 0 RTP/AVP 31 32", "m=audio 0 RTP/SAVP 0", "m=audio 20000 RTP/AVP 0 13", "a=rtpmap:0 PCMU/8000", "a=rtpmap:13 CN/8000", "a=ptime:20", "a=maxptime:60", "a=sendrecv", "m=application 0 UDP/BFCP *"}},
		"feedback profile": {
			[]string{"m=audio 30000 RTP/AVPF 0"}, sdp.SendRecv,
			[]string{"m=audio 20000 RTP/AVPF 0", "a=rtpmap:0 PCMU/8000", "a=ptime:20", "a=maxptime:60", "a=sendrecv"}},
	}
	for name, test := range tests {
		offer, err := sdp.Local{Codecs: both}.ParseOffer(body(test.offer...))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		l := local
		l.Direction = test.hold
		want := string(crlf(append([]string{"v=0", "o=- 4711 2 IN IP4 198.51.100.1", "s=-", "c=IN IP4 198.51.100.1", "t=0 0"}, test.want...)...))
		if got := string(offer.Answer(l)); got != want {
			t.Errorf("%s: answer is\n%s\nwant\n%s", name, got, want)
		}
	}
}

// RFC 3264 §6.1, and what our own hold leaves of it.
func TestAnswerDirections(t *testing.T) {
	tests := []struct {
		offer string
		ours  sdp.Direction
		want  sdp.Direction
	}{
		{"sendrecv", sdp.SendRecv, sdp.SendRecv},
		{"sendonly", sdp.SendRecv, sdp.RecvOnly},
		{"recvonly", sdp.SendRecv, sdp.SendOnly},
		{"inactive", sdp.SendRecv, sdp.Inactive},
		{"sendrecv", sdp.SendOnly, sdp.SendOnly},
		{"sendonly", sdp.SendOnly, sdp.Inactive},
		{"recvonly", sdp.SendOnly, sdp.SendOnly},
		{"inactive", sdp.SendOnly, sdp.Inactive},
		{"sendrecv", sdp.RecvOnly, sdp.RecvOnly},
		{"sendrecv", sdp.Inactive, sdp.Inactive},
	}
	for _, test := range tests {
		offer, err := sdp.Local{Codecs: both}.ParseOffer(body("m=audio 30000 RTP/AVP 0", "a="+test.offer))
		if err != nil {
			t.Fatal(err)
		}
		l := local
		l.Direction = test.ours
		if got := string(offer.Answer(l)); !strings.Contains(got, "\r\na="+test.want.String()+"\r\n") {
			t.Errorf("offer %s, ours %v: no %v in\n%s", test.offer, test.ours, test.want, got)
		}
	}
}

func TestDirections(t *testing.T) {
	for d := sdp.SendRecv; d <= sdp.Inactive; d++ {
		if d.Mirror().Mirror() != d || d.And(sdp.SendRecv) != d || d.And(sdp.Inactive) != sdp.Inactive {
			t.Errorf("%v: mirror %v", d, d.Mirror())
		}
		if d.Sends() != d.Mirror().Receives() {
			t.Errorf("%v: mirror %v", d, d.Mirror())
		}
	}
}
