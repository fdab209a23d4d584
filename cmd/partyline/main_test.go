package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"partyline/cmd/partyline/carrier"
)

// asItself makes the test's binary the program: signals need a process.
const asItself = "BE_PARTYLINE"

func TestMain(m *testing.M) {
	if os.Getenv(asItself) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// said is what a command line came to.
type said struct {
	code     int
	out, err string
}

// partyline runs one command line in this process.
func partyline(t *testing.T, args ...string) said {
	t.Helper()
	return partylineWith(t, nil, args...)
}

func partylineWith(t *testing.T, env map[string]string, args ...string) said {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	code := run(ctx, args, streams{&out, &errs, func(k string) (string, bool) { v, ok := env[k]; return v, ok }})
	return said{code, out.String(), errs.String()}
}

// want fails unless the exit code is code and each of words stands in what
// was printed.
func (s said) want(t *testing.T, code int, words ...string) said {
	t.Helper()
	if s.code != code {
		t.Errorf("exit code %d, want %d", s.code, code)
	}
	for _, w := range words {
		if !strings.Contains(s.out+s.err, w) {
			t.Errorf("no word of %q", w)
		}
	}
	if t.Failed() {
		t.Fatalf("it printed:\n%s\nand as errors:\n%s", s.out, s.err)
	}
	return s
}

const adminKey = "first-key-of-the-tests"

// house is a folder with a configuration whose trunk is a simulated carrier.
type house struct {
	t      *testing.T
	dir    string
	file   string // configuration
	store  string
	phones *carrier.Carrier
	http   string // address of the API, the same over restarts once it served
	sip    string
	extra  string                       // more YAML
	more   struct{ http, state string } // keys of these sections, each behind a comma
}

func newHouse(t *testing.T, extra string) *house {
	t.Helper()
	return newHouseWith(t, carrier.Options{}, extra)
}

func newHouseWith(t *testing.T, network carrier.Options, extra string) *house {
	t.Helper()
	phones, err := carrier.Listen(network)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = phones.Close() })
	dir, err := os.MkdirTemp("", "house") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	h := &house{t: t, dir: dir, file: filepath.Join(dir, "partyline.yaml"), store: filepath.Join(dir, "partyline.db"),
		phones: phones, http: "127.0.0.1:0", sip: "127.0.0.1:0", extra: extra}
	h.configure()
	return h
}

// configure writes the configuration as it stands.
func (h *house) configure() {
	h.t.Helper()
	if err := os.WriteFile(h.file, fmt.Appendf(nil, `http: {listen: %q%s}
sip: {listen: ["udp:%s"]}
media: {address: "127.0.0.1", ports: "20000-49999"}
state: {path: %q%s}
auth: {admin_key: %q}
trunks: [{name: main, uri: "sip:%s", caller_ids: ["+12025550000"], cps: 1000}]
log: {format: json, level: debug}
%s`, h.http, h.more.http, h.sip, h.store, h.more.state, adminKey, h.phones.Addr(), h.extra), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// run gives a command line with this house's configuration.
func (h *house) run(args ...string) said {
	h.t.Helper()
	return partyline(h.t, append(args, "--config", h.file)...)
}

// daemonLog collects a daemon's log and finds the line that says it serves.
type daemonLog struct {
	mu     sync.Mutex
	text   strings.Builder
	lines  chan string
	serves chan servesLine
}

type servesLine struct {
	Msg string   `json:"msg"`
	API string   `json:"api"`
	SIP []string `json:"sip"`
}

func follow(r io.Reader) *daemonLog {
	l := &daemonLog{lines: make(chan string, 1000), serves: make(chan servesLine, 1)}
	go func() {
		defer close(l.lines)
		in := bufio.NewScanner(r)
		for in.Scan() {
			l.mu.Lock()
			l.text.WriteString(in.Text() + "\n")
			l.mu.Unlock()
			var s servesLine
			if json.Unmarshal(in.Bytes(), &s) == nil && s.Msg == "partyline serves" {
				l.serves <- s
			}
			select {
			case l.lines <- in.Text():
			default:
			}
		}
	}()
	return l
}

func (l *daemonLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await reads the log until a line has the words.
func (l *daemonLog) await(t *testing.T, words string) {
	t.Helper()
	end := time.After(20 * time.Second)
	for {
		select {
		case line, ok := <-l.lines:
			if !ok {
				t.Fatalf("the daemon ended without a word of %q:\n%s", words, l)
			}
			if strings.Contains(line, words) {
				return
			}
		case <-end:
			t.Fatalf("no word of %q in the log:\n%s", words, l)
		}
	}
}

// serving is partyline serve, in this process.
type serving struct {
	*house
	url  string
	log  *daemonLog
	stop func() int // hangs up and returns the exit code
}

func (h *house) serve(args ...string) *serving {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	s := &serving{house: h, log: follow(r)}
	ended := make(chan struct{})
	code := 0
	go func() {
		defer close(ended)
		code = run(ctx, append([]string{"serve", "--config", h.file}, args...), streams{io.Discard, w, func(string) (string, bool) { return "", false }})
		_ = w.Close()
	}()
	s.stop = sync.OnceValue(func() int {
		cancel()
		<-ended
		return code
	})
	h.t.Cleanup(func() { s.stop() })
	s.url = s.log.ready(h.t, h).API
	return s
}

// ready waits until the daemon serves; its addresses become the house's.
func (l *daemonLog) ready(t *testing.T, h *house) servesLine {
	t.Helper()
	select {
	case s := <-l.serves:
		_, h.http, _ = strings.Cut(s.API, "://")
		h.sip = strings.TrimPrefix(s.SIP[0], "udp:")
		h.configure()
		return s
	case <-time.After(20 * time.Second):
		t.Fatalf("the daemon does not serve:\n%s", l)
	}
	return servesLine{}
}

// call makes one request to the API at url.
func call(t *testing.T, key, method, url, body string) (status int, answer map[string]any) {
	t.Helper()
	status, b := fetch(t, key, method, url, body)
	_ = json.Unmarshal(b, &answer) // not all answers are objects
	return status, answer
}

func fetch(t *testing.T, key, method, url, body string) (status int, answer []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, b
}

// text is a page that is no JSON.
func (s *serving) text(path string) string {
	s.t.Helper()
	_, b := fetch(s.t, adminKey, "GET", s.url+path, "")
	return string(b)
}

// do is call, and the answer must be a success.
func (s *serving) do(method, path, body string) map[string]any {
	s.t.Helper()
	status, answer := call(s.t, adminKey, method, s.url+path, body)
	if status >= 300 {
		s.t.Fatalf("%s %s: %d %v", method, path, status, answer)
	}
	return answer
}

// until polls what only the other end can tell.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	end := time.NewTimer(20 * time.Second)
	defer end.Stop()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for !done() {
		select {
		case <-end.C:
			t.Fatalf("not %s within 20 s", what)
		case <-poll.C:
		}
	}
}
