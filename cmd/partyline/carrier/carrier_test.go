package carrier

import (
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"go.uber.org/goleak"

	"partyline/media/g711"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// caller is a phone exchange reduced to a socket: it sends what the test
// writes and waits for answers.
type caller struct {
	t    *testing.T
	conn *net.UDPConn
	to   netip.AddrPort
	id   string
	toH  string
}

func dial(t *testing.T, opts Options) (*Carrier, func(number string) *caller) {
	t.Helper()
	c, err := Listen(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, func(number string) *caller {
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		u := &caller{t: t, conn: conn, to: c.Addr(), id: sip.GenerateTagN(10), toH: fmt.Sprintf("<sip:%s@carrier>", number)}
		return u
	}
}

func (u *caller) send(method, number string, cseq int, body string) {
	u.t.Helper()
	msg := fmt.Sprintf("%s sip:%s@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%d;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:bridge@127.0.0.1>;tag=b\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:%s>\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
		method, number, u.to, u.conn.LocalAddr(), u.id, cseq, u.toH, u.id, cseq, method, u.conn.LocalAddr(), len(body), body)
	if _, err := u.conn.WriteToUDPAddrPort([]byte(msg), u.to); err != nil {
		u.t.Fatal(err)
	}
}

// expect reads until the given status code comes.
func (u *caller) expect(code int) *sip.Response {
	u.t.Helper()
	buf := make([]byte, 4096)
	_ = u.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	for {
		n, err := u.conn.Read(buf)
		if err != nil {
			u.t.Fatalf("no %d: %v", code, err)
		}
		msg, err := sip.ParseMessage(append([]byte(nil), buf[:n]...))
		if err != nil {
			u.t.Fatalf("unreadable answer: %v\n%s", err, buf[:n])
		}
		if res, ok := msg.(*sip.Response); ok && res.StatusCode == code {
			u.toH = res.To().Value()
			return res
		}
	}
}

func (u *caller) expectRequest(method sip.RequestMethod) *sip.Request {
	u.t.Helper()
	buf := make([]byte, 4096)
	_ = u.conn.SetReadDeadline(time.Now().Add(8 * time.Second))
	for {
		n, err := u.conn.Read(buf)
		if err != nil {
			u.t.Fatalf("no %s: %v", method, err)
		}
		if msg, err := sip.ParseMessage(append([]byte(nil), buf[:n]...)); err == nil {
			if req, ok := msg.(*sip.Request); ok && req.Method == method {
				return req
			}
		}
	}
}

func offer(port int) string {
	return fmt.Sprintf("v=0\r\no=b 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n", port)
}

func TestRefusals(t *testing.T) {
	for last4, code := range map[string]int{"0200": 486, "0201": 603, "0202": 404, "0204": 480, "0205": 503, "0206": 608} {
		t.Run(last4, func(t *testing.T) {
			t.Parallel()
			c, phone := dial(t, Options{})
			u := phone("+1202555" + last4)
			u.send("INVITE", "+1202555"+last4, 1, offer(4000))
			res := u.expect(code)
			if last4 == "0205" && res.GetHeader("Retry-After") == nil {
				t.Error("503 without Retry-After")
			}
			u.send("ACK", "+1202555"+last4, 1, "")
			if r := c.Calls(); len(r) != 1 || r[0].Refused != code || r[0].Up() {
				t.Errorf("record %+v", r)
			}
		})
	}
}

func TestCancelWhileRinging(t *testing.T) {
	c, phone := dial(t, Options{})
	u := phone("+12025550203")
	u.send("INVITE", "+12025550203", 1, offer(4000))
	u.expect(180)
	to := u.toH
	u.toH = "<sip:+12025550203@carrier>"
	u.send("CANCEL", "+12025550203", 1, "")
	u.expect(487)
	if u.toH != to {
		t.Errorf("To tag changed from %q to %q", to, u.toH)
	}
	if r := c.Calls()[0]; r.Cancels != 1 || r.End == "" {
		t.Errorf("record %+v", r)
	}
}

// A talking phone answers, repeats its 200 until the ACK, speaks its own
// frequency and hears what it is sent.
func TestTalkingPhone(t *testing.T) {
	c, phone := dial(t, Options{Continuous: 1000, Frequencies: []float64{1000, 440}})
	u := phone("+12025550104")
	rtp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer rtp.Close()
	u.send("INVITE", "+12025550104", 1, offer(rtp.LocalAddr().(*net.UDPAddr).Port))
	u.expect(200)
	res := u.expect(200) // not acknowledged yet: it comes again
	to, payload, err := readSDP(res.Body())
	if err != nil || payload != 0 {
		t.Fatalf("answer: %v %d\n%s", err, payload, res.Body())
	}
	u.send("ACK", "+12025550104", 1, "")

	_ = rtp.SetReadDeadline(time.Now().Add(5 * time.Second))
	var spoken []int16
	buf := make([]byte, 2048)
	for i := range 25 {
		n, err := rtp.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		pcm := make([]int16, n-12)
		g711.DecodeMu(pcm, buf[12:n])
		spoken = append(spoken, pcm...)

		out := make([]int16, frameSize)
		for j := range out {
			out[j] = int16(8000 * math.Sin(2*math.Pi*1000*float64(i*frameSize+j)/8000))
		}
		p := make([]byte, 12+frameSize)
		p[0] = 0x80
		binary.BigEndian.PutUint16(p[2:], uint16(i))
		binary.BigEndian.PutUint32(p[4:], uint32(i*frameSize))
		g711.EncodeMu(p[12:], out)
		if _, err := rtp.WriteToUDPAddrPort(p, to); err != nil {
			t.Fatal(err)
		}
	}
	if amp, _ := goertzel(spoken[:4000], 440); dbfs(amp) < -25 {
		t.Errorf("440 Hz at %.1f dBFS in the phone's voice", dbfs(amp))
	}
	deadline := time.Now().Add(3 * time.Second)
	for c.Calls()[0].Heard.Packets < 25 && time.Now().Before(deadline) {
		_, _ = rtp.Read(buf) // paces the loop by the phone's own packets
	}
	h := c.Calls()[0].Heard
	if h.ToneFrames != 25 || h.ToneGaps != 0 || h.ToneJumps != 0 || h.SSRCs != 1 || h.PeakDBFS[1] > -50 {
		t.Errorf("heard %+v", h)
	}
	for range 2 { // it comes again, as if our 200 had been lost
		u.send("BYE", "+12025550104", 2, "")
		u.expect(200)
	}
	if c.Up() != 0 || c.Calls()[0].End != "bye" || c.Calls()[0].BYEs != 1 {
		t.Errorf("record %+v", c.Calls()[0])
	}
}

func TestPressesOne(t *testing.T) {
	_, phone := dial(t, Options{})
	u := phone("+12025550212")
	rtp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer rtp.Close()
	u.send("INVITE", "+12025550212", 1, offer(rtp.LocalAddr().(*net.UDPAddr).Port))
	u.expect(200)
	u.send("ACK", "+12025550212", 1, "")
	_ = rtp.SetReadDeadline(time.Now().Add(5 * time.Second))
	buf := make([]byte, 2048)
	events, ends := 0, 0
	for ends < 3 {
		n, err := rtp.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		if n == 16 && buf[1]&0x7f == eventPT {
			if buf[12] != 1 {
				t.Fatalf("event %d", buf[12])
			}
			events++
			if buf[13]&0x80 != 0 {
				ends++
			}
		}
	}
	if events != keyPackets+keyRepeats {
		t.Errorf("%d event packets", events)
	}
}

func TestHoldsTheBridge(t *testing.T) {
	_, phone := dial(t, Options{})
	u := phone("+12025550215")
	u.send("INVITE", "+12025550215", 1, offer(4000))
	u.expect(200)
	u.send("ACK", "+12025550215", 1, "")
	req := u.expectRequest(sip.INVITE)
	if !strings.Contains(string(req.Body()), "a=sendonly") {
		t.Errorf("hold offer:\n%s", req.Body())
	}
	if req.CallID().Value() != u.id || !strings.Contains(req.From().Value(), "tag=") {
		t.Errorf("not in the dialog: %s", req)
	}
}

func TestNewestPIN(t *testing.T) {
	texts := inbox{"+1": {"Your PIN is 111111", "PIN 482913 for Board 2026 call. Your PIN: 731204."}}
	if got := newestPIN(texts, "+1"); got != "731204" {
		t.Errorf("PIN %q", got)
	}
	if got := newestPIN(texts, "+2"); got != "" {
		t.Errorf("PIN %q of a number without texts", got)
	}
}

type inbox map[string][]string

func (i inbox) TextsTo(number string) []string { return i[number] }

func TestScriptsAreOnePerNumber(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Scripts() {
		if seen[s.Last4] || s.play == nil || s.Status == "" {
			t.Errorf("script %+v", s)
		}
		seen[s.Last4] = true
	}
	if s := ScriptFor("+12025550150"); s.Reason != "" {
		t.Errorf("0150: %+v", s)
	}
}

// A new stream, as after a restart of the bridge, is no loss and no
// reordering, but the silence before it counts.
func TestEarFollowsANewStream(t *testing.T) {
	e := newEar(Options{})
	now := time.Now()
	frame := make([]int16, frameSize)
	for i := range 5 {
		e.hear(now.Add(time.Duration(i)*ptime), uint16(65534+i), uint32(i*frameSize), 1, frame)
	}
	for i := range 5 {
		e.hear(now.Add(time.Second+time.Duration(i)*ptime), uint16(40000+i), uint32(7+i*frameSize), 2, frame)
	}
	if h := e.report(); h.Packets != 10 || h.SSRCs != 2 || h.Lost != 0 || h.Reordered != 0 || h.TSJumps != 0 || h.MaxGapMS != 920 {
		t.Errorf("%+v", h)
	}
	e.hear(now.Add(2*time.Second), 40007, 8000, 2, frame)
	e.hear(now.Add(2*time.Second), 40006, 7840, 2, frame)
	if h := e.report(); h.Lost != 2 || h.Reordered != 1 || h.TSJumps != 1 {
		t.Errorf("%+v", h)
	}
}
