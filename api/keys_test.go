package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/api"
	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/state"
)

func TestKeyLifecycle(t *testing.T) {
	f := newFace(t)
	ctx := t.Context()
	text, key, err := api.CreateKey(ctx, f.Bench.Store, "acme", "build server", []string{"read"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text, "pl_"+key.ID+"_") || len(text) < 60 {
		t.Errorf("key %q of id %q", text, key.ID)
	}
	reader := f.as(text)
	reader.get("/v2/conferences").want(200)
	reader.post("/v2/conferences", `{"name":"x"}`).wantCode(403, "insufficient_scope")
	writer := f.as(f.tenantKey("acme", "write"))
	writer.post("/v2/conferences", `{"name":"x"}`).want(201)
	writer.get("/v2/conferences").wantCode(403, "insufficient_scope")
	if n := len(reader.get("/v2/conferences").items("conferences")); n != 1 {
		t.Errorf("the tenant's other key sees %d conferences, want 1", n)
	}

	var dump bytes.Buffer
	if err := f.Bench.Store.Snapshot(ctx, &dump); err != nil {
		t.Fatal(err)
	}
	secret := text[len("pl_"+key.ID+"_"):]
	if strings.Contains(dump.String(), secret) || strings.Contains(f.log.String(), secret) {
		t.Error("the key's secret is in the store or the log")
	}

	keys, err := api.ListKeys(ctx, f.Bench.Store, "acme")
	if err != nil || len(keys) != 2 || keys[0].ID != key.ID || keys[0].Name != "build server" {
		t.Fatalf("keys %+v, %v", keys, err)
	}
	if others, err := api.ListKeys(ctx, f.Bench.Store, "other"); err != nil || len(others) != 0 {
		t.Errorf("another tenant's keys: %v, %v", others, err)
	}
	if err := api.RevokeKey(ctx, f.Bench.Store, key.ID); err != nil {
		t.Fatal(err)
	}
	reader.get("/v2/conferences").wantCode(401, "invalid_key")
	if err := api.RevokeKey(ctx, f.Bench.Store, key.ID); err != nil {
		t.Errorf("revoking again: %v", err)
	}
	for _, id := range []string{"nosuchkey", "", "../conf", strings.Repeat("x", 100)} {
		if err := api.RevokeKey(ctx, f.Bench.Store, id); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("revoking %q: %v", id, err)
		}
	}
}

func TestCreateKeyRefuses(t *testing.T) {
	store := bridgetest.NewStore()
	for _, tt := range []struct {
		tenant, name string
		scopes       []string
	}{
		{"acme", "x", []string{"admin"}},
		{"acme", "bell\a", nil},
		{"acme", strings.Repeat("n", 101), nil},
		{"", "x", nil},
		{"a/b", "x", nil},
	} {
		if text, _, err := api.CreateKey(t.Context(), store, tt.tenant, tt.name, tt.scopes); err == nil || text != "" {
			t.Errorf("CreateKey(%q, %q, %q) made a key", tt.tenant, tt.name, tt.scopes)
		}
	}
	if n := store.Applied(); n != 0 {
		t.Errorf("%d writes for refused keys", n)
	}
}

