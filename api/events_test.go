package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/api"
	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/state"
)

// expect reads events up to and including the first of a type, and checks that
// they come in order without gap from seq from, each as documented (unless c is
// nil).
func (w *watcher) expect(c *contract, from uint64, last string) uint64 {
	w.t.Helper()
	for {
		f, ok := w.next()
		if !ok {
			w.t.Fatalf("the stream ended at seq %d; %s did not come", from, last)
		}
		var e state.Event
		if err := json.Unmarshal([]byte(f.data), &e); err != nil {
			w.t.Fatalf("data: %v: %s", err, f.data)
		}
		if f.id != strconv.FormatUint(e.Seq, 10) || f.event != e.Type {
			w.t.Errorf("frame %s %s carries event %d %s", f.id, f.event, e.Seq, e.Type)
		}
		if e.Seq != from {
			w.t.Fatalf("seq %d, want %d", e.Seq, from)
		}
		if c != nil {
			c.matches(w.t, "Event", []byte(f.data))
		}
		from++
		if e.Type == last {
			return from
		}
	}
}

func TestEventsReplayThenLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFace(t).serve()
		l.Phones.Script("", bridgetest.Callee{Answer: time.Second})
		conf := l.conference()
		part := l.participant(conf)
		wait(t, 2*time.Second)

		w := l.watch(conf + "/events")
		next := w.expect(l.contract, 1, "participant.connected")
		l.post(part+"/mute", "").want(200)
		next = w.expect(l.contract, next, "participant.muted")
		l.post(part+"/hold", "").want(200)
		l.post(part+"/resume", "").want(200)
		l.post(part+"/unmute", "").want(200)
		l.patch(part, `{"role":"listener","name":"line\u2028less"}`).want(422)
		l.patch(part, `{"role":"listener"}`).want(200)
		l.post(conf+"/mute-all", "").want(200)
		l.post(conf+"/unmute-all", "").want(200)
		l.post(conf+"/lock", "").want(200)
		l.post(conf+"/unlock", "").want(200)
		l.patch(conf, `{"name":"Other"}`).want(200)
		l.delete(part).want(204)
		l.post(conf+"/end", "").want(200)
		end := w.expect(l.contract, next, "conference.ended")

		if seq := l.get(conf).number("seq"); uint64(seq) != end-1 {
			t.Errorf("the conference's seq is %v, the last event has %d", seq, end-1)
		}
		// From any point on, by either way, the same follows.
		for after := uint64(0); after < end-1; after++ {
			byQuery := l.watch(fmt.Sprintf("%s/events?after=%d", conf, after))
			byQuery.expect(nil, after+1, "conference.ended")
			byQuery.close()
			byHeader := l.watch(conf+"/events?after=0", "Last-Event-ID", strconv.FormatUint(after, 10))
			byHeader.expect(nil, after+1, "conference.ended")
			byHeader.close()
		}
	})
}

// Readers that come and go while things happen miss nothing and see nothing twice.
func TestEventsResumeWhileThingsHappen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFace(t).serve()
		conf := l.conference()
		part := l.participant(conf)
		quick := l.unjudged()
		stop := make(chan struct{})
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
				}
				quick.post(part+[]string{"/mute", "/unmute"}[i%2], "")
			}
		}()
		last := uint64(0)
		for round := range 40 {
			w := l.watch(conf+"/events", "Last-Event-ID", strconv.FormatUint(last, 10))
			for range round + 3 {
				f, ok := w.next()
				if !ok {
					t.Fatal("the stream ended")
				}
				if f.id != strconv.FormatUint(last+1, 10) {
					t.Fatalf("after %d came %s", last, f.id)
				}
				last++
			}
			w.close()
		}
		close(stop)
		<-done
	})
}

// A quiet stream says every 15 seconds that it is alive, and outlives every
// timeout of ordinary requests.
func TestEventsHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFace(t).serve()
		conf := l.conference()
		w := l.watch(conf + "/events?after=1")
		start := time.Now()
		for i := 1; i <= 40; i++ {
			if b := w.block(); len(b) != 1 || b[0] != ":" {
				t.Fatalf("heartbeat %d is %q", i, b)
			}
			if got, want := time.Since(start), time.Duration(i)*15*time.Second; got != want {
				t.Fatalf("heartbeat %d came after %v, want %v", i, got, want)
			}
		}
		l.post(conf+"/lock", "").want(200)
		w.expect(l.contract, 2, "conference.locked")
	})
}

func TestEventsFromTheFutureOrNowhere(t *testing.T) {
	f := newFace(t)
	conf := f.conference()
	f.get(conf+"/events?after=2").wantCode(409, "event_not_yet")
	f.do("GET", conf+"/events", "", "Last-Event-ID", "99").wantCode(409, "event_not_yet")
	f.do("GET", conf+"/events", "", "Last-Event-ID", "evt_x").wantCode(422, "invalid_field")
	f.get(conf+"/events?after=99999999999999999999").wantCode(422, "invalid_field")
	f.get("/v2/conferences/conf_nosuch/events").wantCode(404, "not_found")
	f.as("").get(conf+"/events").wantCode(401, "missing_key")
	f.as(f.tenantKey("default", "write")).get(conf+"/events").wantCode(403, "insufficient_scope")
}

func TestEventsEndWithTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFace(t).serve()
		conf := l.conference()
		var watchers []*watcher
		for range 5 {
			watchers = append(watchers, l.watch(conf+"/events?after=1"))
		}
		start := time.Now()
		if err := l.server.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("Shutdown took %v with readers that do not read", took)
		}
		for _, w := range watchers {
			if f, ok := w.next(); ok {
				t.Errorf("an event %v at the end", f)
			}
		}
	})
}

func TestEventsEndWithTheConference(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFace(t).serve()
		conf := l.conference()
		w := l.watch(conf + "/events")
		l.delete(conf).want(204)
		w.expect(l.contract, 1, "conference.ended")
		if f, ok := w.next(); ok {
			t.Errorf("an event %v after the deletion", f)
		}
	})
}

func TestEventsReadersLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFace(t).serve()
		conf := l.conference()
		w := l.watch(conf + "/events")
		if n := l.Stats().Subscribers; n != 1 {
			t.Fatalf("%d subscribers, want 1", n)
		}
		w.close()
		wait(t, time.Second)
		if n := l.Stats().Subscribers; n != 0 {
			t.Errorf("%d subscribers after the reader left", n)
		}
	})
}

// A reader that stops reading is let go; the others get everything.
func TestEventsSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFace(t).serve()
		conf := l.conference()
		part := l.participant(conf)
		l.watch(conf + "/events") // never read again
		good := l.watch(conf + "/events")
		next := good.expect(l.contract, 1, "participant.dialing")
		quick := l.unjudged()
		for range 500 {
			quick.post(part+"/mute", "").want(200)
			quick.post(part+"/unmute", "").want(200)
			next = good.expect(nil, next, "participant.unmuted")
		}
		if n := l.Stats().Subscribers; n != 2 {
			t.Fatalf("%d subscribers, want 2", n)
		}
		wait(t, 11*time.Second)
		if n := l.Stats().Subscribers; n != 1 {
			t.Errorf("%d subscribers after the slow one's time, want 1", n)
		}
		if !strings.Contains(string(l.get("/metrics").body), "partyline_http_event_streams_dropped_total 1") {
			t.Error("the slow reader is not counted")
		}
	})
}

func TestEventsEndWithTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFace(t)
		conf := f.conference()
		text, key, err := api.CreateKey(t.Context(), f.Bench.Store, "default", "watcher", []string{"read"})
		if err != nil {
			t.Fatal(err)
		}
		l := f.as(text).serve()
		w := l.watch(conf + "/events?after=1")
		f.post(conf+"/lock", "").want(200)
		w.expect(f.contract, 2, "conference.locked")
		if err := api.RevokeKey(t.Context(), f.Bench.Store, key.ID); err != nil {
			t.Fatal(err)
		}
		wait(t, time.Second)
		f.post(conf+"/unlock", "").want(200)
		if e, ok := w.next(); ok {
			t.Errorf("a revoked key got %v", e)
		}
	})
}

func TestEventStreamsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFace(t, func(a *api.Config, _ *bridge.Config) { a.Limits.StreamsPerKey, a.Limits.Streams = 2, 3 }).serve()
		conf := l.conference()
		other := *l
		other.face = l.face.as(l.tenantKey("default"))
		first := l.watch(conf + "/events")
		l.watch(conf + "/events")
		refused := func(l *live) {
			t.Helper()
			resp, cancel := l.request(conf + "/events")
			defer cancel()
			defer resp.Body.Close()
			if resp.StatusCode != 429 {
				t.Fatalf("status %d for one stream too many", resp.StatusCode)
			}
			if b, _ := io.ReadAll(resp.Body); !strings.Contains(string(b), "too_many_streams") {
				t.Errorf("refused with %s", b)
			}
		}
		refused(l)
		other.watch(conf + "/events")
		refused(&other)
		first.close()
		wait(t, time.Second)
		l.watch(conf + "/events")
	})
}

// told holds every event of a conference against the document and returns
// their types.
func (f *face) told(conf string) (types []string) {
	f.t.Helper()
	for _, e := range bridgetest.All[state.Event](f.Bench.Store, state.EventPrefix(strings.TrimPrefix(conf, "/v2/conferences/"))) {
		b, err := json.Marshal(e)
		if err != nil {
			f.t.Fatal(err)
		}
		f.contract.matches(f.t, "Event", b)
		types = append(types, e.Type)
	}
	return types
}

// toldInOrder checks that these events happened, one after the other.
func (f *face) toldInOrder(conf string, want ...string) {
	f.t.Helper()
	all := f.told(conf)
	rest := all
	for _, w := range want {
		i := slices.Index(rest, w)
		if i < 0 {
			f.t.Errorf("no %s, or not in this place, among %v", w, all)
			return
		}
		rest = rest[i+1:]
	}
}
