package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"partyline/api"
	"partyline/bridge"
	"partyline/bridge/bridgetest"
)

const adminKey = "the-admin-key-of-these-tests"

// face is the HTTP face over a bench. Every exchange made through it is held
// against the served document.
type face struct {
	*bridgetest.Bench
	t        testing.TB
	srv      *api.Server
	contract *contract
	key      string
	log      *logBuffer
}

// setup changes the configurations before a face starts.
type setup func(*api.Config, *bridge.Config)

func newFace(t testing.TB, with ...setup) *face {
	t.Helper()
	f := &face{t: t, key: adminKey, log: &logBuffer{}, contract: theContract(t)}
	log := slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg := api.Config{AdminKey: adminKey, Version: "test", Log: log,
		Limits: api.Limits{RequestsPerSecond: 1e6, RequestBurst: 1e6}}
	bcfg := bridge.Config{Log: log}
	for _, w := range with {
		w(&cfg, &bcfg)
	}
	f.Bench = bridgetest.New(t, bcfg)
	cfg.Bridge, cfg.Store = f.Bench.Bridge, f.Bench.Store
	f.srv = newServer(t, cfg)
	return f
}

func newServer(t testing.TB, cfg api.Config) *api.Server {
	t.Helper()
	srv, err := api.New(cfg)
	if err != nil {
		t.Fatalf("api.New: %v", err)
	}
	t.Cleanup(srv.Close)
	return srv
}

// as is the same face with another key.
func (f *face) as(key string) *face {
	other := *f
	other.key = key
	return &other
}

// unjudged is the same face without the contract, for loops that make the same
// exchange hundreds of times.
func (f *face) unjudged() *face {
	other := *f
	other.contract = nil
	return &other
}

// answer is one reply.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// do makes one request. Headers come in pairs; "" as a value takes one away.
func (f *face) do(method, path, body string, header ...string) *answer {
	f.t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req := httptest.NewRequest(method, path, r)
	if f.key != "" {
		req.Header.Set("X-Auth-Token", f.key)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i+1] == "" {
			req.Header.Del(header[i])
		} else {
			req.Header.Add(header[i], header[i+1])
			if header[i] == "Content-Type" {
				req.Header.Set(header[i], header[i+1])
			}
		}
	}
	return f.send(req, body)
}

func (f *face) send(req *http.Request, body string) *answer {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(req.Context(), time.Minute) // a stream nobody meant to open ends
	defer cancel()
	w := httptest.NewRecorder()
	f.srv.ServeHTTP(w, req.WithContext(ctx))
	a := &answer{t: f.t, status: w.Code, header: w.Result().Header, body: w.Body.Bytes()}
	if f.contract != nil {
		f.contract.check(f.t, req, []byte(body), a)
	}
	return a
}

func (f *face) get(path string) *answer           { f.t.Helper(); return f.do("GET", path, "") }
func (f *face) post(path, body string) *answer    { f.t.Helper(); return f.do("POST", path, body) }
func (f *face) patch(path, body string) *answer   { f.t.Helper(); return f.do("PATCH", path, body) }
func (f *face) delete(path string) *answer        { f.t.Helper(); return f.do("DELETE", path, "") }
func (a *answer) want(status int) *answer         { a.t.Helper(); return a.wantCode(status, "") }
func (a *answer) text(field string) string        { s, _ := a.object()[field].(string); return s }
func (a *answer) number(field string) float64     { n, _ := a.object()[field].(float64); return n }
func (a *answer) items(field string) (list []any) { list, _ = a.object()[field].([]any); return list }

func (a *answer) wantCode(status int, code string) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if code != "" && a.text("code") != code {
		a.t.Fatalf("code %q, want %q: %s", a.text("code"), code, a.body)
	}
	return a
}

func (a *answer) object() map[string]any {
	a.t.Helper()
	var m map[string]any
	if err := json.Unmarshal(a.body, &m); err != nil {
		a.t.Fatalf("reply is not an object: %v: %s", err, a.body)
	}
	return m
}

// conference makes one and returns its path.
func (f *face) conference(body ...string) string {
	f.t.Helper()
	b := `{"name":"Weekly"}`
	if len(body) > 0 {
		b = body[0]
	}
	return "/v2/conferences/" + f.post("/v2/conferences", b).want(201).text("id")
}

// participant adds one to a conference and returns its path.
func (f *face) participant(conf string, body ...string) string {
	f.t.Helper()
	b := `{"phone_number":"+12025550100","role":"participant"}`
	if len(body) > 0 {
		b = body[0]
	}
	return conf + "/participants/" + f.post(conf+"/participants", b).want(200).text("id")
}

// tenantKey makes a key for a tenant.
func (f *face) tenantKey(tenant string, scopes ...string) string {
	f.t.Helper()
	text, _, err := api.CreateKey(f.t.Context(), f.Bench.Store, tenant, "test", scopes)
	if err != nil {
		f.t.Fatal(err)
	}
	return text
}

// logBuffer keeps everything logged.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
