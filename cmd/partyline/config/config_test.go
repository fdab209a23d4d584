package config

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "partyline.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func env(kv ...string) func(string) (string, bool) {
	m := map[string]string{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = kv[i+1]
	}
	return func(k string) (string, bool) { v, ok := m[k]; return v, ok }
}

// The printed example says of itself that it shows the defaults.
func TestExampleIsValidAndShowsTheDefaults(t *testing.T) {
	got, err := Load(Source{File: write(t, string(Example))})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Trunks) != 1 || got.Trunks[0].Name != "main" {
		t.Fatalf("trunks %+v", got.Trunks)
	}
	got.Trunks = nil
	want := Default()
	for _, c := range []*Config{&got, &want} { // an empty list and no list mean the same
		c.HTTP.AllowedOrigins, c.Dial.DenyPrefixes, c.Cluster.Routes = nil, nil, nil
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("example differs from the defaults (-default +example):\n%s", d)
	}
}

// Every key of the configuration stands in the example.
func TestExampleIsComplete(t *testing.T) {
	var walk func(path string, ty reflect.Type)
	walk = func(path string, ty reflect.Type) {
		for i := range ty.NumField() {
			key := ty.Field(i).Tag.Get("yaml")
			if !strings.Contains(string(Example), key+":") {
				t.Errorf("key %s.%s is not in the example", path, key)
			}
			ft := ty.Field(i).Type
			if ft.Kind() == reflect.Slice {
				ft = ft.Elem()
			}
			if ft.Kind() == reflect.Struct {
				walk(path+"."+key, ft)
			}
		}
	}
	walk("", reflect.TypeFor[Config]())
}

func TestComplaintsNameFileAndLine(t *testing.T) {
	tests := []struct{ name, text, line, want string }{
		{"unknown key", "http:\n  listn: \"x\"\n", "2", `unknown key "listn"`},
		{"unknown section", "htp: {}\n", "1", `unknown key "htp"`},
		{"wrong type", "dial:\n  ring_timeout: soon\n", "2", "soon"},
		{"not yaml", "http: [\n", "1", "did not find"},
		{"bad listen", "http: {listen: nowhere}\n", "1", "http.listen"},
		{"bad sip", "sip:\n  listen:\n    - \"udp:0.0.0.0:5060\"\n    - \"quic:1\"\n", "4", "sip.listen[1]"},
		{"bad allow", "sip: {allow: [\"everyone\"]}\n", "1", "sip.allow[0]"},
		{"bad ports", "media:\n  ports: \"9-3\"\n", "2", "media.ports"},
		{"bad codec", "media:\n  codecs: [GSM]\n", "2", "GSM"},
		{"no codec left", "media:\n  codecs: [opus]\n", "2", "PCMU, PCMA and G722"},
		{"bad trunk", "trunks:\n  - name: a\n    uri: \"http://x\"\n    caller_ids: [\"+12025550000\"]\n", "3", "trunks[0].uri"},
		{"trunk twice", "trunks:\n  - {name: a, uri: \"sip:a\", caller_ids: [\"+12025550000\"]}\n  - {name: a, uri: \"sip:b\", caller_ids: [\"+12025550000\"]}\n", "3", "two trunks"},
		{"no caller id", "trunks:\n  - name: a\n    uri: \"sip:x\"\n", "2", "caller_ids"},
		{"srtp", "trunks:\n  - {name: a, uri: \"sip:x\", caller_ids: [\"+12025550000\"], srtp: on}\n", "2", "srtp"},
		{"user in uri", "trunks:\n  - {name: a, uri: \"sip:me@x\", caller_ids: [\"+12025550000\"]}\n", "2", "SIP URI"},
		{"bad caller id", "trunks:\n  - {name: a, uri: \"sip:x\", caller_ids: [\"12\"]}\n", "2", "E.164"},
		{"twilio without account", "sms:\n  provider: twilio\n", "1", "account_sid"},
		{"bad provider", "sms:\n  provider: pigeon\n", "2", "pigeon"},
		{"short key", "auth:\n  admin_key: short\n", "2", "too short"},
		{"bad level", "log: {level: loud}\n", "1", "loud"},
		{"no folder of recordings", "recording:\n  dir: \"\"\n", "2", "recording.dir"},
		{"retention too short", "recording: {retention: 1m}\n", "1", "recording.retention"},
		{"one folder for two", "sounds:\n  dir: recordings/\n", "2", "another folder"},
		{"language", "sounds:\n  language: English!\n", "2", "sounds.language"},
		{"cluster", "cluster: {enabled: true}\n", "1", "alone"},
		{"missing secret", "auth:\n  admin_key: \"file:/does/not/exist\"\n", "2", "secret"},
		{"second document", "log: {level: info}\n---\nlog: {level: info}\n", "", "one document"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, tt.text)
			_, err := Load(Source{File: path})
			var ps Problems
			if !errors.As(err, &ps) {
				t.Fatalf("error %v", err)
			}
			if want := path + ":" + tt.line; tt.line != "" && !strings.HasPrefix(ps[0].Where+":", want+":") {
				t.Errorf("where %q, want %q", ps[0].Where, want)
			}
			if !strings.Contains(ps.Error(), tt.want) {
				t.Errorf("%q does not say %q", ps.Error(), tt.want)
			}
		})
	}
}

