package api_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"partyline/api"
	"partyline/bridge"
	"partyline/state/bolt"
)

// A fault in one request is one 500; after a reply began, the connection is
// cut, so that half a reply is not taken for a whole one. Others go on.
func TestPanicsStayInTheirRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFace(t, func(a *api.Config, _ *bridge.Config) {
			a.SMSCallback = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.RawQuery == "late" {
					_, _ = io.WriteString(w, strings.Repeat("half ", 2000)) // more than the server's buffer
				}
				panic("a fault in a handler")
			})
		}).serve()
		a := l.do("POST", "/v2/sms/status", "x=1", "Content-Type", "application/x-www-form-urlencoded").wantCode(500, "internal_error")
		if strings.Contains(string(a.body), "a fault") || !strings.Contains(l.log.String(), "a fault in a handler") {
			t.Errorf("the fault belongs into the log, not into the reply: %s", a.body)
		}
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://face/v2/sms/status?late", strings.NewReader("x=1"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := l.client.Do(req)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if err == nil {
			t.Error("half a reply looked whole")
		}
		if !strings.Contains(string(l.get("/metrics").body), "partyline_http_panics_total 2") {
			t.Error("the faults are not counted")
		}
		l.get("/v2/conferences").want(200)
	})
}

// The same promises on the store that is used in earnest, closed and opened again.
func TestRestartOnDisk(t *testing.T) {
	path := t.TempDir() + "/partyline.db"
	open := func() *bolt.Store {
		t.Helper()
		s, err := bolt.Open(path, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	run := func(t *testing.T, body func(f *face)) {
		store := open()
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		f := newFace(t, func(_ *api.Config, b *bridge.Config) { b.Store = store })
		f.srv = newServer(t, api.Config{Bridge: f.Bench.Bridge, Store: store, AdminKey: adminKey})
		body(f)
	}
	var key, conf string
	var first []byte
	var revoked string
	add := `{"phone_number":"+12025550101"}`
	t.Run("first run", func(t *testing.T) {
		run(t, func(f *face) {
			f.t = t
			var err error
			store := f.srv.Store()
			if key, _, err = api.CreateKey(t.Context(), store, "acme", "kept", nil); err != nil {
				t.Fatal(err)
			}
			text, k, err := api.CreateKey(t.Context(), store, "acme", "revoked", nil)
			if err != nil {
				t.Fatal(err)
			}
			revoked = text
			if err := api.RevokeKey(t.Context(), store, k.ID); err != nil {
				t.Fatal(err)
			}
			f = f.as(key)
			conf = f.conference()
			first = f.do("POST", conf+"/participants", add, "Idempotency-Key", "k").want(200).body
		})
	})
	t.Run("second run", func(t *testing.T) {
		run(t, func(f *face) {
			f.t = t
			f.as(revoked).get(conf).wantCode(401, "invalid_key")
			f = f.as(key)
			again := f.do("POST", conf+"/participants", add, "Idempotency-Key", "k").want(200)
			if !bytes.Equal(again.body, first) || again.header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("replayed %s, was %s", again.body, first)
			}
			if n := f.get(conf + "/participants").number("total"); n != 1 {
				t.Errorf("%v participants, want 1", n)
			}
		})
	})
}
