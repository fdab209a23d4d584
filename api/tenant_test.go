package api_test

import (
	"strings"
	"testing"

	"partyline/state"
)

// Whoever asks for what is another tenant's gets exactly what they would get
// if it did not exist, on every route, and changes nothing.
func TestTenantMatrix(t *testing.T) {
	f := newFace(t)
	conf := f.conference()
	part := f.participant(conf)
	stranger := f.as(f.tenantKey("stranger"))
	strangers := stranger.conference()

	owner := func() string { return string(f.get(conf).body) + string(f.get(part).body) }
	before := owner()
	bodies := map[string]string{
		"PATCH /v2/conferences/{cid}":                    `{"name":"Mine"}`,
		"PATCH /v2/conferences/{cid}/participants/{pid}": `{"name":"Mine"}`,
		"POST /v2/conferences/{cid}/participants":        `{"phone_number":"+12025550101"}`,
		"POST /v2/conferences/{cid}/participants/bulk":   `{"participants":[{"phone_number":"+12025550101"}]}`,
		"POST /v2/conferences/{cid}/recording/start":     `{"name":"Mine"}`,
	}
	const missing = "00000000000000000000000000"
	rid, sid := state.NewID(state.RecordingID), state.NewID(state.SoundID)
	f.plant(state.RecordingKey(strings.TrimPrefix(conf, "/v2/conferences/"), rid), state.Recording{ID: rid, TenantID: "default",
		ConferenceID: strings.TrimPrefix(conf, "/v2/conferences/"), Format: "wav", Quality: "standard", Status: state.RecordingReady})
	f.plant(state.SoundKey("default", sid), state.Sound{ID: sid, TenantID: "default", Name: "Waiting", Source: "wav"})
	cid, pid := strings.TrimPrefix(conf, "/v2/conferences/"), part[strings.LastIndex(part, "/")+1:]
	tried := 0
	for _, r := range f.srv.Routes() {
		method, path := r[0], r[1]
		if !strings.Contains(path, "{") {
			continue
		}
		fill := func(c, p, r, s string) string {
			return strings.NewReplacer("{cid}", c, "{pid}", p, "{rid}", r, "{sid}", s).Replace(path)
		}
		variants := map[string]string{"foreign": fill(cid, pid, rid, sid),
			"missing": fill("conf_"+missing, "part_"+missing, "rec_"+missing, "snd_"+missing)}
		if strings.Contains(path, "{pid}") || strings.Contains(path, "{rid}") {
			variants["foreign one in own conference"] = fill(strings.TrimPrefix(strangers, "/v2/conferences/"), pid, rid, "")
			variants["missing one of foreign conference"] = fill(cid, "part_"+missing, "rec_"+missing, "")
		}
		var want string
		for name, p := range variants {
			a := stranger.do(method, p, bodies[method+" "+path])
			if a.status != 404 {
				t.Errorf("%s %s (%s): status %d: %s", method, path, name, a.status, a.body)
				continue
			}
			got := notFoundBody(a)
			if want == "" {
				want = got
			}
			if got != want {
				t.Errorf("%s %s (%s): %s differs from %s", method, path, name, got, want)
			}
			tried++
		}
	}
	if tried < 90 {
		t.Errorf("only %d requests; the matrix is not complete", tried)
	}
	if after := owner(); after != before {
		t.Errorf("a stranger changed something:\n%s\n%s", before, after)
	}
	if n := len(stranger.get("/v2/conferences").items("conferences")); n != 1 {
		t.Errorf("the stranger sees %d conferences, want its own", n)
	}
}

// plant puts a record into the store behind the bridge's back.
func (f *face) plant(key string, record any) {
	f.t.Helper()
	op, err := state.CreateOp(key, record)
	if err == nil {
		_, err = f.Bench.Store.Apply(f.t.Context(), op)
	}
	if err != nil {
		f.t.Fatal(err)
	}
}
