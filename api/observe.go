package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"partyline/bridge"
)

// trace is what becomes known about a request on its way; one goroutine writes it.
type trace struct {
	route  string // the template, never the path: bounded and free of anything private
	who    bridge.Caller
	status int
}

type traceKey struct{}

func traceOf(ctx context.Context) *trace {
	t, _ := ctx.Value(traceKey{}).(*trace)
	return t
}

// note remembers for the log who asked.
func note(ctx context.Context, who bridge.Caller) {
	if t := traceOf(ctx); t != nil {
		t.who = who
	}
}

// labelled remembers for log and metrics which route was taken.
func (s *Server) labelled(path string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if t := traceOf(r.Context()); t != nil {
			t.route = path
		}
		next(w, r)
	}
}

// statusWriter remembers the status of a reply. Unwrap lets
// http.ResponseController reach the connection.
type statusWriter struct {
	http.ResponseWriter
	t *trace
}

func (w *statusWriter) WriteHeader(status int) {
	if w.t.status == 0 {
		w.t.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.t.status == 0 {
		w.t.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// observe logs and counts each request when it is over. Neither bodies nor
// headers nor query strings nor the path itself are logged.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := &trace{route: "unknown"}
		start := time.Now()
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		defer func() {
			took := time.Since(start)
			method := knownMethod(r.Method)
			s.metrics.requests.WithLabelValues(method, t.route, strconv.Itoa(t.status)).Inc()
			s.metrics.latency.WithLabelValues(method, t.route).Observe(took.Seconds())
			level := slog.LevelDebug
			if method != http.MethodGet {
				level = slog.LevelInfo
			}
			s.log.Log(r.Context(), level, "request", "request_id", requestID(r.Context()), "method", method, "route", t.route,
				"status", t.status, "took", took, "tenant", t.who.TenantID, "key", t.who.KeyID)
		}()
		next.ServeHTTP(&statusWriter{ResponseWriter: w, t: t}, r.WithContext(context.WithValue(r.Context(), traceKey{}, t)))
	})
}

// knownMethod keeps the log and the metrics free of invented methods.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodPut, http.MethodHead, http.MethodOptions:
		return m
	}
	return "other"
}

// recoverPanics turns a fault in one request into one 500.
func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if fault == http.ErrAbortHandler {
				panic(fault)
			}
			s.metrics.panics.Inc()
			p := problem(codeInternal, "", internalDetail)
			p.cause = fmt.Errorf("panic: %v\n%s", fault, debug.Stack())
			if t := traceOf(r.Context()); t != nil && t.status != 0 {
				s.log.Error("request failed after its reply began", "request_id", requestID(r.Context()), "err", p.cause)
				panic(http.ErrAbortHandler) // the connection is cut: the caller must not take half for all
			}
			s.refuse(w, r, p)
		}()
		next.ServeHTTP(w, r)
	})
}
