package api_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/api"
	"partyline/bridge"
	"partyline/bridge/bridgetest"
)

// A recording from its start to its removal, as its customer sees it.
func TestRecording(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFace(t, withArchive)
		f.Phones.Script("", bridgetest.Callee{Answer: time.Second})
		conf := f.conference()
		f.post(conf+"/recording/stop", "").wantCode(409, "not_recording")
		f.post(conf+"/recording/pause", "").wantCode(409, "not_recording")
		part := f.participant(conf)
		pid := part[strings.LastIndex(part, "/")+1:]
		wait(t, 2*time.Second)

		made := f.do("POST", conf+"/recording/start", `{"name":"Board, January","format":"wav","quality":"high","tracks":true}`, "Idempotency-Key", "r").want(200)
		rid := made.text("id")
		fields(t, made.object(), `{"name":"Board, January","format":"wav","quality":"high","stereo":false,"tracks":true,"status":"recording",
			"started_by":"api","stopped_at":null,"files":[],"error":null}`)
		if again := f.do("POST", conf+"/recording/start", `{"name":"Board, January","format":"wav","quality":"high","tracks":true}`, "Idempotency-Key", "r").want(200); again.text("id") != rid {
			t.Errorf("the same request made another recording: %s", again.body)
		}
		f.post(conf+"/recording/start", "").wantCode(409, "already_recording")
		if got := f.get(conf).text("recording"); got != rid {
			t.Errorf("the conference is recorded in %q, want %q", got, rid)
		}
		one := conf + "/recordings/" + rid
		f.get(one + "/audio").want(409)
		f.delete(one).want(409)
		if got := f.post(conf+"/recording/pause", "").want(200).text("status"); got != "paused" {
			t.Errorf("paused: %q", got)
		}
		if got := f.post(conf+"/recording/resume", "{}").want(200).text("status"); got != "recording" {
			t.Errorf("resumed: %q", got)
		}
		wait(t, 3*time.Second)
		f.post(conf+"/recording/stop", "").want(200)
		wait(t, 3*time.Second)

		ready := f.get(one).want(200)
		if ready.text("status") != "ready" || ready.number("duration") != 3 || len(ready.items("files")) < 2 {
			t.Fatalf("after its end: %s", ready.body)
		}
		for _, item := range ready.items("files") {
			file := item.(map[string]any)
			a := f.get(file["url"].(string)).want(200)
			if float64(len(a.body)) != file["bytes"] || a.header.Get("ETag") != `"`+file["sha256"].(string)+`"` || a.header.Get("Content-Type") != "audio/wav" {
				t.Errorf("%v: %d bytes, %v", file, len(a.body), a.header)
			}
			who, _ := file["participant_id"].(string)
			if who != "" && who != pid || !strings.HasPrefix(string(a.body), "RIFF "+who) {
				t.Errorf("the file of %q begins with %.40q", who, a.body)
			}
			if name := a.header.Get("Content-Disposition"); !strings.Contains(name, "Board- January") || !strings.Contains(name, ".wav") {
				t.Errorf("it is offered as %s", name)
			}
		}
		if a := f.do("GET", one+"/audio", "", "Range", "bytes=0-3").want(206); string(a.body) != "RIFF" {
			t.Errorf("a range: %q", a.body)
		}
		f.do("GET", one+"/audio", "", "Range", "bytes=100000-").wantCode(416, "range_not_satisfiable")
		f.do("GET", one+"/audio", "", "If-None-Match", f.get(one+"/audio").header.Get("ETag")).want(304)
		f.get(one + "/audio?track=part_" + strings.Repeat("0", 26)).want(404)
		f.get(one+"/audio?track=../mix.wav").wantCode(422, "invalid_field")
		f.get(one+"/audio?part=x").wantCode(422, "unknown_parameter")
		f.as(f.tenantKey("stranger")).get(one + "/audio").want(404)

		if list := f.get(conf + "/recordings").want(200).items("recordings"); len(list) != 1 {
			t.Errorf("%d recordings", len(list))
		}
		f.delete(one).want(204)
		f.get(one).want(404)
		f.get(one + "/audio").want(404)
		f.delete(one).want(404)
		if list := f.get(conf + "/recordings").want(200).items("recordings"); len(list) != 0 {
			t.Errorf("%d recordings after its removal", len(list))
		}
		f.post(conf+"/recording/stop", "").wantCode(409, "not_recording")
		f.toldInOrder(conf, "recording.started", "recording.paused", "recording.resumed", "recording.stopped", "recording.ready", "recording.deleted")
	})
}

func TestBadRecordings(t *testing.T) {
	f := newFace(t, withArchive)
	conf := f.conference()
	for body, param := range map[string]string{
		`{"name":"` + strings.Repeat("n", 101) + `"}`: "name", `{"name":"a\nb"}`: "name", `{"name":1}`: "name",
		`{"format":"flac"}`: "format", `{"format":1}`: "format", `{"quality":"best"}`: "quality", `{"stereo":"yes"}`: "stereo",
		`{"tracks":1}`: "tracks", `{"record_format":"wav"}`: "record_format", `{"path":"/tmp/x"}`: "path",
	} {
		if a := f.post(conf+"/recording/start", body).want(422); a.text("param") != param {
			t.Errorf("%s: param %q, want %q", body, a.text("param"), param)
		}
	}
	for _, act := range []string{"stop", "pause", "resume"} {
		f.post(conf+"/recording/"+act, `{"name":"x"}`).wantCode(422, "unknown_field")
	}
	f.get(conf+"/recordings?limit=1").wantCode(422, "unknown_parameter")
}

// A conference that records by itself, and what its settings do to the next
// recording.
func TestRecordPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFace(t, withArchive)
		f.Phones.Script("", bridgetest.Callee{Answer: time.Second})
		conf := f.conference(`{"name":"Interview","record":true,"record_quality":"high","record_stereo":true}`)
		fields(t, f.patch(conf, `{"record_format":"mp3","record_tracks":true}`).want(200).object(),
			`{"record":true,"record_format":"mp3","record_quality":"high","record_stereo":true,"record_tracks":true}`)
		f.participant(conf)
		wait(t, 3*time.Second)
		list := f.get(conf + "/recordings").want(200).items("recordings")
		if len(list) != 1 {
			t.Fatalf("%d recordings", len(list))
		}
		fields(t, list[0].(map[string]any), `{"started_by":"auto","status":"recording","format":"mp3","quality":"high","stereo":true,"tracks":true}`)
	})
}

// Where only some formats can be had, the others are refused at once, in the
// field that asked for them.
func TestRecordFormatsOfThisMachine(t *testing.T) {
	f := newFace(t, withArchive, func(_ *api.Config, b *bridge.Config) { b.Recorder = wavOnly{b.Recorder} })
	conf := f.conference()
	for _, a := range []*answer{
		f.post("/v2/conferences", `{"name":"x","record":true,"record_format":"mp3"}`),
		f.patch(conf, `{"record":true,"record_format":"mp3"}`),
		f.patch(conf, `{"record_format":"opus"}`),
	} {
		if a.wantCode(422, "unknown_format"); a.text("param") != "record_format" {
			t.Errorf("param %q", a.text("param"))
		}
	}
	fields(t, f.patch(conf, `{"record":true,"record_format":"wav"}`).want(200).object(), `{"record":true,"record_format":"wav"}`)
}

// wavOnly is a recorder without encoders.
type wavOnly struct{ bridge.Recorder }

// Formats implements bridge.Recorder.
func (wavOnly) Formats() []string { return []string{"wav"} }
