package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

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
