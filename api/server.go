package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"sync"

	"github.com/gorilla/mux"
	"github.com/prometheus/client_golang/prometheus"

	"partyline/bridge"
	"partyline/state"
)

// Config plugs a Server together. Bridge and Store are required; everything
// else has a working zero value.
type Config struct {
	Bridge *bridge.Bridge
	Store  state.Store

	AdminKey string // a first key, of tenant "default" and with all scopes; "" for none
	Version  string // told by /healthz and /openapi.json
	Log      *slog.Logger
	Registry *prometheus.Registry // nil: one of its own
	Ready    func() error         // why no new work should come here; nil: always ready

	SMSCallback    http.Handler // takes the provider's delivery reports; nil: no such route
	AllowedOrigins []string     // browsers' origins that may call; "*" for any
	Limits         Limits
}

// Limits of the HTTP face. Zero takes the default.
type Limits struct {
	RequestsPerSecond  float64 // per key; 100
	RequestBurst       int     // 200
	FailuresPerMinute  float64 // invalid keys per address; 10
	FailureBurst       int     // 20
	StreamsPerKey      int     // event streams open at once; 100
	Streams            int     // of all keys; 1000
	UploadsPerTenant   int     // sounds that come in at once; 4
	Uploads            int     // of all tenants; 8, each at most 20 MB in memory
	DownloadsPerTenant int     // recordings and sounds that go out at once; 32
	Downloads          int     // of all tenants; 256
	AddsPerSecond      float64 // told in RateLimit-Policy; the bridge enforces it; 10
}

func (l *Limits) complete() {
	fill(&l.RequestsPerSecond, 100)
	fill(&l.RequestBurst, 200)
	fill(&l.FailuresPerMinute, 10)
	fill(&l.FailureBurst, 20)
	fill(&l.StreamsPerKey, 100)
	fill(&l.Streams, 1000)
	fill(&l.UploadsPerTenant, 4)
	fill(&l.Uploads, 8)
	fill(&l.DownloadsPerTenant, 32)
	fill(&l.Downloads, 256)
	fill(&l.AddsPerSecond, 10)
}

func fill[T int | float64](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// maxBuckets bounds how many keys and addresses are remembered for limits.
const maxBuckets = 10000

// Server is the HTTP face. It is an http.Handler; Close ends it.
type Server struct {
	cfg       Config
	log       *slog.Logger
	adminHash []byte
	process   string // names this run of the program in claims

	requests  *buckets
	failures  *buckets
	streams   *gate
	uploads   *gate
	downloads *gate
	running   *gate // Idempotency-Keys whose first request is being answered
	metrics   *metrics
	openapi   []byte
	root      http.Handler

	closeOnce sync.Once
	closing   chan struct{} // streams end
	life      context.Context
	end       context.CancelFunc
	owned     sync.WaitGroup
}

// New prepares the face; it serves at once.
func New(cfg Config) (*Server, error) {
	switch {
	case cfg.Bridge == nil:
		return nil, errors.New("api: Config.Bridge is missing")
	case cfg.Store == nil:
		return nil, errors.New("api: Config.Store is missing")
	case len(cfg.AdminKey) > maxKeyText:
		return nil, errors.New("api: the admin key is longer than 512 bytes")
	}
	cfg.Limits.complete()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Registry == nil {
		cfg.Registry = prometheus.NewRegistry()
	}
	document, err := openapiJSON(cfg.Version)
	if err != nil {
		return nil, err
	}
	l := cfg.Limits
	s := &Server{
		cfg: cfg, log: cfg.Log, process: newRequestID(), openapi: document,
		requests:  newBuckets(l.RequestsPerSecond, l.RequestBurst, maxBuckets),
		failures:  newBuckets(l.FailuresPerMinute/60, l.FailureBurst, maxBuckets),
		streams:   newGate(l.StreamsPerKey, l.Streams),
		uploads:   newGate(l.UploadsPerTenant, l.Uploads),
		downloads: newGate(l.DownloadsPerTenant, l.Downloads),
		running:   newGate(1, math.MaxInt),
		closing:   make(chan struct{}),
	}
	if cfg.AdminKey != "" {
		sum := sha256.Sum256([]byte(cfg.AdminKey))
		s.adminHash = sum[:]
	}
	if s.metrics, err = newMetrics(cfg.Registry, cfg.Bridge); err != nil {
		return nil, err
	}
	s.life, s.end = context.WithCancel(context.Background())
	s.root = s.identify(s.observe(s.recoverPanics(s.crossOrigin(s.router()))))
	s.owned.Add(1)
	go s.sweep()
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.root.ServeHTTP(w, r) }

// EndStreams ends all event streams; what else runs goes on. Readers come back
// with Last-Event-ID.
func (s *Server) EndStreams() { s.closeOnce.Do(func() { close(s.closing) }) }

// Close ends the streams and everything the server runs by itself. Call it
// after the http.Server has shut down.
func (s *Server) Close() {
	s.EndStreams()
	s.end()
	s.owned.Wait()
}

// router makes one table of routes into a mux: first a path's methods, then
// its 405, and 404 for the rest.
func (s *Server) router() http.Handler {
	m := mux.NewRouter().SkipClean(true).UseEncodedPath()
	allowed := make(map[string][]string)
	var order []string
	for _, rt := range s.routes() {
		methods := []string{rt.method}
		if rt.method == http.MethodGet && rt.path != pathEvents { // a stream is nothing without its body
			methods = append(methods, http.MethodHead) // net/http keeps the body back
		}
		m.Handle(rt.path, s.labelled(rt.path, rt.handler)).Methods(methods...)
		if allowed[rt.path] == nil {
			order = append(order, rt.path)
		}
		allowed[rt.path] = append(allowed[rt.path], methods...)
	}
	for _, path := range order {
		m.Handle(path, s.labelled(path, s.wrongMethod(allowed[path])))
	}
	m.NotFoundHandler = s.labelled("unknown", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, problem(codeNoRoute, "", "There is no such path; /openapi.json lists them all."))
	})
	return m
}