func TestOrderOfSources(t *testing.T) {
	path := write(t, "http: {listen: \"127.0.0.1:1\"}\nlog: {level: debug}\n")
	got, err := Load(Source{
		File:     path,
		Getenv:   env("PARTYLINE_HTTP_LISTEN", "127.0.0.1:2", "PARTYLINE_DIAL_RING_TIMEOUT", "30s", "PARTYLINE_DIAL_ALLOW_COUNTRIES", "[US, DE]"),
		Override: func(c *Config) { c.HTTP.Listen = "127.0.0.1:3" },
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.HTTP.Listen != "127.0.0.1:3" || got.Log.Level != "debug" || got.Dial.RingTimeout != 30*time.Second || len(got.Dial.AllowCountries) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestTrunksFromTheEnvironment(t *testing.T) {
	got, err := Load(Source{Getenv: env(
		"PARTYLINE_TRUNKS", `[{name: a, uri: "sip:127.0.0.1:5070", caller_ids: ["+12025550000"], password: "env:TRUNK_PW"}]`,
		"TRUNK_PW", "s3cret")})
	if err != nil {
		t.Fatal(err)
	}
	if tr := got.Trunks[0]; tr.Password.Reveal() != "s3cret" || tr.CPS != 10 || tr.Channels != 1000 {
		t.Errorf("%#v", tr)
	}
	_, err = Load(Source{Getenv: env("PARTYLINE_TRUNKS", `[{name: a, url: x}]`)})
	if err == nil || !strings.Contains(err.Error(), "PARTYLINE_TRUNKS") {
		t.Errorf("error %v", err)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	s := Secret("hunter2hunter2")
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", s, "cfg", Auth{AdminKey: s})
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q", s, Auth{AdminKey: s}, Auth{AdminKey: s}, s, s), log.String()} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("printed: %s", text)
		}
	}
}

func TestSecretFromFile(t *testing.T) {
	path := write(t, "from-a-file-16-chars\n")
	got, err := Load(Source{Getenv: env("PARTYLINE_AUTH_ADMIN_KEY", "file:"+path)})
	if err != nil || got.Auth.AdminKey.Reveal() != "from-a-file-16-chars" {
		t.Errorf("%q %v", got.Auth.AdminKey.Reveal(), err)
	}
}

func TestPrefixes(t *testing.T) {
	got := Prefixes([]string{"trunk", "192.0.2.7", "10.0.0.0/8"})
	if len(got) != 2 || got[0].Bits() != 32 || got[1].Bits() != 8 {
		t.Errorf("%v", got)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(string(Example))
	f.Add("trunks: [{name: *a}]")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = Load(Source{File: path})
	})
}
