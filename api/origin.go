package api

import (
	"net/http"
	"slices"
)

// crossOrigin lets browsers of the allowed origins call, and answers their
// preflights. There are no cookies here: a page without a key can do nothing.
func (s *Server) crossOrigin(next http.Handler) http.Handler {
	if len(s.cfg.AllowedOrigins) == 0 {
		return next
	}
	any := slices.Contains(s.cfg.AllowedOrigins, "*")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		if origin == "" || (!any && !slices.Contains(s.cfg.AllowedOrigins, origin)) {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers",
			"X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, Location, ETag, Idempotent-Replayed, "+
				"Accept-Ranges, Content-Range, Content-Disposition, Repr-Digest")
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE")
		h.Set("Access-Control-Allow-Headers",
			"Authorization, X-Auth-Token, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Range, Range, Last-Event-ID, X-Request-Id")
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	})
}
