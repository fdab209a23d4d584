package api_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"partyline/api"
	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/state"
)

func TestIdempotency(t *testing.T) {
	f := newFace(t)
	conf := f.conference()
	people := conf + "/participants"
	body := `{"phone_number":"+12025550101","name":"Ann"}`
	first := f.do("POST", people, body, "Idempotency-Key", "k-1").want(200)
	again := f.do("POST", people, body, "Idempotency-Key", "k-1").want(200)
	if again.header.Get("Idempotent-Replayed") != "true" || first.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("Idempotent-Replayed %q, then %q", first.header.Get("Idempotent-Replayed"), again.header.Get("Idempotent-Replayed"))
	}
	if !bytes.Equal(first.body, again.body) || first.header.Get("ETag") != again.header.Get("ETag") {
		t.Errorf("the replayed reply differs:\n%s\n%s", first.body, again.body)
	}
	for name, a := range map[string]*answer{
		"other body": f.do("POST", people, strings.Replace(body, "Ann", "Bea", 1), "Idempotency-Key", "k-1"),
		"spaces":     f.do("POST", people, body+" ", "Idempotency-Key", "k-1"),
		"other path": f.do("POST", conf+"/lock", "", "Idempotency-Key", "k-1"),
	} {
		if a.wantCode(422, "idempotency_key_reused"); a.status != 422 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	f.do("POST", people, body, "Idempotency-Key", "k-2").want(200)
	f.as(f.tenantKey("other")).do("POST", "/v2/conferences", `{"name":"x"}`, "Idempotency-Key", "k-1").want(201)
	if n := f.get(people).number("total"); n != 2 {
		t.Errorf("%v participants, want 2", n)
	}
	for _, bad := range []string{" ", "a b", "ä", strings.Repeat("k", 256)} {
		f.do("POST", people, body, "Idempotency-Key", bad).wantCode(400, "invalid_idempotency_key")
	}
	f.do("POST", people, body, "Idempotency-Key", "a", "Idempotency-Key", "b").wantCode(400, "invalid_idempotency_key")
}

// Refusals are kept too, unless trying again may end otherwise.
func TestIdempotencyOfRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFace(t, func(_ *api.Config, b *bridge.Config) { b.Limits.AddsPerSecond = 1 })
		conf := f.conference()
		people := conf + "/participants"
		f.do("POST", people, `{"phone_number":"1"}`, "Idempotency-Key", "bad").wantCode(422, "invalid_number")
		if a := f.do("POST", people, `{"phone_number":"1"}`, "Idempotency-Key", "bad").wantCode(422, "invalid_number"); a.header.Get("Idempotent-Replayed") != "true" {
			t.Error("a kept refusal was not replayed")
		}
		body := `{"phone_number":"+12025550101"}`
		f.do("POST", people, body, "Idempotency-Key", "one").want(200)
		f.do("POST", people, body, "Idempotency-Key", "two").wantCode(429, "rate_limited")
		wait(t, time.Second)
		f.do("POST", people, body, "Idempotency-Key", "two").want(200)
		f.Drain(true)
		f.do("POST", people, body, "Idempotency-Key", "three").want(503)
		f.Drain(false)
		wait(t, time.Second)
		f.do("POST", people, body, "Idempotency-Key", "three").want(200)
		if n := f.get(people).number("total"); n != 3 {
			t.Errorf("%v participants, want 3", n)
		}
	})
}

// restart brings up another face on the same store, as a new run of the program.
func (f *face) restart(t testing.TB) *face {
	t.Helper()
	f.srv.Close()
	f.Crash(t)
	g := *f
	g.srv = newServer(t, api.Config{Bridge: f.Bench.Bridge, Store: f.Bench.Store, AdminKey: adminKey,
		Limits: api.Limits{RequestsPerSecond: 1e6, RequestBurst: 1e6}})
	return &g
}

func TestIdempotencySurvivesARestart(t *testing.T) {
	f := newFace(t)
	conf := f.conference()
	body := `{"phone_number":"+12025550101"}`
	first := f.do("POST", conf+"/participants", body, "Idempotency-Key", "k-1").want(200)
	g := f.restart(t)
	again := g.do("POST", conf+"/participants", body, "Idempotency-Key", "k-1").want(200)
	if again.header.Get("Idempotent-Replayed") != "true" || !bytes.Equal(first.body, again.body) {
		t.Errorf("after a restart: %v\n%s\n%s", again.header, first.body, again.body)
	}
	g.do("POST", conf+"/participants", `{"phone_number":"+12025550102"}`, "Idempotency-Key", "k-1").wantCode(422, "idempotency_key_reused")
}

// A run of the program that died between making something and answering: the
// claim is there, the reply is not, the record may be. The repetition finds the
// record and makes no second one.
func TestIdempotencyAfterDyingHalfWay(t *testing.T) {
	for name, tt := range map[string]struct{ path, body, list string }{
		"participant": {"/participants", `{"phone_number":"+12025550101"}`, "/participants"},
		"bulk":        {"/participants/bulk", `{"participants":[{"phone_number":"+12025550101"},{"phone_number":"+12025550102"}]}`, "/participants"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFace(t)
			conf := f.conference()
			first := f.do("POST", conf+tt.path, tt.body, "Idempotency-Key", "k-1").want(200)
			total := f.get(conf + tt.list).number("total")
			f.forgetReplies()
			g := f.restart(t)
			again := g.do("POST", conf+tt.path, tt.body, "Idempotency-Key", "k-1").want(200)
			if first.text("id") != again.text("id") || again.header.Get("Idempotent-Replayed") != "" {
				t.Errorf("the repetition made %q after %q", again.text("id"), first.text("id"))
			}
			if n := g.get(conf + tt.list).number("total"); n != total {
				t.Errorf("%v participants after the repetition, want %v", n, total)
			}
			g.do("POST", conf+tt.path, `{"phone_number":"+12025550109"}`, "Idempotency-Key", "k-1").wantCode(422, "idempotency_key_reused")
		})
	}
	t.Run("conference", func(t *testing.T) {
		f := newFace(t)
		first := f.do("POST", "/v2/conferences", `{"name":"x"}`, "Idempotency-Key", "k-1").want(201)
		f.forgetReplies()
		again := f.restart(t).do("POST", "/v2/conferences", `{"name":"x"}`, "Idempotency-Key", "k-1").want(201)
		if first.text("id") != again.text("id") {
			t.Errorf("the repetition made %q after %q", again.text("id"), first.text("id"))
		}
	})
}