func TestAuthentication(t *testing.T) {
	f := newFace(t).as("")
	good := f.tenantKey("default")
	wrong := good[:len(good)-1] + map[bool]string{true: "b", false: "a"}[good[len(good)-1] == 'a']
	for name, tt := range map[string]struct {
		header []string
		status int
		code   string
	}{
		"none":                {nil, 401, "missing_key"},
		"empty":               {[]string{"X-Auth-Token", " "}, 401, ""},
		"X-Auth-Token":        {[]string{"X-Auth-Token", good}, 200, ""},
		"Bearer":              {[]string{"Authorization", "Bearer " + good}, 200, ""},
		"bearer":              {[]string{"Authorization", "bearer " + good}, 200, ""},
		"admin":               {[]string{"Authorization", "Bearer " + adminKey}, 200, ""},
		"both the same":       {[]string{"X-Auth-Token", good, "Authorization", "Bearer " + good}, 200, ""},
		"two different":       {[]string{"X-Auth-Token", good, "Authorization", "Bearer " + adminKey}, 401, "ambiguous_key"},
		"token twice":         {[]string{"X-Auth-Token", good, "X-Auth-Token", adminKey}, 401, "ambiguous_key"},
		"bearer twice":        {[]string{"Authorization", "Bearer " + good, "Authorization", "Bearer " + wrong}, 401, "ambiguous_key"},
		"wrong secret":        {[]string{"X-Auth-Token", wrong}, 401, "invalid_key"},
		"unknown id":          {[]string{"X-Auth-Token", "pl_aaaaaaaaaaaaa_" + strings.Repeat("a", 52)}, 401, "invalid_key"},
		"no secret":           {[]string{"X-Auth-Token", good[:17]}, 401, "invalid_key"},
		"case":                {[]string{"X-Auth-Token", strings.ToUpper(good)}, 401, "invalid_key"},
		"admin and more":      {[]string{"X-Auth-Token", adminKey + "x"}, 401, "invalid_key"},
		"part of admin":       {[]string{"X-Auth-Token", adminKey[:5]}, 401, "invalid_key"},
		"Basic":               {[]string{"Authorization", "Basic " + good}, 401, "invalid_key"},
		"bare":                {[]string{"Authorization", good}, 401, "invalid_key"},
		"bearer of nothing":   {[]string{"Authorization", "Bearer "}, 401, "invalid_key"},
		"store key injection": {[]string{"X-Auth-Token", "pl_" + "../../conf/ab" + "_" + strings.Repeat("a", 52)}, 401, "invalid_key"},
		"very long":           {[]string{"X-Auth-Token", strings.Repeat("k", 5000)}, 401, "invalid_key"},
	} {
		t.Run(name, func(t *testing.T) {
			a := f.do("GET", "/v2/conferences", "", tt.header...).wantCode(tt.status, tt.code)
			if tt.status == 401 && a.header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		})
	}
}

// An empty admin key is no key, not one that an empty header matches.
func TestNoAdminKey(t *testing.T) {
	f := newFace(t, func(a *api.Config, _ *bridge.Config) { a.AdminKey = "" })
	f.get("/v2/conferences").wantCode(401, "invalid_key")
	f.as("").get("/v2/conferences").wantCode(401, "missing_key")
}

func TestFailedKeysAreLimitedByAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFace(t, func(a *api.Config, _ *bridge.Config) { a.Limits.FailureBurst, a.Limits.FailuresPerMinute = 5, 6 })
		stored := f.tenantKey("acme")
		for i := range 5 {
			f.as(fmt.Sprintf("guess-%d", i)).get("/v2/conferences").wantCode(401, "invalid_key")
		}
		a := f.as("guess-5").get("/v2/conferences").wantCode(429, "too_many_failures")
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		f.get("/v2/conferences").wantCode(429, "too_many_failures") // the admin key may be a word: no more guesses
		f.as(stored).get("/v2/conferences").want(200)               // 256 random bits cannot be guessed
		wait(t, 11*time.Second)
		f.get("/v2/conferences").want(200)
	})
}

func TestRequestsAreLimitedByKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFace(t, func(a *api.Config, _ *bridge.Config) { a.Limits.RequestsPerSecond, a.Limits.RequestBurst = 2, 4 })
		other := f.as(f.tenantKey("acme"))
		for left := 3; left >= 0; left-- {
			a := f.get("/v2/conferences").want(200)
			if got, want := a.header.Get("RateLimit"), fmt.Sprintf(`"requests";r=%d;t=0`, left); got != want {
				t.Errorf("RateLimit %q, want %q", got, want)
			}
		}
		a := f.get("/v2/conferences").wantCode(429, "rate_limited")
		if a.header.Get("Retry-After") != "1" || a.header.Get("RateLimit-Policy") != `"requests";q=4;w=2` {
			t.Errorf("headers %v", a.header)
		}
		other.get("/v2/conferences").want(200)
		wait(t, time.Second)
		f.get("/v2/conferences").want(200)
	})
}

func TestAddsAreLimitedByTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFace(t, func(_ *api.Config, b *bridge.Config) { b.Limits.AddsPerSecond = 10 })
		conf := f.conference()
		for range 10 {
			f.participant(conf)
		}
		a := f.post(conf+"/participants", `{"phone_number":"+12025550100"}`).wantCode(429, "rate_limited")
		if a.header.Get("Retry-After") != "1" || a.header.Get("RateLimit-Policy") != `"adds";q=10;w=1` ||
			a.header.Get("RateLimit") != `"adds";r=0;t=1` {
			t.Errorf("headers %v", a.header)
		}
		if n := f.get(conf + "/participants").number("total"); n != 10 {
			t.Errorf("%v participants, want 10", n)
		}
		wait(t, time.Second)
		f.participant(conf)
	})
}
