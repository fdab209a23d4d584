package edge

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
)

var (
	carrier  = netip.MustParseAddrPort("192.0.2.10:5060")
	stranger = netip.MustParseAddrPort("198.51.100.1:5060")
)

func gate() *Gate {
	f := NewFilter(FilterOptions{})
	f.Set("carrier", []netip.Addr{carrier.Addr()})
	return NewGate(f)
}

// message builds a request or response; extra header lines come before the
// body, and lines starting with "-" remove a default header.
func build(start string, body string, extra ...string) []byte {
	method, _, _ := strings.Cut(start, " ")
	if strings.HasPrefix(start, "SIP/") {
		method = "INVITE"
	}
	lines := []string{
		"Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx", "From: <sip:+12025550101@192.0.2.10>;tag=a",
		"To: <sip:+12025550100@203.0.113.1>", "Call-ID: c1@192.0.2.10", "CSeq: 7 " + method, "Max-Forwards: 70",
	}
	for _, e := range extra {
		if name, ok := strings.CutPrefix(e, "-"); ok {
			for i, l := range lines {
				if strings.HasPrefix(l, name+":") {
					lines = append(lines[:i], lines[i+1:]...)
					break
				}
			}
			continue
		}
		lines = append(lines, e)
	}
	return []byte(start + "\r\n" + strings.Join(lines, "\r\n") + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}

const sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"

func TestVerdicts(t *testing.T) {
	const uri = " sip:+12025550100@203.0.113.1 SIP/2.0"
	for _, tc := range []struct {
		name string
		msg  []byte
		want int // 0: dropped in silence, 1: passes
	}{
		{"INVITE", build("INVITE"+uri, sdp, "Content-Type: application/sdp"), 1},
		{"INVITE without offer", build("INVITE"+uri, ""), 1},
		{"lower case type", build("INVITE"+uri, sdp, "c: Application/SDP;charset=utf-8"), 1},
		{"BYE", build("BYE"+uri, ""), 1},
		{"ACK", build("ACK"+uri, ""), 1},
		{"CANCEL", build("CANCEL"+uri, ""), 1},
		{"PRACK", build("PRACK"+uri, "", "RAck: 1 1 INVITE"), 1},
		{"INFO with a key", build("INFO"+uri, "Signal=5\r\n", "Content-Type: application/dtmf-relay"), 1},
		{"REFER", build("REFER"+uri, "", "Refer-To: <sip:evil@example.com>"), 603},
		{"MESSAGE", build("MESSAGE"+uri, "hi", "Content-Type: text/plain"), 405},
		{"SUBSCRIBE", build("SUBSCRIBE"+uri, ""), 405},
		{"lower case method", build("invite"+uri, ""), 405},
		{"tel URI", build("INVITE tel:+12025550100 SIP/2.0", ""), 416},
		{"no host", build("INVITE sip:user@ SIP/2.0", ""), 400},
		{"host with a quote", build("INVITE sip:user@a\"b SIP/2.0", ""), 400},
		{"version 1.0", build("INVITE sip:a@203.0.113.1 SIP/1.0", ""), 505},
		{"version of letters", build("INVITE sip:a@203.0.113.1 SIP/X", ""), 400},
		{"HTTP", []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 0},
		{"binary", []byte("\x80\x00\x01\x02\x03\x04"), 0},
		{"keep-alive", []byte("\r\n\r\n"), 0},
		{"100rel and timer", build("INVITE"+uri, "", "Require: 100rel, timer"), 1},
		{"replaces", build("INVITE"+uri, "", "Require: 100rel,replaces"), 420},
		{"Require on ACK", build("ACK"+uri, "", "Require: replaces"), 1},
		{"a broken Require", build("INVITE"+uri, "", "Require: a b"), 400},
		{"Accept of anything", build("INVITE"+uri, "", "Accept: */*"), 1},
		{"Accept of text", build("INVITE"+uri, "", "Accept: text/plain"), 406},
		{"OPTIONS with Accept of text", build("OPTIONS"+uri, "", "Accept: text/plain"), 1},
		{"body of no type", build("INVITE"+uri, "hello"), 415},
		{"multipart", build("INVITE"+uri, "--a--", "Content-Type: multipart/mixed;boundary=a"), 415},
		{"packed body", build("INVITE"+uri, sdp, "Content-Type: application/sdp", "Content-Encoding: gzip"), 415},
		{"optional body", build("INVITE"+uri, "x", "Content-Type: text/x", "Content-Disposition: render;handling=optional"), 1},
		{"ACK with a strange body", build("ACK"+uri, "x", "Content-Type: text/x"), 0},
		{"no From", build("INVITE"+uri, "", "-From"), 400},
		{"no CSeq", build("INVITE"+uri, "", "-CSeq"), 400},
		{"no Via", build("INVITE"+uri, "", "-Via"), 0},
		{"two From", build("INVITE"+uri, "", "f: <sip:b@192.0.2.10>;tag=b"), 400},
		{"CSeq too large", build("INVITE"+uri, "", "-CSeq", "CSeq: 2147483648 INVITE"), 400},
		{"CSeq largest", build("INVITE"+uri, "", "-CSeq", "CSeq: 2147483647 INVITE"), 1},
		{"CSeq of another method", build("INVITE"+uri, "", "-CSeq", "CSeq: 1 BYE"), 400},
		{"Max-Forwards 256", build("INVITE"+uri, "", "-Max-Forwards", "Max-Forwards: 256"), 400},
		{"Call-ID of two words", build("INVITE"+uri, "", "-Call-ID", "Call-ID: a b"), 400},
		{"header without colon", build("INVITE"+uri, "", "Nonsense"), 400},
		{"stray line feed", build("INVITE"+uri, "", "X-A: a\nX-B: b"), 400},
		{"folded header", build("INVITE"+uri, "", "X-A: a\r\n b"), 1},
		{"no end", []byte("INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1\r\nCSeq: 1 INVITE\r\n"), 400},
		{"128 headers", build("INVITE"+uri, "", many("X-A: a", 121)...), 1},
		{"2000 headers", build("INVITE"+uri, "", many("X-A: a", 2000)...), 400},
		{"129 headers", build("INVITE"+uri, "", many("X-A: a", 122)...), 400},
		{"41 Vias", build("INVITE"+uri, "", many("Via: SIP/2.0/UDP 192.0.2.11;branch=z9hG4bKy", 40)...), 400},
		{"41 Vias in a line", build("INVITE"+uri, "", "v: "+strings.Join(many("SIP/2.0/UDP a", 40), ",")), 400},
		{"SDP of 9 KB", build("INVITE"+uri, sdp+strings.Repeat("a=x\r\n", 1800), "Content-Type: application/sdp"), 413},
		{"SDP of 64 KB", build("INVITE"+uri, sdp+strings.Repeat("a=x\r\n", 13000), "Content-Type: application/sdp"), 413},
		{"5 media lines", build("INVITE"+uri, sdp+strings.Repeat("m=audio 0 RTP/AVP 0\r\n", 4), "Content-Type: application/sdp"), 488},
		{"33 formats", build("INVITE"+uri, sdp+"m=audio 0 RTP/AVP"+strings.Repeat(" 0", 33)+"\r\n", "Content-Type: application/sdp"), 488},
		{"answer", build("SIP/2.0 200 OK", ""), 1},
		{"answer without phrase", build("SIP/2.0 180 ", ""), 1},
		{"code 99", build("SIP/2.0 099 x", ""), 0},
		{"code 700", build("SIP/2.0 700 x", ""), 0},
		{"code of letters", build("SIP/2.0 abc x", ""), 0},
		{"answer with two Vias", build("SIP/2.0 200 OK", "", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK2"), 0},
		{"answer of 17 KB", build("SIP/2.0 200 OK", strings.Repeat("x", 17<<10)), 0},
	} {
		d := gate().Admit("UDP", carrier, tc.msg)
		got := 0
		switch {
		case d.Pass != nil && d.Reply != nil:
			t.Errorf("%s: passed and answered", tc.name)
		case d.Pass != nil:
			got = 1
		case d.Reply != nil:
			got = status(string(d.Reply))
			if _, err := take(d.Reply); err != nil {
				t.Errorf("%s: our answer is no SIP: %v\n%s", tc.name, err, d.Reply)
			}
		}
		if got != tc.want {
			t.Errorf("%s: %d (%s), want %d", tc.name, got, d.Why, tc.want)
		}
		if d.Pass == nil && d.Why == "" {
			t.Errorf("%s: no reason given", tc.name)
		}
		if s := gate().Admit("UDP", stranger, tc.msg); s.Pass != nil || s.Reply != nil {
			t.Errorf("%s: a stranger was heard", tc.name)
		}
	}
}

func many(line string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = line
	}
	return out
}

// Each retransmission gets the same answer, byte for byte, and nobody can
// foretell its tag.
func TestAnswersRepeat(t *testing.T) {
	msg := build("SUBSCRIBE sip:a@203.0.113.1 SIP/2.0", "")
	g := gate()
	one, two := g.Admit("UDP", carrier, msg), g.Admit("UDP", carrier, msg)
	if len(one.Reply) == 0 || !bytes.Equal(one.Reply, two.Reply) {
		t.Fatalf("%s\n%s", one.Reply, two.Reply)
	}
	if bytes.Equal(one.Reply, gate().Admit("UDP", carrier, msg).Reply) {
		t.Fatal("two agents give the same tag")
	}
}

func TestWhereAnswersGo(t *testing.T) {
	const start = "SUBSCRIBE sip:a@203.0.113.1 SIP/2.0"
	from := netip.MustParseAddrPort("192.0.2.10:40000")
	for via, want := range map[string]string{
		"SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx":                                  "192.0.2.10:5060 SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx",
		"SIP/2.0/UDP 192.0.2.10:5070;branch=z9hG4bKx":                             "192.0.2.10:5070 SIP/2.0/UDP 192.0.2.10:5070;branch=z9hG4bKx",
		"SIP/2.0/UDP pbx.example:5070;branch=z9hG4bKx":                            "192.0.2.10:5070 SIP/2.0/UDP pbx.example:5070;branch=z9hG4bKx;received=192.0.2.10",
		"SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bKx":                         "192.0.2.10:40000 SIP/2.0/UDP 10.0.0.1:5070;rport=40000;branch=z9hG4bKx;received=192.0.2.10",
		"SIP/2.0/UDP 192.0.2.10;received=203.0.113.99;branch=z9hG4bKx;maddr=evil": "192.0.2.10:5060 SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx;maddr=evil;received=192.0.2.10",
		"SIP/2.0/UDP [2001:db8::1]:5071;branch=z9hG4bKx":                          "192.0.2.10:5071 SIP/2.0/UDP [2001:db8::1]:5071;branch=z9hG4bKx;received=192.0.2.10",
	} {
		d := gate().Admit("UDP", from, build(start, "", "-Via", "Via: "+via))
		_, line, _ := strings.Cut(string(d.Reply), "Via: ")
		line, _, _ = strings.Cut(line, "\r\n")
		if got := d.ReplyTo.String() + " " + line; got != want {
			t.Errorf("%s:\n got %s\nwant %s", via, got, want)
		}
		// What passes says the same, so that no answer follows a made-up address.
		d = gate().Admit("TCP", from, build("OPTIONS sip:a@203.0.113.1 SIP/2.0", "", "-Via", "Via: "+via))
		if _, want, _ := strings.Cut(want, " "); !strings.Contains(strings.ToLower(string(d.Pass)), "via: "+strings.ToLower(want)+"\r\n") {
			t.Errorf("%s: passed as\n%s", via, d.Pass)
		}
	}
}

// An RFC 2543 request, its retransmission, ACK and CANCEL get one branch;
// another call gets another.
func TestOldRequestsGetABranch(t *testing.T) {
	branch := func(method, callID string) string {
		old := []string{"-Via", "Via: SIP/2.0/UDP 192.0.2.10", "-From", "From: <sip:a@192.0.2.10>", "-Call-ID", "Call-ID: " + callID}
		d := gate().Admit("UDP", carrier, build(method+" sip:a@203.0.113.1 SIP/2.0", "", old...))
		m, err := sip.ParseMessage(d.Pass)
		if err != nil {
			t.Fatalf("%s: %v", d.Why, err)
		}
		b, _ := m.Via().Params.Get("branch")
		return b
	}
	invite := branch("INVITE", "1")
	if !strings.HasPrefix(invite, sip.RFC3261BranchMagicCookie+"2543") {
		t.Fatal(invite)
	}
	if branch("INVITE", "1") != invite || branch("ACK", "1") != invite || branch("CANCEL", "1") != invite || branch("INVITE", "2") == invite {
		t.Fatal("transactions are not told apart")
	}
}

func TestPassesUntouched(t *testing.T) {
	msg := build("INVITE sip:+12025550100@203.0.113.1 SIP/2.0", sdp, "Content-Type: application/sdp", "X-Odd:   as  is")
	if d := gate().Admit("UDP", carrier, msg); !bytes.Equal(d.Pass, msg) {
		t.Fatalf("%q", d.Pass)
	}
}

// More new calls than a trunk makes get 503; what belongs to calls goes on.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFilter(FilterOptions{Always: []netip.Prefix{netip.PrefixFrom(carrier.Addr(), 32)}, Calls: 10, Messages: 100})
		g := NewGate(f)
		busy := 0
		for i := range 50 {
			d := g.Admit("UDP", carrier, build("INVITE sip:a@203.0.113.1 SIP/2.0", "", "-Call-ID", fmt.Sprintf("Call-ID: %d", i)))
			if d.Reply != nil {
				if status(string(d.Reply)) != 503 || !strings.Contains(string(d.Reply), "Retry-After: 1\r\n") {
					t.Fatalf("%s", d.Reply)
				}
				busy++
			}
		}
		if busy != 29 { // two seconds' worth and one pass
			t.Fatalf("%d of 50 refused", busy)
		}
		bye := build("BYE sip:a@203.0.113.1 SIP/2.0", "", "-To", "To: <sip:b@c>;tag=b")
		if d := g.Admit("UDP", carrier, bye); d.Pass == nil {
			t.Fatalf("a BYE was refused: %s", d.Why)
		}
		for range 500 {
			if d := g.Admit("UDP", carrier, bye); d.Reply != nil {
				t.Fatalf("%s", d.Reply)
			}
		}
		if g.Stats().Flooded < 300 {
			t.Fatalf("%+v", g.Stats())
		}
		time.Sleep(time.Second)
		if d := g.Admit("UDP", carrier, build("INVITE sip:a@203.0.113.1 SIP/2.0", "")); d.Pass == nil {
			t.Fatalf("a second later: %s", d.Why)
		}
	})
}

