package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"partyline/bridge"
	"partyline/state"
)

const (
	heartbeat    = 15 * time.Second // a comment when nothing happens, so that both ends know the other is there
	frameTime    = 10 * time.Second // a reader that takes longer for one frame is dropped
	keyCheckTime = time.Second      // a revoked key gets no more events after this
	farewellTime = time.Second      // for the last words to a reader
)

// streamEvents is the event stream of one conference (server-sent events, WHATWG
// HTML §9.2): what happened after the given seq, then what happens, until the
// reader leaves. Without a seq it begins with the first event there is.
func (s *Server) streamEvents(w http.ResponseWriter, r *http.Request) {
	who, ok := s.admit(w, r, ScopeRead)
	if !ok {
		return
	}
	name := who.caller.TenantID + "/" + who.caller.KeyID
	if !s.streams.enter(name) {
		s.refuse(w, r, problem(codeStreams, "", "This key has too many event streams open; close some.").after(5))
		return
	}
	defer s.streams.leave(name)
	sub, err := s.subscribe(r, who.caller)
	if err != nil {
		s.refuse(w, r, asProblem(err))
		return
	}
	defer sub.Close()
	s.metrics.streams.Inc()
	defer s.metrics.streams.Dec()

	st := &stream{w: w, rc: http.NewResponseController(w)}
	if err := st.open(); err != nil {
		return // gone already
	}
	if err := s.pump(r.Context(), st, sub, who); errors.Is(err, errTooSlow) {
		s.metrics.dropped.Inc()
		s.log.Info("event stream ended: its reader is too slow; it can resume with Last-Event-ID",
			"request_id", requestID(r.Context()), "last_seq", st.last)
	}
}

// subscribe finds out where the reader wants to begin.
func (s *Server) subscribe(r *http.Request, who bridge.Caller) (*bridge.Subscription, error) {
	cid := mux.Vars(r)["cid"]
	if !validID(cid) {
		return nil, problem(codeNotFound, "", missingDetail)
	}
	q := newQuery(r.URL.Query())
	after, _ := q.seq()
	if last := r.Header.Get("Last-Event-ID"); last != "" { // a browser's own reconnection knows better than the address
		n, err := strconv.ParseUint(last, 10, 63)
		if err != nil {
			q.wrong("Last-Event-ID", codeInvalidField, "Last-Event-ID must be the seq of an event.")
		}
		after = n
	}
	if err := q.finish(); err != nil {
		return nil, err
	}
	now, err := s.cfg.Bridge.Conference(r.Context(), who, cid)
	if err != nil {
		return nil, err
	}
	if after > now.Seq {
		return nil, problem(codeAhead, "after", fmt.Sprintf("The last event has seq %d; %d does not exist yet.", now.Seq, after))
	}
	return s.cfg.Bridge.Events(r.Context(), who, cid, after)
}

var errTooSlow = errors.New("reader too slow")

// pump carries events from the subscription to the stream until one of them,
// the reader's key or the server ends.
func (s *Server) pump(ctx context.Context, st *stream, sub *bridge.Subscription, who identity) error {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	checked := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.closing:
			return st.farewell(": going down, come back\n\n")
		case e, ok := <-sub.C():
			if !ok {
				return st.farewell(": ended, resume with Last-Event-ID\n\n")
			}
			if time.Since(checked) >= keyCheckTime {
				if !s.stillValid(ctx, who) {
					return nil
				}
				checked = time.Now()
			}
			if err := st.send(e); err != nil {
				return err
			}
			beat.Reset(heartbeat)
		case <-beat.C:
			if !s.stillValid(ctx, who) {
				return nil
			}
			checked = time.Now()
			if err := st.say(":\n\n"); err != nil {
				return err
			}
		}
	}
}

// stream writes frames, each within its time.
type stream struct {
	w    http.ResponseWriter
	rc   *http.ResponseController
	last uint64
}

func (st *stream) open() error {
	h := st.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would hold frames back
	st.w.WriteHeader(http.StatusOK)
	return st.say("retry: 2000\n\n")
}

// send writes one event. Its JSON holds no line break, whatever is in it.
func (st *stream) send(e state.Event) error {
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("event %d: %w", e.Seq, err)
	}
	if err := st.say(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.Seq, e.Type, data)); err != nil {
		return err
	}
	st.last = e.Seq
	return nil
}

func (st *stream) say(text string) error { return st.write(text, frameTime) }

// farewell says why the stream ends, to whoever listens; it holds nothing up.
func (st *stream) farewell(text string) error {
	_ = st.write(text, farewellTime) // the stream ends either way
	return nil
}

func (st *stream) write(text string, within time.Duration) error {
	if err := st.rc.SetWriteDeadline(time.Now().Add(within)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := st.w.Write([]byte(text)); err != nil {
		return tooSlow(err)
	}
	return tooSlow(st.rc.Flush())
}

func tooSlow(err error) error {
	if te, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && te.Timeout() {
		return errTooSlow
	}
	return err
}
