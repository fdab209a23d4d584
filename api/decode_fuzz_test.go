package api

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"slices"
	"strings"
	"testing"
	"time"
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
		`{"phone_number":"+12025551234","language":"pt-BR","name_sound_id":"snd_01k9x3v5m8c7t2q4r6w8y0z1ad","max_duration":60,"wait_for_presenter":false,"leave_with_presenter":true}`,
		`{"phone_number":"+12025551234","accept":{"mode":"pin","machine_detection":true,"sound_id":""}}`,
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

// Whatever is said of a new conference: no panic, and what is taken is in range.
func FuzzDecodeConference(f *testing.F) {
	for _, seed := range []string{
		`{"name":"x","dial_in":{"numbers":["+12025550198","+12025550199"],"role":"listener","moderator_pin":"001234567890"}}`,
		`{"name":"x","dial_in":{"numbers":[null,1,"+1",[]]}}`, `{"name":"x","dial_in":[]}`, `{"name":"x","language":"zh-Hant-TW"}`,
		`{"name":"x","record":true,"record_format":"opus","record_quality":"high","record_beep":15,"record_stereo":false}`,
		`{"name":"x","name_sound_id":"snd_01k9x3v5m8c7t2q4r6w8y0z1ad","host_sound_id":"","alone_music":null,"levelling":false}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		spec, err := decodeConference(body)
		if err != nil {
			if p := asProblem(err); p.Status != 400 && p.Status != 422 || p.Detail == "" {
				t.Fatalf("refused with %d %q", p.Status, p.Detail)
			}
			return
		}
		if s := deref(spec.Sound.Language); s != "" && !languageTag(s) {
			t.Fatalf("took the language %q", s)
		}
		for _, s := range []string{deref(spec.Sound.NameSoundID), deref(spec.Sound.HostSoundID)} {
			if s != "" && !validID(s) {
				t.Fatalf("took the sound %q", s)
			}
		}
		if d := deref(spec.Sound.RecordBeep); d < 0 || d > maxBeep*time.Second {
			t.Fatalf("took %v", d)
		}
		numbers := deref(spec.DialIn.Numbers)
		for i, n := range numbers {
			if !strings.HasPrefix(n, "+") || len(n) > maxPhone || slices.Contains(numbers[:i], n) {
				t.Fatalf("took the numbers %q", numbers)
			}
		}
		if pin := spec.DialIn.ModeratorPIN; pin != nil && (len(*pin) < 6 || len(*pin) > 12 || strings.Trim(*pin, "0123456789") != "") {
			t.Fatal("took a moderator PIN that is none")
		}
	})
}

// Whatever comes as a form: no panic, and no more than may come.
func FuzzReadForm(f *testing.F) {
	for _, seed := range []string{
		"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.wav\"\r\n\r\nRIFF\r\n--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nn\r\n--b--\r\n",
		"--b--\r\n", "--b\r\n\r\n", "", "--b\r\nContent-Disposition: form-data; name=\"file\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41\r\n--b--",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		u := &upload{form: make(map[string][]string)}
		if err := u.readForm(multipart.NewReader(bytes.NewReader(body), "b")); err != nil {
			if p := brokenUpload(err); p.Status < 400 || p.Status > 422 {
				t.Fatalf("refused with %d", p.Status)
			}
			return
		}
		parts := 0
		for _, values := range u.form {
			for _, v := range values {
				if parts++; len(v) > 4*maxName+1 {
					t.Fatalf("kept %d bytes of a field", len(v))
				}
			}
		}
		if parts >= maxParts || len(u.data) > len(body) {
			t.Fatalf("kept %d fields and %d bytes of %d", parts, len(u.data), len(body))
		}
		if name, err := u.name(); err == nil && (checkText(name, maxName) != "" || strings.TrimSpace(name) == "") {
			t.Fatalf("took the name %q", name)
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
