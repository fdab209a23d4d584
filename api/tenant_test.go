package api_test

import (
	"strings"
	"testing"
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
	}
	cid, pid := strings.TrimPrefix(conf, "/v2/conferences/"), part[strings.LastIndex(part, "/")+1:]
	missingC, missingP := "conf_"+strings.Repeat("0", 26), "part_"+strings.Repeat("0", 26)
	tried := 0
	for _, r := range f.srv.Routes() {
		method, path := r[0], r[1]
		if !strings.Contains(path, "{cid}") {
			continue
		}
		fill := func(c, p string) string { return strings.NewReplacer("{cid}", c, "{pid}", p).Replace(path) }
		variants := map[string]string{"foreign": fill(cid, pid), "missing": fill(missingC, missingP)}
		if strings.Contains(path, "{pid}") {
			variants["foreign participant in own conference"] = fill(strings.TrimPrefix(strangers, "/v2/conferences/"), pid)
			variants["missing participant of foreign conference"] = fill(cid, missingP)
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
	if tried < 40 {
		t.Errorf("only %d requests; the matrix is not complete", tried)
	}
	if after := owner(); after != before {
		t.Errorf("a stranger changed something:\n%s\n%s", before, after)
	}
	if n := len(stranger.get("/v2/conferences").items("conferences")); n != 1 {
		t.Errorf("the stranger sees %d conferences, want its own", n)
	}
}
