package edge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gatedPackets is a UDP socket behind a Gate, as the call layer has it.
type gatedPackets struct {
	net.PacketConn
	gate *Gate
}

func (c *gatedPackets) ReadFrom(b []byte) (int, net.Addr, error) {
	buf := make([]byte, 64<<10)
	for {
		n, from, err := c.PacketConn.ReadFrom(buf)
		if err != nil {
			return n, from, err
		}
		d := c.gate.Admit("UDP", from.(*net.UDPAddr).AddrPort(), buf[:n])
		if d.Reply != nil {
			_, _ = c.WriteTo(d.Reply, net.UDPAddrFromAddrPort(d.ReplyTo))
		}
		if d.Pass != nil {
			return copy(b, d.Pass), from, nil
		}
	}
}

// gatedListener hands out gatedConns.
type gatedListener struct {
	net.Listener
	gate *Gate
}

func (l *gatedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &gatedConn{Conn: c, gate: l.gate}, nil
}

// gatedConn is a TCP connection behind a Gate: one message in each Read.
type gatedConn struct {
	net.Conn
	gate *Gate
	buf  []byte
}

func (c *gatedConn) Read(p []byte) (int, error) {
	for {
		n, last := Frame(c.buf)
		if n > 0 {
			d := c.gate.Admit("TCP", c.RemoteAddr().(*net.TCPAddr).AddrPort(), c.buf[:n])
			out := bytes.Clone(d.Pass)
			c.buf = c.buf[n:]
			if d.Reply != nil {
				_, _ = c.Write(d.Reply)
			}
			if last {
				return 0, io.EOF
			}
			if out != nil {
				return copy(p, out), nil
			}
			continue
		}
		chunk := make([]byte, 4096)
		n, err := c.Conn.Read(chunk)
		if err != nil {
			return 0, err
		}
		c.buf = append(c.buf, chunk[:n]...)
	}
}

// server is sipgo behind a Gate, answering 200 to whatever it gets.
type server struct {
	gate     *Gate
	udp, tcp string

	mu      sync.Mutex
	handled []string // methods that reached a handler
}

func newServer(t *testing.T, f *Filter) *server {
	t.Helper()
	s := &server{gate: NewGate(f)}
	ua, err := sipgo.NewUA(sipgo.WithUserAgentTransactionLayerOptions(
		sip.WithTransactionLayerLogger(slog.New(slog.DiscardHandler)),
		sip.WithTransactionLayerUnhandledResponseHandler(func(*sip.Response) {}),
	), sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerLogger(slog.New(slog.DiscardHandler))))
	if err != nil {
		t.Fatal(err)
	}
	srv, err := sipgo.NewServer(ua, sipgo.WithServerLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	srv.OnNoRoute(func(req *sip.Request, tx sip.ServerTransaction) {
		s.mu.Lock()
		s.handled = append(s.handled, string(req.Method)+" "+req.CallID().Value())
		s.mu.Unlock()
		if req.Method != sip.ACK {
			_ = tx.Respond(sip.NewResponseFromRequest(req, 200, "OK", nil))
		}
	})
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.udp, s.tcp = pc.LocalAddr().String(), ln.Addr().String()
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.ServeUDP(&gatedPackets{pc, s.gate}) })
	wg.Go(func() { _ = srv.ServeTCP(&gatedListener{ln, s.gate}) })
	t.Cleanup(func() {
		_ = pc.Close()
		_ = ln.Close()
		wg.Wait()
		_ = ua.Close()
	})
	return s
}

var sentBy = regexp.MustCompile(`(?is)^((?:.*?\r\n)?(?:via|v)\s*:\s*SIP\s*/\s*[0-9.]+\s*/\s*)([A-Z]+)(\s+)([^;,\s]+)`)

// route makes the answers to a message come back to us: the top Via names our
// own address and transport.
func route(msg []byte, network, addr string) []byte {
	return sentBy.ReplaceAll(msg, []byte("${1}"+network+"${3}"+addr))
}

const probe = "OPTIONS sip:probe@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bKprobe%d\r\n" +
	"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:probe@127.0.0.1>\r\nCall-ID: probe%d\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"

