package api

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Whatever bytes come as the body of an add: no panic, and what is taken is
// clean, was all said, and means the same to encoding/json.
func FuzzDecodeAdd(f *testing.F) {
	for _, seed := range []string{
		`{"phone_number": "+12025551234", "name": "John Smith", "role": "presenter"}`,
		`{"phone_number":"+12025551234","name":"Participant","role":"listener","muted":true}`,
		`{"phone_number":"+12025551234","accept":{"mode":"press_key","key":"5","timeout":10,"tries":2},"retry":{"attempts":3,"delay":30}}`,
		`{"phone_number":"+12025551234","accept":"pin","ring_timeout":30,"dial_after":"sms_sent","send_pin_via_sms":true}`,
		`{"phone_number":"+12025551234","name":null,"external_id":"a\u0041\ud83d\ude00"}`,
		`{"phone_number":"+12025551234","name":"\ud800"}`, `{"a":{"a":{"a":{}}},"a":1}`, `{"phone_number":1e999}`,
		`[]`, `null`, `{}`, ``, `{"":""}`, "{\"name\":\"\xff\"}", `{"ring_timeout":5.0}`, `{"muted":tru}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, p := parseObject(body, false)
		if p != nil {
			if p.Status != 400 || p.Detail == "" || !utf8.ValidString(p.Detail) {
				t.Fatalf("refused with %d %q", p.Status, p.Detail)
			}
			return
		}
		spec := decodePerson(o)
		if err := o.finish(); err != nil {
			p := asProblem(err)
			if p.Status != 422 || len(p.Errors) == 0 {
				t.Fatalf("refused with %d and %d errors", p.Status, len(p.Errors))
			}
			if _, err := json.Marshal(p); err != nil {
				t.Fatal(err)
			}
			return
		}
		if !strings.HasPrefix(spec.PhoneNumber, "+") || len(spec.PhoneNumber) > maxPhone {
			t.Fatalf("took the number %q", spec.PhoneNumber)
		}
		for _, s := range []string{spec.Name, spec.ExternalID} {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) || utf8.RuneCountInString(s) > maxExternal {
				t.Fatalf("took the text %q", s)
			}
		}
		var same struct {
			PhoneNumber string `json:"phone_number"`
			Name        string `json:"name"`
			Muted       bool   `json:"muted"`
		}
		if err := json.Unmarshal(body, &same); err != nil {
			t.Fatalf("took what encoding/json refuses: %v", err)
		}
		if same.PhoneNumber != spec.PhoneNumber || same.Name != spec.Name || same.Muted != spec.Muted {
			t.Fatalf("read %+v where encoding/json reads %+v", spec, same)
		}
	})
}

// FuzzText holds the texts we let in against their rule, one character at a time.
func FuzzText(f *testing.F) {
	for _, s := range []string{"Ann", "a\r\nb", "\u202e", "é", "\ufffd", strings.Repeat("x", 101)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if checkText(s, maxName) != "" {
			return
		}
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back string
		if err := json.Unmarshal(b, &back); err != nil || back != s {
			t.Fatalf("%q comes back as %q", s, back)
		}
		if strings.ContainsAny(s, "\r\n\x00") || utf8.RuneCountInString(s) > maxName {
			t.Fatalf("let in %q", s)
		}
	})
}
