package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"partyline/bridge"
)

const (
	smallBody = 64 << 10
	bulkBody  = 1 << 20 // 1000 people with long names do not fit into 64 KB

	// actTime is how long a request may take from the moment its body is here.
	// Nothing the bridge does waits for a phone.
	actTime = 20 * time.Second
)

// call is one request that has passed the gate.
type call struct {
	r          *http.Request
	who        bridge.Caller
	body       []byte  // of an upload: what tells it from another
	upload     *upload // nil of everything else
	requestKey string  // "" without an Idempotency-Key
}

// cid and pid are the path's ids; one that no id of ours can look like is
// "not found" before it gets anywhere near the store.
func (c *call) cid() (string, error) { return c.pathID("cid") }
func (c *call) pid() (string, error) { return c.pathID("pid") }

func (c *call) pathID(name string) (string, error) {
	id := mux.Vars(c.r)[name]
	if !validID(id) {
		return "", problem(codeNotFound, "", missingDetail)
	}
	return id, nil
}

// both ids of a participant's path.
func (c *call) ids() (cid, pid string, err error) {
	if cid, err = c.cid(); err != nil {
		return "", "", err
	}
	pid, err = c.pid()
	return cid, pid, err
}

// reply is what a handler answers with.
type reply struct {
	status int
	body   any // nil: none
	header map[string]string
}

// rendered is a reply as it goes out and as it is kept.
type rendered struct {
	status   int
	header   map[string]string
	body     []byte
	replayed bool
}

// handler answers one kind of request; it never writes by itself.
type handler func(ctx context.Context, c *call) (reply, error)

// keyed puts the gate in front of a handler: key, scope, rate, body, replay.
func (s *Server) keyed(scope string, limit int64, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, ok := s.admit(w, r, scope)
		if !ok {
			return
		}
		c := &call{r: r, who: who.caller}
		if r.Method == http.MethodPost || r.Method == http.MethodPatch {
			var p *Problem
			if c.body, p = readBody(w, r, limit); p != nil {
				s.refuse(w, r, p)
				return
			}
		}
		ctx := r.Context()
		if scope == ScopeWrite {
			ctx = context.WithoutCancel(ctx) // a caller who hangs up does not stop half-way what was begun
		}
		ctx, cancel := context.WithTimeout(ctx, actTime)
		defer cancel()
		s.respond(ctx, w, c, h)
	}
}

// respond writes what the handler answers, or its refusal.
func (s *Server) respond(ctx context.Context, w http.ResponseWriter, c *call, h handler) {
	out, p := s.answer(ctx, c, h)
	if p != nil {
		s.refuse(w, c.r, p)
		return
	}
	out.write(w)
}

// admit authenticates and limits; it has answered when ok is false.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, scope string) (identity, bool) {
	who, p := s.authenticate(r)
	if p != nil {
		s.refuse(w, r, p)
		return identity{}, false
	}
	note(r.Context(), who.caller)
	ok, left, wait := s.requests.take(who.caller.TenantID+"/"+who.caller.KeyID, time.Now())
	s.tellRate(w, "requests", s.cfg.Limits.RequestBurst, s.cfg.Limits.RequestsPerSecond, left, wait)
	if !ok {
		s.refuse(w, r, problem(codeRate, "", fmt.Sprintf("This key may make %g requests per second.", s.cfg.Limits.RequestsPerSecond)).
			after(ceilSeconds(wait)))
		return identity{}, false
	}
	if !who.may(scope) {
		s.refuse(w, r, problem(codeScope, "", fmt.Sprintf("This key lacks the scope %q.", scope)))
		return identity{}, false
	}
	return who, true
}

// tellRate sets the RateLimit headers of the IETF draft (draft-ietf-httpapi-ratelimit-headers):
// q is the quota, w the window in seconds, r what is left, t seconds until there is more.
func (s *Server) tellRate(w http.ResponseWriter, name string, burst int, perSecond float64, left int, wait time.Duration) {
	window := max(1, int(float64(burst)/perSecond))
	w.Header().Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", name, burst, window))
	t := 0
	if wait > 0 {
		t = ceilSeconds(wait)
	}
	w.Header().Set("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", name, left, t))
}

// readBody reads a whole body of at most limit bytes.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *Problem) {
	tooLarge := problem(codeTooLarge, "", fmt.Sprintf("The body may have %d bytes.", limit))
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close")
		return nil, tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, tooLarge
	case err != nil:
		return nil, problem(codeInvalidJSON, "", "The body ended before it was complete.")
	case len(body) == 0:
		return nil, nil
	}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" || (params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8")) {
		return nil, problem(codeMediaType, "Content-Type", "Send the body as application/json in UTF-8.")
	}
	if r.Header.Get("Content-Encoding") != "" && r.Header.Get("Content-Encoding") != "identity" {
		return nil, problem(codeMediaType, "Content-Encoding", "Send the body without compression.")
	}
	return body, nil
}

// answer asks the handler, or what it said before under the same Idempotency-Key.
func (s *Server) answer(ctx context.Context, c *call, h handler) (*rendered, *Problem) {
	key := ""
	if c.r.Method == http.MethodPost {
		var p *Problem
		if key, p = idempotencyKey(c.r); p != nil {
			return nil, p
		}
	}
	if key == "" {
		return ask(ctx, c, h)
	}
	kept, again, err := s.claimKey(ctx, c.who.TenantID, key, c.r.Method, c.r.URL.EscapedPath(), c.body)
	if err != nil {
		return nil, asProblem(err)
	}
	if again != nil {
		return again, nil
	}
	defer s.running.leave(kept.key)
	c.requestKey = kept.requestKey
	out, p := ask(ctx, c, h)
	settled := out
	if p != nil {
		settled = p.rendered(requestID(ctx))
	}
	if err := kept.settle(ctx, settled); err != nil {
		// The reply is true, only a repetition will not find it: the requestKey
		// still keeps it from making things twice.
		s.log.Warn("keeping a reply for its Idempotency-Key failed", "request_id", requestID(ctx), "err", err)
	}
	return out, p
}

// ask runs the handler.
func ask(ctx context.Context, c *call, h handler) (*rendered, *Problem) {
	rep, err := h(ctx, c)
	if err != nil {
		return nil, asProblem(err)
	}
	return render(rep)
}

// render puts a reply into bytes.
func render(rep reply) (*rendered, *Problem) {
	out := &rendered{status: rep.status, header: make(map[string]string)}
	maps.Copy(out.header, rep.header)
	if rep.body == nil {
		return out, nil
	}
	body, err := json.Marshal(rep.body)
	if err != nil {
		return nil, asProblem(err)
	}
	out.body = append(body, '\n')
	out.header["Content-Type"] = "application/json"
	return out, nil
}

// write sends it.
func (out *rendered) write(w http.ResponseWriter) {
	h := w.Header()
	for k, v := range out.header {
		h.Set(k, v)
	}
	if out.replayed {
		h.Set("Idempotent-Replayed", "true")
	}
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body) // the caller may be gone; nothing else to do
}