// forgetReplies turns every kept reply into the claim it was before.
func (f *face) forgetReplies() {
	f.t.Helper()
	records, err := state.LoadAll[state.Reply](f.t.Context(), f.Bench.Store, "idem/")
	if err != nil || len(records) == 0 {
		f.t.Fatalf("%d replies, %v", len(records), err)
	}
	for _, r := range records {
		claim := state.Reply{BodyHash: r.Value.BodyHash, CreatedAt: r.Value.CreatedAt, Process: r.Value.Process}
		op, err := state.UpdateOp(r.Key, claim, r.Rev)
		if err != nil {
			f.t.Fatal(err)
		}
		if _, err := f.Bench.Store.Apply(f.t.Context(), op); err != nil {
			f.t.Fatal(err)
		}
	}
}

// Of many equal requests at the same time one is carried out; the others are
// told to wait or get its reply.
func TestIdempotencyAtTheSameTime(t *testing.T) {
	f := newFace(t)
	conf := f.conference()
	f.Bench.Store.Slow(2 * time.Millisecond)
	var mu sync.Mutex
	seen := make(map[string]int)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			a := f.do("POST", conf+"/participants", `{"phone_number":"+12025550101"}`, "Idempotency-Key", "same")
			mu.Lock()
			defer mu.Unlock()
			switch a.status {
			case http.StatusOK:
				seen[a.text("id")]++
			case http.StatusConflict:
				seen[a.text("code")]++
			default:
				t.Errorf("status %d: %s", a.status, a.body)
			}
		})
	}
	all.Wait()
	delete(seen, "idempotency_in_progress")
	if len(seen) != 1 {
		t.Errorf("different answers: %v", seen)
	}
	f.Bench.Store.Slow(0)
	if n := f.get(conf + "/participants").number("total"); n != 1 {
		t.Errorf("%v participants, want 1", n)
	}
}

func TestIdempotencyStillRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFace(t)
		conf := f.conference()
		f.Bench.Store.Slow(time.Second)
		var first *answer
		var running sync.WaitGroup
		running.Go(func() {
			first = f.do("POST", conf+"/participants", `{"phone_number":"+12025550101"}`, "Idempotency-Key", "k")
		})
		wait(t, 1500*time.Millisecond) // claimed, now in the bridge's hands
		a := f.do("POST", conf+"/participants", `{"phone_number":"+12025550101"}`, "Idempotency-Key", "k").wantCode(409, "idempotency_in_progress")
		if a.header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
		}
		f.do("POST", conf+"/participants", `{"phone_number":"+12025550102"}`, "Idempotency-Key", "k").wantCode(422, "idempotency_key_reused")
		running.Wait()
		first.want(200)
		f.Bench.Store.Slow(0)
		f.do("POST", conf+"/participants", `{"phone_number":"+12025550101"}`, "Idempotency-Key", "k").want(200)
	})
}

// After 24 hours the key is free again, and the record is swept away.
func TestIdempotencyKeysExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFace(t)
		first := f.do("POST", "/v2/conferences", `{"name":"x"}`, "Idempotency-Key", "k").want(201)
		quick := f.unjudged()
		for i := range 600 {
			quick.do("POST", "/v2/conferences", `{"name":1}`, "Idempotency-Key", fmt.Sprint(i)).want(422)
		}
		wait(t, 23*time.Hour)
		if n := len(bridgetest.All[state.Reply](f.Bench.Store, "idem/")); n != 601 {
			t.Errorf("%d replies after 23 hours, want 601", n)
		}
		if a := f.do("POST", "/v2/conferences", `{"name":"x"}`, "Idempotency-Key", "k").want(201); a.text("id") != first.text("id") {
			t.Error("the key was free too early")
		}
		wait(t, 90*time.Minute)
		if n := len(bridgetest.All[state.Reply](f.Bench.Store, "idem/")); n != 0 {
			t.Errorf("%d replies after 24.5 hours", n)
		}
		if a := f.do("POST", "/v2/conferences", `{"name":"x"}`, "Idempotency-Key", "k").want(201); a.text("id") == first.text("id") {
			t.Error("a day later the key still finds the old conference")
		}
	})
}

// A PIN in a body cannot be guessed from what is kept of the request.
func TestIdempotencyKeepsNoBody(t *testing.T) {
	f := newFace(t)
	f.do("POST", "/v2/conferences", `{"name":"x","pin":"4829"}`, "Idempotency-Key", "secret-key").want(201)
	for _, r := range bridgetest.All[state.Reply](f.Bench.Store, "idem/") {
		if bytes.Contains(r.Body, []byte("4829")) {
			t.Error("the PIN is in the kept reply")
		}
		if len(r.BodyHash) != 32 || bytes.Equal(r.BodyHash, plainHash("POST /v2/conferences\n"+`{"name":"x","pin":"4829"}`)) {
			t.Error("the body's hash has no key")
		}
	}
}

func plainHash(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}
