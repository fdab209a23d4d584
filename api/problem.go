package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"partyline/bridge"
	"partyline/state"
)

// Problem is a refusal as the caller sees it: RFC 9457 with our own members
// code, param, errors and request_id.
type Problem struct {
	Type      string       `json:"type"`
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Detail    string       `json:"detail"`
	Code      string       `json:"code"`
	Param     string       `json:"param,omitempty"`
	Errors    []FieldError `json:"errors,omitempty"`
	RequestID string       `json:"request_id"`

	retryAfter int  // seconds; 0 leaves the header out
	adds       bool // the bridge's limit of adds was hit
	cause      error
}

// FieldError is one field at fault, when there may be several.
type FieldError struct {
	Code   string `json:"code"`
	Param  string `json:"param"`
	Detail string `json:"detail"`
}

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// problem makes a refusal with one of the codes of codes.go.
func problem(code, param, detail string) *Problem {
	c, ok := codeOf(code)
	if !ok {
		return &Problem{Status: http.StatusInternalServerError, Code: codeInternal, Title: "Internal error",
			Detail: internalDetail, cause: errors.New("undocumented code " + code)}
	}
	return &Problem{Title: c.Title, Status: c.Status, Detail: detail, Code: code, Param: param}
}

// after sets how long the caller should wait, in seconds.
func (p *Problem) after(seconds int) *Problem {
	p.retryAfter = seconds
	return p
}

// fieldProblem turns what a decoder found into one refusal: the first field
// speaks for all, the list names each.
func fieldProblem(found []FieldError) *Problem {
	p := problem(found[0].Code, found[0].Param, found[0].Detail)
	p.Errors = found
	return p
}

const (
	internalDetail = "Something broke on our side. It is in the log under this request_id; trying again later is safe with the same Idempotency-Key."
	missingDetail  = "Nothing here has this id, or it belongs to somebody else."
)

// kindStatus is the one place where the bridge's kinds become HTTP.
var kindStatus = map[bridge.Kind]int{
	bridge.Internal:    http.StatusInternalServerError,
	bridge.Invalid:     http.StatusUnprocessableEntity,
	bridge.NotFound:    http.StatusNotFound,
	bridge.Conflict:    http.StatusConflict,
	bridge.Forbidden:   http.StatusForbidden,
	bridge.RateLimited: http.StatusTooManyRequests,
	bridge.Unavailable: http.StatusServiceUnavailable,
}

// kindTitle names a kind when the bridge's code has no title of its own here.
var kindTitle = map[bridge.Kind]string{
	bridge.Internal:    "Internal error",
	bridge.Invalid:     "Invalid field",
	bridge.NotFound:    "Not found",
	bridge.Conflict:    "Not in this state",
	bridge.Forbidden:   "Not permitted",
	bridge.RateLimited: "Too many requests",
	bridge.Unavailable: "Not available now",
}

// asProblem puts any error into a form that can be shown. Every "not found" is
// the same, whoever asks for whatever: nobody learns what others own.
func asProblem(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	if errors.Is(err, state.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		q := problem(codeUnavailable, "", "The store cannot write at the moment; nothing was done. Try again shortly.").after(5)
		q.cause = err
		return q
	}
	var e *bridge.Error
	if !errors.As(err, &e) || e.Kind == bridge.Internal {
		q := problem(codeInternal, "", internalDetail)
		q.cause = err
		return q
	}
	switch e.Kind {
	case bridge.NotFound:
		return problem(codeNotFound, "", missingDetail)
	case bridge.Stale:
		return stale()
	}
	title := kindTitle[e.Kind]
	if c, ok := codeOf(e.Code); ok {
		title = c.Title
	}
	q := &Problem{Title: title, Status: kindStatus[e.Kind], Detail: e.Detail, Code: e.Code, Param: e.Param,
		retryAfter: e.RetryAfter, cause: err, adds: e.Code == codeRate}
	if e.Param != "" && e.Kind == bridge.Invalid {
		q.Errors = []FieldError{{Code: e.Code, Param: e.Param, Detail: e.Detail}}
	}
	if q.retryAfter == 0 && (e.Kind == bridge.RateLimited || e.Kind == bridge.Unavailable) {
		q.retryAfter = 1
	}
	return q
}

// rendered puts the refusal into bytes.
func (p *Problem) rendered(requestID string) *rendered {
	out := *p
	out.RequestID = requestID
	out.Type = "urn:partyline:error:" + out.Code
	body, err := json.Marshal(&out)
	if err != nil { // cannot be: strings and integers only
		body = []byte("{}")
	}
	h := map[string]string{"Content-Type": "application/problem+json"}
	if p.retryAfter > 0 {
		h["Retry-After"] = strconv.Itoa(p.retryAfter)
	}
	if p.Status == http.StatusUnauthorized {
		h["WWW-Authenticate"] = `Bearer realm="partyline"`
	}
	return &rendered{status: p.Status, header: h, body: append(body, '\n')}
}

// refuse answers with a problem, and tells the log when it is ours.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, p *Problem) {
	id := requestID(r.Context())
	switch {
	case p.Status == http.StatusServiceUnavailable:
		s.log.Warn("request refused", "request_id", id, "method", r.Method, "code", p.Code, "err", p.cause)
	case p.Status >= 500:
		s.log.Error("request failed", "request_id", id, "method", r.Method, "code", p.Code, "err", p.cause)
	}
	if p.adds { // the tenant's adds are what ran out, not this key's requests
		per := s.cfg.Limits.AddsPerSecond
		s.tellRate(w, "adds", max(1, int(per)), per, 0, time.Duration(p.retryAfter)*time.Second)
	}
	p.rendered(id).write(w)
}
