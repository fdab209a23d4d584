package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// nasty are 64 strings that have broken something somewhere.
var nasty = []string{
	"\r", "\n", "\r\n", "a\r\nVia: SIP/2.0/UDP evil", "a\nINVITE sip:x@y SIP/2.0", "\x00", "a\x00b", "\x1b[31m",
	"\x7f", "\u0085", "\u009b", "\u2028", "\u2029", "\u202e", "\u2066", "\u200f",
	"\u061c", "\ufeff", "\ufffd", "\uffff", "\U0001fffe", "\t", "\v", "\b",
	`"`, `""`, `\`, `\"`, `"><script>alert(1)</script>`, `'; DROP TABLE participants; --`, `<>;`, `<sip:evil@example.com>`,
	`"Bob" <sip:bob@example.com>;tag=1`, `%0d%0a`, `%00`, `%n%s%x`, `{{7*7}}`, `${jndi:ldap://x}`, `$(reboot)`, "`id`",
	`../../etc/passwd`, `..\..\x`, `/dev/null`, `file:///etc/passwd`, `http://169.254.169.254/`, `null`, `true`, `-1`,
	`1e999`, `NaN`, `__proto__`, `constructor`, `😀`, `👩‍👩‍👧`, `e` + strings.Repeat("\u0301", 50), `Ω≈ç√`,
	`٠١٢٣`, `社會科學院`, `ﷺ`, ` `, ` a `, `<a href="javascript:alert(1)">x</a>`, strings.Repeat("A", 10000), strings.Repeat("é", 101),
}

