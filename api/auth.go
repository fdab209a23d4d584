package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"math"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"partyline/bridge"
	"partyline/state"
)

// adminKeyID is the id under which the configured admin key acts.
const adminKeyID = "admin"

// maxKeyText bounds what is hashed for a stranger.
const maxKeyText = 512

// identity is who a key speaks for.
type identity struct {
	caller bridge.Caller
	scopes []string // empty: all
	text   string   // the key itself, to look it up again while a stream lasts
}

func (id identity) may(scope string) bool {
	return len(id.scopes) == 0 || slices.Contains(id.scopes, scope)
}

// keyText takes the one key out of a request's headers.
func keyText(r *http.Request) (string, *Problem) {
	found := ""
	for _, v := range r.Header.Values("X-Auth-Token") {
		if found != "" && v != found {
			return "", problem(codeTwoKeys, "X-Auth-Token", "The request carries two different keys; send one.")
		}
		found = v
	}
	for _, v := range r.Header.Values("Authorization") {
		scheme, token, _ := strings.Cut(v, " ")
		token = strings.TrimSpace(token)
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			return "", problem(codeBadKey, "Authorization", "Authorization takes the form: Bearer YOUR_API_KEY.")
		}
		if found != "" && token != found {
			return "", problem(codeTwoKeys, "Authorization", "The request carries two different keys; send one.")
		}
		found = token
	}
	if found == "" {
		return "", problem(codeNoKey, "", "Send your API key in X-Auth-Token, or in Authorization: Bearer.")
	}
	return found, nil
}

// authenticate finds out who asks. An address that has failed too often is
// refused, and the admin key, which a person may have chosen, is not even
// compared for it; stored keys go on working there, because nobody guesses 256
// random bits and many callers may share an address.
func (s *Server) authenticate(r *http.Request) (identity, *Problem) {
	text, p := keyText(r)
	if p != nil {
		return identity{}, p
	}
	source := sourceOf(r.RemoteAddr)
	now := time.Now()
	blocked, wait := s.failures.empty(source, now)
	id, ok, err := s.lookUp(r.Context(), text, !blocked)
	switch {
	case err != nil:
		return identity{}, asProblem(err)
	case ok:
		return id, nil
	case blocked:
		s.metrics.authFailures.WithLabelValues("blocked").Inc()
		return identity{}, problem(codeAuthRate, "", "Too many invalid keys came from this address; wait before trying again.").
			after(ceilSeconds(wait))
	}
	s.failures.take(source, now)
	s.metrics.authFailures.WithLabelValues("invalid").Inc()
	return identity{}, problem(codeBadKey, "", "This key is unknown, mistyped or revoked.")
}

// lookUp resolves a key's text.
func (s *Server) lookUp(ctx context.Context, text string, tryAdmin bool) (identity, bool, error) {
	if len(text) > maxKeyText {
		return identity{}, false, nil
	}
	if s.adminHash != nil && tryAdmin {
		sum := sha256.Sum256([]byte(text))
		if subtle.ConstantTimeCompare(sum[:], s.adminHash) == 1 {
			return identity{caller: bridge.Caller{TenantID: state.DefaultTenant, KeyID: adminKeyID}, text: text}, true, nil
		}
	}
	keyID, ok := splitKey(text)
	if !ok {
		return identity{}, false, nil
	}
	k, ok, err := findKey(ctx, s.cfg.Store, keyID, text)
	if err != nil || !ok {
		return identity{}, false, err
	}
	return identity{caller: bridge.Caller{TenantID: k.TenantID, KeyID: k.ID}, scopes: k.Scopes, text: text}, true, nil
}

// stillValid looks a key up again, while a stream lasts. A store that cannot
// be read does not end streams.
func (s *Server) stillValid(ctx context.Context, id identity) bool {
	_, ok, err := s.lookUp(ctx, id.text, true)
	return ok || (err != nil && !errors.Is(err, context.Canceled))
}

// sourceOf is the address failures are counted for: an IPv4 address, or the
// /64 an IPv6 host usually owns whole.
func sourceOf(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return "unknown"
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		prefix, err := addr.Prefix(64)
		if err == nil {
			return prefix.String()
		}
	}
	return addr.String()
}

func ceilSeconds(d time.Duration) int {
	return max(1, int(math.Ceil(d.Seconds())))
}
