package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
)

type requestIDKey struct{}

// requestID is the id of the request being answered.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// newRequestID makes an id that nobody has had: 96 random bits.
func newRequestID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand, Go 1.24)
	return "req_" + hex.EncodeToString(b[:])
}

// validRequestID tells whether an id of the caller's may go into our log and
// headers as it is.
func validRequestID(id string) bool {
	if len(id) == 0 || len(id) > 128 {
		return false
	}
	for i := 0; i < len(id); i++ {
		c := id[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == ':':
		default:
			return false
		}
	}
	return true
}

// identify gives each request its id: the caller's when it is usable, ours
// otherwise. An unusable one is refused, not replaced: a caller who greps for
// it later should learn now.
func (s *Server) identify(next http.Handler) http.Handler {
	refuse := s.observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, problem(codeBadRequestID, "X-Request-Id",
			"X-Request-Id takes one value of 1 to 128 letters, digits and . _ : - characters."))
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := r.Header.Values("X-Request-Id")
		id, to := newRequestID(), next
		switch {
		case len(given) == 1 && validRequestID(given[0]):
			id = given[0]
		case len(given) > 0:
			to = refuse
		}
		w.Header().Set("X-Request-Id", id)
		to.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}