// Every nasty string in every field that takes a string is refused with a 4xx,
// or stored and returned exactly as it was.
func TestInjection(t *testing.T) {
	if len(nasty) != 64 {
		t.Fatalf("%d strings", len(nasty))
	}
	f := newFace(t)
	conf := f.conference(`{"name":"Target","max_participants":1000}`)
	part := f.participant(conf)
	fields := []struct {
		method, path, body string // %s is where the string goes
		field              string // where it comes back; "" when it may not be stored at all
	}{
		{"POST", "/v2/conferences", `{"name":%s}`, "name"},
		{"POST", "/v2/conferences", `{"name":"x","pin":%s}`, ""},
		{"POST", "/v2/conferences", `{"name":"x","hold_music_id":%s}`, ""},
		{"POST", "/v2/conferences", `{"name":"x","scheduled_for":%s}`, ""},
		{"POST", "/v2/conferences", `{"name":"x","accept":%s}`, ""},
		{"POST", "/v2/conferences", `{"name":"x","accept":{"mode":"press_key","key":%s}}`, ""},
		{"POST", "/v2/conferences", `{"name":"x",%s:1}`, ""},
		{"PATCH", conf, `{"name":%s}`, "name"},
		{"POST", conf + "/participants", `{"phone_number":%s}`, ""},
		{"POST", conf + "/participants", `{"phone_number":"+12025550101","name":%s}`, "name"},
		{"POST", conf + "/participants", `{"phone_number":"+12025550101","role":%s}`, ""},
		{"POST", conf + "/participants", `{"phone_number":"+12025550101","caller_id":%s}`, ""},
		{"POST", conf + "/participants", `{"phone_number":"+12025550101","external_id":%s}`, "external_id"},
		{"POST", conf + "/participants", `{"phone_number":"+12025550101","dial_after":%s}`, ""},
		{"PATCH", part, `{"name":%s}`, "name"},
		{"PATCH", part, `{"external_id":%s}`, "external_id"},
		{"PATCH", part, `{"role":%s}`, ""},
		{"POST", conf + "/announce", `{"sound":%s}`, ""},
		{"POST", part + "/announce", `{"sound":%s}`, ""},
		{"POST", "/v2/conferences", `{"name":"x","language":%s}`, ""},
		{"POST", "/v2/conferences", `{"name":"x","name_sound_id":%s}`, ""},
		{"POST", "/v2/conferences", `{"name":"x","host_sound_id":%s}`, ""},
		{"POST", "/v2/conferences", `{"name":"x","record_format":%s}`, ""},
		{"POST", "/v2/conferences", `{"name":"x","record_quality":%s}`, ""},
		{"POST", "/v2/conferences", `{"name":"x","dial_in":{"numbers":[%s]}}`, ""},
		{"POST", "/v2/conferences", `{"name":"x","dial_in":{"role":%s}}`, ""},
		{"POST", "/v2/conferences", `{"name":"x","dial_in":{"moderator_pin":%s}}`, ""},
		{"POST", "/v2/conferences", `{"name":"x","accept":{"mode":"pin","sound_id":%s}}`, ""},
		{"PATCH", conf, `{"language":%s}`, ""},
		{"PATCH", conf, `{"name_sound_id":%s}`, ""},
		{"PATCH", conf, `{"dial_in":{"numbers":[%s]}}`, ""},
		{"POST", conf + "/participants", `{"phone_number":"+12025550101","language":%s}`, ""},
		{"POST", conf + "/participants", `{"phone_number":"+12025550101","name_sound_id":%s}`, ""},
		{"POST", conf + "/recording/start", `{"name":%s}`, "name"},
		{"POST", conf + "/recording/start", `{"format":%s}`, ""},
		{"POST", conf + "/recording/start", `{"quality":%s}`, ""},
	}
	for _, s := range nasty {
		quoted, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range fields {
			a := f.do(fd.method, fd.path, fmt.Sprintf(fd.body, quoted))
			switch {
			case a.status >= 500 || a.status < 200 || (a.status >= 300 && a.status < 400):
				t.Errorf("%s %s with %.40q: status %d: %s", fd.method, fd.body, s, a.status, a.body)
			case a.status < 300 && fd.field == "":
				t.Errorf("%s %s took %.40q", fd.method, fd.body, s)
			case a.status < 300 && a.text(fd.field) != s:
				t.Errorf("%s %s stored %.40q as %.40q", fd.method, fd.body, s, a.text(fd.field))
			}
			if a.status < 300 && dangerous(s) {
				t.Errorf("%s %s took %q", fd.method, fd.body, s)
			}
		}
	}
	for _, c := range f.Phones.Calls("") {
		if n := c.Request().DisplayName; dangerous(n) {
			t.Errorf("a call went out with the display name %q", n)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(f.log.String()), "\n") {
		if !strings.HasPrefix(line, "time=") {
			t.Errorf("a log line that is not ours: %.100q", line)
		}
	}
}

func dangerous(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
	})
}

// Nasty ids in paths are "not found", the same for all.
func TestPathInjection(t *testing.T) {
	f := newFace(t)
	conf := f.conference()
	want := notFoundBody(f.get("/v2/conferences/conf_nosuch").want(404))
	for _, id := range []string{"%2e%2e", "%2e%2e%2fconf", "%00", "conf_x%0d%0aX", "..%5c..", "%", "conf_%e2%80%ae", "a%2fb",
		"conf_" + strings.Repeat("x", 500), "%22", "'", "*", "conf_x%20", "CON", "%F0%9F%98%80"} {
		path := "/v2/conferences/" + id
		if id == "%" {
			continue // not a URL at all
		}
		for _, p := range []string{path, conf + "/participants/" + id, path + "/hands", path + "/recordings", conf + "/recordings/" + id,
			conf + "/recordings/" + id + "/audio", "/v2/sounds/" + id, "/v2/sounds/" + id + "/audio"} {
			if got := notFoundBody(f.get(p).want(404)); got != want {
				t.Errorf("%s: %s, want %s", p, got, want)
			}
		}
	}
}

// notFoundBody is a 404's body without what differs in every reply.
func notFoundBody(a *answer) string {
	a.t.Helper()
	id := a.text("request_id")
	if id == "" {
		a.t.Errorf("no request_id: %s", a.body)
	}
	return strings.Replace(string(a.body), id, "", 1)
}
