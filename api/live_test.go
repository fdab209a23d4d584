package api_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"partyline/api"
)

// pipeListener is a listener whose connections are in memory, so that a whole
// http.Server runs on virtual time.
type pipeListener struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// live is a face behind its real http.Server.
type live struct {
	*face
	server *http.Server
	ln     *pipeListener
	client *http.Client
}

func (f *face) serve() *live {
	f.t.Helper()
	return f.serveInstead(f.srv)
}

// serveInstead serves a part of the face with the limits of the whole.
func (f *face) serveInstead(h http.Handler) *live {
	f.t.Helper()
	l := &live{face: f, server: api.NewHTTPServer(f.srv, ""), ln: newPipeListener()}
	l.server.Handler = h
	transport := &http.Transport{DialContext: l.ln.dial, DisableKeepAlives: true}
	l.client = &http.Client{Transport: transport}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := l.server.Serve(l.ln); err != http.ErrServerClosed {
			f.t.Errorf("Serve: %v", err)
		}
	}()
	f.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := l.server.Shutdown(ctx); err != nil {
			f.t.Errorf("Shutdown: %v", err)
		}
		transport.CloseIdleConnections()
		<-served
	})
	return l
}

// watcher reads one event stream.
type watcher struct {
	t      testing.TB
	cancel context.CancelFunc
	lines  *bufio.Scanner
	body   io.Closer
	header http.Header
}

// watch opens an event stream. Headers come in pairs.
func (l *live) watch(path string, header ...string) *watcher {
	l.t.Helper()
	resp, cancel := l.request(path, header...)
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		b, _ := io.ReadAll(resp.Body)
		cancel()
		l.t.Fatalf("events: %d %s: %s", resp.StatusCode, resp.Header.Get("Content-Type"), b)
	}
	w := &watcher{t: l.t, cancel: cancel, lines: bufio.NewScanner(resp.Body), body: resp.Body, header: resp.Header}
	l.t.Cleanup(w.close)
	if first := w.block(); len(first) != 1 || first[0] != "retry: 2000" {
		l.t.Fatalf("the stream begins with %q", first)
	}
	return w
}

func (l *live) request(path string, header ...string) (*http.Response, context.CancelFunc) {
	l.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, "GET", "http://face"+path, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", l.key)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := l.client.Do(req)
	if err != nil {
		cancel()
		l.t.Fatal(err)
	}
	return resp, cancel
}

func (w *watcher) close() {
	w.cancel()
	w.body.Close()
}

// block reads lines up to an empty one; nil at the end of the stream.
func (w *watcher) block() []string {
	var lines []string
	for w.lines.Scan() {
		if w.lines.Text() == "" {
			return lines
		}
		lines = append(lines, w.lines.Text())
	}
	return nil
}

// frame is one event as it came over the wire.
type frame struct{ id, event, data string }

// next reads the next event, passing over comments; false at the end.
func (w *watcher) next() (frame, bool) {
	for {
		lines := w.block()
		if lines == nil {
			return frame{}, false
		}
		if strings.HasPrefix(lines[0], ":") {
			continue
		}
		var f frame
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			switch name {
			case "id":
				f.id = value
			case "event":
				f.event = value
			case "data":
				f.data += value
			default:
				w.t.Errorf("a line that belongs to no event: %q", line)
			}
		}
		return f, true
	}
}
