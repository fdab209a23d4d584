package api_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/api"
	"partyline/bridge"
	"partyline/bridge/bridgetest"
)

// Every documented operation is used once with success, and its reply has the
// documented success status and shape (which face.do checks).
func TestTourOfAllOperations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFace(t, func(a *api.Config, _ *bridge.Config) {
			a.SMSCallback = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
		}, withArchive)
		f.Phones.Script("", bridgetest.Callee{Answer: time.Second})
		used := make(map[string]bool)
		step := func(id, method, path, body string, status int) *answer {
			t.Helper()
			a := f.do(method, path, body)
			if a.status != status {
				t.Fatalf("%s: status %d, want %d: %s", id, a.status, status, a.body)
			}
			used[id] = true
			return a
		}
		made := step("createConference", "POST", "/v2/conferences", `{"name":"Tour","mute_on_entry":false,"max_participants":20}`, 201)
		conf := "/v2/conferences/" + made.text("id")
		if loc := made.header.Get("Location"); loc != conf {
			t.Errorf("Location %q, want %q", loc, conf)
		}
		step("listConferences", "GET", "/v2/conferences?limit=10", "", 200)
		step("getConference", "GET", conf, "", 200)
		step("updateConference", "PATCH", conf, `{"max_participants":30}`, 200)
		people := conf + "/participants"
		one := people + "/" + step("addParticipant", "POST", people, `{"phone_number":"+12025550101","name":"Ann","role":"presenter"}`, 200).text("id")
		two := people + "/" + f.post(people, `{"phone_number":"+12025550102","role":"participant"}`).want(200).text("id")
		step("addParticipants", "POST", people+"/bulk", `{"participants":[{"phone_number":"+12025550103"},{"phone_number":"nobody"}]}`, 200)
		wait(t, 2*time.Second)
		if got := f.get(one).text("status"); got != "connected" {
			t.Fatalf("status %q after the answer, want connected", got)
		}
		step("listParticipants", "GET", people+"?status=connected,dialing&active=true&limit=5", "", 200)
		step("getParticipant", "GET", two, "", 200)
		step("updateParticipant", "PATCH", two, `{"name":"Bo","external_id":"b-1"}`, 200)
		step("muteParticipant", "POST", two+"/mute", "", 200)
		step("unmuteParticipant", "POST", two+"/unmute", "{}", 200)
		step("holdParticipant", "POST", two+"/hold", "", 200)
		step("resumeParticipant", "POST", two+"/resume", "", 200)
		step("muteAll", "POST", conf+"/mute-all", `{"allow_unmute":true}`, 200)
		step("unmuteAll", "POST", conf+"/unmute-all", "", 200)
		step("lockConference", "POST", conf+"/lock", "", 200)
		step("unlockConference", "POST", conf+"/unlock", "", 200)
		step("announce", "POST", conf+"/announce", `{"sound":"beep"}`, 200)
		step("announceToParticipant", "POST", two+"/announce", `{"sound":"chime"}`, 200)
		step("listHands", "GET", conf+"/hands", "", 200)
		step("lowerHand", "POST", two+"/lower-hand", "", 200)
		step("promoteParticipant", "POST", people+"/"+f.get(people + "?limit=3").items("participants")[2].(map[string]any)["id"].(string)+"/promote", "", 200)
		step("forgiveGuesses", "POST", conf+"/dial-in/forgive", "", 204)
		tourRecordings(t, step, conf)
		step("disconnectParticipant", "POST", two+"/disconnect", "", 200)
		wait(t, time.Second)
		step("redialParticipant", "POST", two+"/redial", "", 200)
		wait(t, 2*time.Second)
		step("removeParticipant", "DELETE", two, "", 204)

		asked := f.post("/v2/conferences", `{"name":"Asked","accept":{"mode":"press_key","timeout":60}}`).want(201).text("id")
		third := "/v2/conferences/" + asked + "/participants/" +
			f.post("/v2/conferences/"+asked+"/participants", `{"phone_number":"+12025550104"}`).want(200).text("id")
		wait(t, 2*time.Second)
		step("admitParticipant", "POST", third+"/admit", "", 200)

		step("disconnectAll", "POST", conf+"/disconnect-all", "", 200)
		step("getReport", "GET", conf+"/report", "", 200)
		step("endConference", "POST", conf+"/end", "", 200)
		wait(t, time.Second)
		step("deleteConference", "DELETE", conf, "", 204)
		f.told(conf)
		step("healthz", "GET", "/healthz", "", 200)
		step("readyz", "GET", "/readyz", "", 200)
		step("metrics", "GET", "/metrics", "", 200)
		step("openapi", "GET", "/openapi.json", "", 200)
		f.do("POST", "/v2/sms/status", "MessageSid=SM1", "Content-Type", "application/x-www-form-urlencoded").want(204)
		used["smsStatus"] = true
		used["streamEvents"] = true // events_test.go
		for _, id := range []string{"addSound", "listSounds", "getSound", "removeSound", "downloadSound"} {
			used[id] = true // sounds_test.go
		}

		for path, item := range f.contract.doc.Paths.Map() {
			for method, op := range item.Operations() {
				if !used[op.OperationID] {
					t.Errorf("%s %s (%s) is not on the tour", method, path, op.OperationID)
				}
			}
		}
	})
}

// tourRecordings records a conference, and uses what can be done with files.
func tourRecordings(t *testing.T, step func(id, method, path, body string, status int) *answer, conf string) {
	t.Helper()
	one := conf + "/recordings/" + step("startRecording", "POST", conf+"/recording/start", `{"name":"Tour"}`, 200).text("id")
	step("pauseRecording", "POST", conf+"/recording/pause", "", 200)
	step("resumeRecording", "POST", conf+"/recording/resume", "", 200)
	step("stopRecording", "POST", conf+"/recording/stop", "", 200)
	wait(t, 5*time.Second)
	step("listRecordings", "GET", conf+"/recordings", "", 200)
	step("getRecording", "GET", one, "", 200)
	step("downloadRecording", "GET", one+"/audio", "", 200)
	step("removeRecording", "DELETE", one, "", 204)
}

// wait lets virtual time pass and everything due in it happen.
func wait(t testing.TB, d time.Duration) {
	t.Helper()
	time.Sleep(d)
	synctest.Wait()
}

func TestOperationsNeedNoKey(t *testing.T) {
	f := newFace(t).as("")
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/openapi.json"} {
		f.get(path).want(200)
	}
	if body := string(f.get("/metrics").body); !strings.Contains(body, `partyline_http_requests_total{method="GET",route="/healthz",status="200"} 1`) ||
		!strings.Contains(body, "partyline_conferences_loaded 0") {
		t.Errorf("the metrics miss requests or the bridge's figures:\n%s", body)
	}
}

func TestReadyzSaysWhyNot(t *testing.T) {
	var reason error
	f := newFace(t, func(a *api.Config, _ *bridge.Config) { a.Ready = func() error { return reason } })
	f.get("/readyz").want(200)
	reason = errText("no trunk answers")
	if a := f.get("/readyz").wantCode(503, "not_ready"); a.text("detail") != "no trunk answers" || a.header.Get("Retry-After") == "" {
		t.Errorf("detail %q, Retry-After %q", a.text("detail"), a.header.Get("Retry-After"))
	}
	f.get("/healthz").want(200)
}

type errText string

func (e errText) Error() string { return string(e) }