func FuzzGate(f *testing.F) {
	for _, dir := range []string{"rfc4475/valid", "rfc4475/invalid", "rfc5118"} {
		files, _ := filepath.Glob(filepath.Join("testdata", dir, "*.dat"))
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	seeds, _ := filepath.Glob("testdata/sipgo-seeds/*")
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, name := range seeds {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		_, lit, _ := strings.Cut(string(b), "string(")
		if s, err := strconv.Unquote(strings.TrimSuffix(strings.TrimSpace(lit), ")")); err == nil {
			f.Add([]byte(s))
		}
	}
	f.Add(build("INVITE sip:a@203.0.113.1 SIP/2.0", sdp, "Content-Type: application/sdp"))
	f.Add(build("SIP/2.0 200 OK", sdp, "Content-Type: application/sdp"))
	f.Fuzz(func(t *testing.T, b []byte) {
		g := gate()
		before := bytes.Clone(b)
		start := time.Now()
		d := g.Admit("UDP", carrier, b)
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Fatalf("took %v", took)
		}
		if !bytes.Equal(b, before) {
			t.Fatal("the caller's bytes were changed")
		}
		if g.Stats().Panics != 0 {
			t.Fatalf("a fault while judging %q", b)
		}
		if d.Reply != nil {
			if d.Pass != nil || bytes.HasPrefix(b, []byte("ACK ")) {
				t.Fatalf("answered %q to %q", d.Reply, b)
			}
			head, rest, _ := strings.Cut(string(d.Reply), "\r\n\r\n")
			if rest != "" || strings.Contains(strings.ReplaceAll(head, "\r\n", ""), "\n") || strings.Contains(strings.ReplaceAll(head, "\r\n", ""), "\r") {
				t.Fatalf("stray line breaks in %q", d.Reply)
			}
		}
		if d.Pass == nil {
			return
		}
		if _, err := sip.ParseMessage(d.Pass); err != nil {
			t.Fatalf("passed what the parser refuses: %v", err)
		}
		// What passed is in its plainest form: judged again, it stays as it is.
		if again := g.Admit("UDP", carrier, d.Pass); !bytes.Equal(again.Pass, d.Pass) {
			t.Fatalf("judged again (%s)\n%q\n%q", again.Why, d.Pass, again.Pass)
		}
	})
}
