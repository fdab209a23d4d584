package smstest

import (
	"net/http"
	"strconv"
	"time"
)

// Step is how the server treats one request.
type Step struct {
	kind   stepKind
	status int
	code   int
	after  time.Duration
	list   bool
}

type stepKind uint8

const (
	stepNormal stepKind = iota
	stepStatus
	stepHang
	stepLose
	stepSlow
)

// Normal takes the text.
func Normal() Step { return Step{} }

// TooMany answers 429 with a Retry-After (in whole seconds, 0: none).
func TooMany(retryAfter time.Duration) Step {
	return Step{kind: stepStatus, status: http.StatusTooManyRequests, code: 20429, after: retryAfter}
}

// Fail answers with a status and an error code of Twilio's; nothing is taken.
func Fail(status, code int) Step { return Step{kind: stepStatus, status: status, code: code} }

// Hang takes nothing and never answers.
func Hang() Step { return Step{kind: stepHang} }

// Lose takes the text and cuts the connection without an answer.
func Lose() Step { return Step{kind: stepLose} }

// Slow takes the text and answers after a while.
func Slow(d time.Duration) Step { return Step{kind: stepSlow, after: d} }

// OnList makes the step wait for the next listing of texts; without it a step
// is for the next new text.
func (t Step) OnList() Step {
	t.list = true
	return t
}

// Script says how the coming requests are treated, each step one request; then
// everything is normal again.
func (s *Server) Script(steps ...Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = append(s.script, steps...)
}

func (s *Server) nextStep() Step     { return s.pop(false) }
func (s *Server) nextListStep() Step { return s.pop(true) }

func (s *Server) pop(list bool) Step {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, step := range s.script {
		if step.list == list {
			s.script = append(s.script[:i:i], s.script[i+1:]...)
			return step
		}
	}
	return Normal()
}

// before does what a step does instead of taking the text; true ends the request.
func (t Step) before(s *Server, w http.ResponseWriter, r *http.Request) bool {
	switch t.kind {
	case stepStatus:
		if t.after > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(t.after/time.Second)))
		}
		refuse(w, t.status, t.code, "scripted failure")
		return true
	case stepHang:
		r.ParseForm() // the server notices a client that goes away only once the body is read
		s.wait(r, 0)
		panic(http.ErrAbortHandler)
	}
	return false
}

// late does what a step does once the text was taken.
func (t Step) late(s *Server, r *http.Request) {
	switch t.kind {
	case stepLose:
		panic(http.ErrAbortHandler)
	case stepSlow:
		s.wait(r, t.after)
	}
}

// wait returns after d (0: never), or when the client or the server is gone.
func (s *Server) wait(r *http.Request, d time.Duration) {
	var passed <-chan time.Time
	if d > 0 {
		passed = time.After(d)
	}
	select {
	case <-passed:
	case <-r.Context().Done():
	case <-s.ctx.Done():
	}
}