// answers sends a message and lists the final answers to it. It waits for the
// answer to a probe sent behind it, and, unless silence is right too, a while
// for the message's own.
func (s *server) answers(t *testing.T, network string, msg []byte, silence bool) []string {
	t.Helper()
	addr := s.udp
	if network == "TCP" {
		addr = s.tcp
	}
	c, err := net.Dial(strings.ToLower(network), addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Write(route(msg, network, c.LocalAddr().String())); err != nil {
		t.Fatal(err)
	}
	if network == "UDP" {
		_, _ = fmt.Fprintf(c, probe, network, c.LocalAddr(), 1, 1)
	} else if silence { // a stream may have ended or be waiting for the rest
		_ = c.(*net.TCPConn).CloseWrite()
	}
	var own []string
	probed, buf, have := false, make([]byte, 64<<10), []byte(nil)
	for {
		n, err := c.Read(buf)
		if err != nil {
			var nerr net.Error
			if errors.As(err, &nerr) && nerr.Timeout() {
				t.Errorf("no answer")
			}
			return own
		}
		have = append(have, buf[:n]...)
		for {
			n, _ := Frame(have)
			if n == 0 {
				break
			}
			res := string(have[:n])
			have = have[n:]
			switch {
			case strings.Contains(res, "Call-ID: probe"):
				probed = true
			case !strings.HasPrefix(res, "SIP/2.0 1"):
				own = append(own, res)
			}
		}
		if network == "UDP" && probed && (len(own) > 0 || silence) || network == "TCP" && len(own) > 0 {
			return own
		}
	}
}

// codes that each wording of EXPECTED.tsv allows; 0 is silence.
var wordings = map[string][]int{
	"accept (any answer but 400)":   {200},
	"accept":                        {200},
	"accept, not matched by branch": {200},
	"200":                           {200},
	"200 to OPTIONS (UAS; 483 is for proxies)": {200},
	"405/501":                            {405, 501},
	"405/501, never treated as REGISTER": {405, 501},
	"405 (REGISTER not offered)":         {405},
	"405/415":                            {405, 415},
	"501/405/400":                        {501, 405, 400},
	"one answer, trailing bytes ignored (UDP)":    {405},
	"response without transaction: discard":       {0},
	"discard":                                     {0},
	"400 (discard tolerated)":                     {400, 0},
	"400, or accept with the URI headers ignored": {400, 200},
	"400 or accept":                               {400, 200},
	"400":                                         {400},
	"505":                                         {505},
	"416":                                         {416},
	"420 with Unsupported":                        {420},
	"415 with Accept":                             {415},
	"406":                                         {406},
	"handle as RFC 2543 INVITE (accept); 400 only by written policy": {200},
}

func corpus(t testing.TB, name string) []byte {
	t.Helper()
	for _, dir := range []string{"rfc4475/valid", "rfc4475/invalid", "rfc5118"} {
		if b, err := os.ReadFile(filepath.Join("testdata", dir, name+".dat")); err == nil {
			return b
		}
	}
	t.Fatalf("no message %s", name)
	return nil
}

func status(res string) int {
	var code int
	_, _ = fmt.Sscanf(res, "SIP/2.0 %d ", &code)
	return code
}

func loopback() *Filter {
	return NewFilter(FilterOptions{Always: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
}

// Every message of RFC 4475 gets the verdict of EXPECTED.tsv, over UDP and TCP.
func TestRFC4475(t *testing.T) {
	tsv, err := os.ReadFile("testdata/rfc4475/EXPECTED.tsv")
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(string(tsv)), "\n")[1:]
	if len(rows) != 49 {
		t.Fatalf("%d rows", len(rows))
	}
	s := newServer(t, loopback())
	for _, row := range rows {
		col := strings.Split(row, "\t")
		want, ok := wordings[col[1]]
		if !ok {
			t.Fatalf("%s: wording %q is not in the test's table", col[0], col[1])
		}
		for _, network := range []string{"UDP", "TCP"} {
			want, most := want, 1
			switch {
			case network == "TCP" && col[3] == "silent": // its end cannot be found in a stream
				want = append(slices.Clone(want), 0)
			case network == "TCP" && col[0] == "dblreq":
				most = 2
			case network == "UDP" && col[0] == "longreq": // its answer is too long for sipgo over UDP
				want = []int{0}
			}
			silence := slices.Contains(want, 0)
			t.Run(col[0]+"/"+network, func(t *testing.T) {
				msg := corpus(t, col[0])
				if network == "TCP" && col[0] == "inv2543" { // which relied on the datagram's end
					head, body, _ := bytes.Cut(msg, []byte("\r\n\r\n"))
					msg = fmt.Appendf(nil, "%s\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body)
				}
				got := s.answers(t, network, msg, silence)
				code := 0
				if len(got) > 0 {
					code = status(got[0])
				}
				if !slices.Contains(want, code) || len(got) > most {
					t.Fatalf("%d answers, %d, want one of %v\n%s", len(got), code, want, strings.Join(got, "\n"))
				}
				if header, ok := map[int]string{405: "Allow: INVITE", 420: "Unsupported: nothingsupportsthis", 415: "Accept: application/sdp"}[code]; ok &&
					!strings.Contains(got[0], header) {
					t.Fatalf("no %s in\n%s", header, got[0])
				}
			})
		}
	}
	if st := s.gate.Stats(); st.Panics != 0 {
		t.Fatalf("%+v", st)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	long := 0
	for _, h := range s.handled {
		method, id, _ := strings.Cut(h, " ")
		if !slices.Contains(strings.Split(Allow, ", "), method) {
			t.Errorf("a %q reached the call layer", method)
		}
		if strings.HasPrefix(id, "longreq.") {
			long++
		}
	}
	if long != 2 {
		t.Errorf("the long request was accepted %d times of 2", long)
	}
}

func TestRFC5118(t *testing.T) {
	s := newServer(t, loopback())
	for name, want := range map[string]int{
		"ipv6-good":                     405, // REGISTER is not offered
		"ipv6-bad":                      400, // an address without brackets
		"port-ambiguous":                405,
		"port-unambiguous":              405,
		"via-received-param-with-delim": 200,
		"via-received-param-no-delim":   200,
		"ipv6-in-sdp":                   200,
		"mult-ip-in-header":             200,
		"mult-ip-in-sdp":                200,
		"ipv4-mapped-ipv6":              200,
		"ipv6-bug-abnf-3-colons":        200, // accepted, as RFC 3261's grammar produced it
		"ipv6-correct-abnf-2-colons":    200,
	} {
		for _, network := range []string{"UDP", "TCP"} {
			got := s.answers(t, network, corpus(t, name), false)
			if len(got) != 1 || status(got[0]) != want {
				t.Errorf("%s/%s: %q, want %d", name, network, got, want)
			}
		}
	}
	if files, _ := filepath.Glob("testdata/rfc5118/*.dat"); len(files) != 12 {
		t.Errorf("%d files", len(files))
	}
}

// until polls for a condition that another goroutine brings about.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 5000 {
		if ok() {
			return
		}
		<-tick.C
	}
	t.Fatal("it never came about")
}

// A stranger gets no answer at all, whatever it sends.
func TestStrangersMeetSilence(t *testing.T) {
	s := newServer(t, NewFilter(FilterOptions{}))
	c, err := net.Dial("udp", s.udp)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i, name := range []string{"semiuri", "mcl01", "unkscm", "escnull", "esc01"} {
		if _, err := c.Write(route(corpus(t, name), "UDP", c.LocalAddr().String())); err != nil {
			t.Fatal(err)
		}
		until(t, func() bool { return s.gate.Stats().Refused == uint64(i+1) })
	}
	s.gate.Filter.Set("trunk", []netip.Addr{netip.MustParseAddr("127.0.0.1")}) // now it is a trunk
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = fmt.Fprintf(c, probe, "UDP", c.LocalAddr(), 7, 7)
	buf := make([]byte, 2048)
	n, err := c.Read(buf)
	if err != nil || !strings.Contains(string(buf[:n]), "Call-ID: probe7") {
		t.Fatalf("the first answer is not to the first message of a trunk: %q %v", buf[:n], err)
	}
}
