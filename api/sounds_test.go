package api_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge/bridgetest"
)

// upload puts a sound through the face and its contract.
func (f *face) upload(query, kind, body string, header ...string) *answer {
	f.t.Helper()
	req := httptest.NewRequest("POST", "/v2/sounds"+query, strings.NewReader(body))
	req.Header.Set("X-Auth-Token", f.key)
	req.Header.Set("Content-Type", kind)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return f.send(req, body)
}

// A sound from its upload to its removal, and where it is heard.
func TestSounds(t *testing.T) {
	f := newFace(t, withArchive)
	made := f.upload("?name=Waiting", "audio/wav", riff, "Idempotency-Key", "s").want(201)
	sid := made.text("id")
	one := "/v2/sounds/" + sid
	fields(t, made.object(), `{"name":"Waiting","duration":1.5,"source":"wav"}`)
	if made.header.Get("Location") != one {
		t.Errorf("Location %q", made.header.Get("Location"))
	}
	if again := f.upload("?name=Waiting", "audio/wav", riff, "Idempotency-Key", "s").want(201); again.text("id") != sid || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the same request made another sound: %s", again.body)
	}
	kind, body := form("b", [3]string{"name", "", "Ann"}, [3]string{"file", "ann.wav", riff})
	ann := f.upload("", kind, body.String()).want(201).text("id")
	f.upload("?name=Text", "audio/wav", "this is no sound").wantCode(422, "bad_sound")

	page := f.get("/v2/sounds?limit=1").want(200)
	if list := page.items("sounds"); len(list) != 1 || list[0].(map[string]any)["id"] != sid {
		t.Errorf("the first page: %s", page.body)
	}
	if page = f.get("/v2/sounds?limit=1&after=" + page.text("next")).want(200); page.items("sounds")[0].(map[string]any)["id"] != ann {
		t.Errorf("the second page: %s", page.body)
	}
	if a := f.get(one).want(200); a.text("id") != sid {
		t.Errorf("read: %s", a.body)
	}
	a := f.get(one + "/audio").want(200)
	if string(a.body) != riff || a.header.Get("Content-Disposition") != "attachment; filename=Waiting.wav" || a.header.Get("ETag") != `"`+made.text("sha256")+`"` {
		t.Errorf("%q %v", a.body, a.header)
	}
	if a := f.do("GET", one+"/audio", "", "Range", "bytes=-6").want(206); string(a.body) != "so on" && string(a.body) != riff[len(riff)-6:] {
		t.Errorf("a range: %q", a.body)
	}

	stranger := f.as(f.tenantKey("stranger"))
	for _, path := range []string{one, one + "/audio"} {
		stranger.get(path).want(404)
	}
	stranger.delete(one).want(404)
	stranger.post("/v2/conferences", `{"name":"x","hold_music_id":"`+sid+`"}`).want(422)
	stranger.post("/v2/conferences", `{"name":"x","name_sound_id":"`+sid+`"}`).wantCode(422, "unknown_sound")
	if n := len(stranger.get("/v2/sounds").items("sounds")); n != 0 {
		t.Errorf("a stranger sees %d sounds", n)
	}
	conf := f.conference(`{"name":"x","hold_music_id":"` + sid + `","name_sound_id":"` + ann + `","host_sound_id":"` + ann + `"}`)
	fields(t, f.get(conf).object(), `{"hold_music_id":"`+sid+`","name_sound_id":"`+ann+`"}`)
	fields(t, f.patch(conf, `{"name_sound_id":""}`).want(200).object(), `{"name_sound_id":null,"host_sound_id":"`+ann+`"}`)
	f.patch(conf, `{"language":"tlh"}`).wantCode(422, "unknown_language")

	f.delete(one).want(204)
	f.get(one).want(404)
	f.get(one + "/audio").want(404)
	f.delete(one).want(404)
	f.get(conf).want(200)
}

// Sounds are heard by one or all who are in the conference.
func TestAnnouncements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFace(t, withArchive)
		f.Phones.Script("", bridgetest.Callee{Answer: time.Second})
		sid := f.upload("?name=Gong", "audio/wav", riff).want(201).text("id")
		conf := f.conference()
		part := f.participant(conf)
		f.post(part+"/announce", "").want(409) // it rings
		wait(t, 2*time.Second)
		for _, body := range []string{``, `{}`, `{"sound":"chime"}`, `{"sound":"beep"}`, `{"sound":"prompt:being_recorded"}`, `{"sound":"` + sid + `"}`} {
			if n := f.post(conf+"/announce", body).want(200).number("affected"); n != 1 {
				t.Errorf("%s: %v hear it", body, n)
			}
			if got := f.post(part+"/announce", body).want(200).text("id"); !strings.HasSuffix(part, got) {
				t.Errorf("%s: the reply is of %q", body, got)
			}
		}
		missing := "snd_" + strings.Repeat("0", 26)
		for _, path := range []string{conf, part} {
			f.post(path+"/announce", `{"sound":"prompt:no_such_prompt"}`).wantCode(422, "unknown_sound")
			f.post(path+"/announce", `{"sound":"`+missing+`"}`).wantCode(422, "unknown_sound")
			f.post(path+"/announce", `{"sound":"gong"}`).wantCode(422, "invalid_field")
		}
	})
}
