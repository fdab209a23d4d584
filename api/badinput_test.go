package api_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"partyline/api"
	"partyline/bridge"
)

// badBodies is what a field must not be: the code and the field it is blamed on.
type badBody struct {
	body   string
	status int
	code   string
	param  string
}

func TestBadParticipants(t *testing.T) {
	f := newFace(t)
	conf := f.conference()
	long := strings.Repeat("n", 101)
	for name, tt := range map[string]badBody{
		"no body":           {``, 400, "invalid_json", ""},
		"not JSON":          {`phone_number=+12025550100`, 400, "invalid_json", ""},
		"cut off":           {`{"phone_number":"+12025550100"`, 400, "invalid_json", ""},
		"an array":          {`[{"phone_number":"+12025550100"}]`, 400, "invalid_json", ""},
		"null":              {`null`, 400, "invalid_json", ""},
		"trailing":          {`{"phone_number":"+12025550100"}{}`, 400, "invalid_json", ""},
		"trailing word":     {`{"phone_number":"+12025550100"} x`, 400, "invalid_json", ""},
		"comment":           {`{"phone_number":"+12025550100"} // x`, 400, "invalid_json", ""},
		"not UTF-8":         {"{\"phone_number\":\"+12025550100\",\"name\":\"\xff\"}", 400, "invalid_json", ""},
		"byte order mark":   {"\xef\xbb\xbf{\"phone_number\":\"+12025550100\"}", 400, "invalid_json", ""},
		"raw control":       {"{\"phone_number\":\"+12025550100\",\"name\":\"a\nb\"}", 400, "invalid_json", ""},
		"too deep":          {`{"accept":` + strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40) + `}`, 400, "invalid_json", ""},
		"twice":             {`{"phone_number":"+12025550100","phone_number":"+12025550101"}`, 400, "duplicate_field", "phone_number"},
		"twice below":       {`{"phone_number":"+12025550100","accept":{"mode":"pin","mode":"none"}}`, 400, "duplicate_field", "mode"},
		"twice by escape":   {`{"phone_number":"+12025550100","name":"a","\u006eame":"b"}`, 400, "duplicate_field", "name"},
		"empty":             {`{}`, 422, "required", "phone_number"},
		"null number":       {`{"phone_number":null}`, 422, "required", "phone_number"},
		"number as number":  {`{"phone_number":12025550100}`, 422, "invalid_field", "phone_number"},
		"no plus":           {`{"phone_number":"12025550100"}`, 422, "invalid_number", "phone_number"},
		"local":             {`{"phone_number":"(202) 555-0100"}`, 422, "invalid_number", "phone_number"},
		"letters":           {`{"phone_number":"+1202555CALL"}`, 422, "invalid_number", "phone_number"},
		"21 characters":     {`{"phone_number":"+12025550100000000000"}`, 422, "invalid_number", "phone_number"},
		"16 digits":         {`{"phone_number":"+1202555010000000"}`, 422, "invalid_number", "phone_number"},
		"sip uri":           {`{"phone_number":"+1202;ext=5"}`, 422, "invalid_number", "phone_number"},
		"plus only":         {`{"phone_number":"+"}`, 422, "invalid_number", "phone_number"},
		"fullwidth digits":  {`{"phone_number":"+１２０２５５５０１００"}`, 422, "invalid_number", "phone_number"},
		"too short":         {`{"phone_number":"+1202555"}`, 422, "invalid_number", "phone_number"},
		"another country":   {`{"phone_number":"+442079460000"}`, 422, "country_not_allowed", "phone_number"},
		"premium":           {`{"phone_number":"+19005550100"}`, 422, "", "phone_number"},
		"name 101":          {`{"phone_number":"+12025550100","name":"` + long + `"}`, 422, "invalid_field", "name"},
		"name with CRLF":    {`{"phone_number":"+12025550100","name":"a\r\nTo: x"}`, 422, "invalid_field", "name"},
		"name with NUL":     {`{"phone_number":"+12025550100","name":"a\u0000"}`, 422, "invalid_field", "name"},
		"name backwards":    {`{"phone_number":"+12025550100","name":"a\u202eb"}`, 422, "invalid_field", "name"},
		"broken surrogate":  {`{"phone_number":"+12025550100","name":"a\ud800"}`, 422, "invalid_field", "name"},
		"name as list":      {`{"phone_number":"+12025550100","name":["a"]}`, 422, "invalid_field", "name"},
		"role unknown":      {`{"phone_number":"+12025550100","role":"boss"}`, 422, "invalid_field", "role"},
		"role in capitals":  {`{"phone_number":"+12025550100","role":"Presenter"}`, 422, "invalid_field", "role"},
		"role empty":        {`{"phone_number":"+12025550100","role":""}`, 422, "invalid_field", "role"},
		"muted as text":     {`{"phone_number":"+12025550100","muted":"true"}`, 422, "invalid_field", "muted"},
		"muted as 1":        {`{"phone_number":"+12025550100","muted":1}`, 422, "invalid_field", "muted"},
		"unknown field":     {`{"phone_number":"+12025550100","phone":"x"}`, 422, "unknown_field", "phone"},
		"field in capitals": {`{"phone_number":"+12025550100","Name":"x"}`, 422, "unknown_field", "Name"},
		"rings too short":   {`{"phone_number":"+12025550100","ring_timeout":4}`, 422, "invalid_field", "ring_timeout"},
		"rings too long":    {`{"phone_number":"+12025550100","ring_timeout":601}`, 422, "invalid_field", "ring_timeout"},
		"rings a fraction":  {`{"phone_number":"+12025550100","ring_timeout":5.5}`, 422, "invalid_field", "ring_timeout"},
		"rings endlessly":   {`{"phone_number":"+12025550100","ring_timeout":1e999}`, 422, "invalid_field", "ring_timeout"},
		"foreign caller id": {`{"phone_number":"+12025550100","caller_id":"+12025559999"}`, 422, "", "caller_id"},
		"accept unknown":    {`{"phone_number":"+12025550100","accept":"maybe"}`, 422, "invalid_field", "accept"},
		"accept no mode":    {`{"phone_number":"+12025550100","accept":{}}`, 422, "required", "accept.mode"},
		"accept key":        {`{"phone_number":"+12025550100","accept":{"mode":"press_key","key":"12"}}`, 422, "invalid_field", "accept.key"},
		"accept unknown in": {`{"phone_number":"+12025550100","accept":{"mode":"none","x":1}}`, 422, "unknown_field", "accept.x"},
		"accept a number":   {`{"phone_number":"+12025550100","accept":3}`, 422, "invalid_field", "accept"},
		"retry 11":          {`{"phone_number":"+12025550100","retry":{"attempts":11}}`, 422, "invalid_field", "retry.attempts"},
		"dial_after":        {`{"phone_number":"+12025550100","dial_after":"later"}`, 422, "invalid_field", "dial_after"},
		"external_id":       {`{"phone_number":"+12025550100","external_id":"` + strings.Repeat("e", 256) + `"}`, 422, "invalid_field", "external_id"},
		"language":          {`{"phone_number":"+12025550100","language":"e"}`, 422, "invalid_field", "language"},
		"language a list":   {`{"phone_number":"+12025550100","language":["en"]}`, 422, "invalid_field", "language"},
		"name sound":        {`{"phone_number":"+12025550100","name_sound_id":"ann.wav"}`, 422, "invalid_field", "name_sound_id"},
		"name sound a flag": {`{"phone_number":"+12025550100","name_sound_id":true}`, 422, "invalid_field", "name_sound_id"},
		"stays backwards":   {`{"phone_number":"+12025550100","max_duration":-1}`, 422, "invalid_field", "max_duration"},
		"stays too long":    {`{"phone_number":"+12025550100","max_duration":604801}`, 422, "invalid_field", "max_duration"},
		"waits a word":      {`{"phone_number":"+12025550100","wait_for_presenter":"yes"}`, 422, "invalid_field", "wait_for_presenter"},
		"leaves a number":   {`{"phone_number":"+12025550100","leave_with_presenter":1}`, 422, "invalid_field", "leave_with_presenter"},
		"accept machines":   {`{"phone_number":"+12025550100","accept":{"mode":"pin","machine_detection":1}}`, 422, "invalid_field", "accept.machine_detection"},
		"accept sound":      {`{"phone_number":"+12025550100","accept":{"mode":"pin","sound_id":"snd_x"}}`, 422, "invalid_field", "accept.sound_id"},
		"server's hand":     {`{"phone_number":"+12025550100","hand_raised":true}`, 422, "unknown_field", "hand_raised"},
		"server's own":      {`{"phone_number":"+12025550100","status":"connected"}`, 422, "unknown_field", "status"},
	} {
		t.Run(name, func(t *testing.T) {
			f := *f
			f.t = t
			a := f.do("POST", conf+"/participants", tt.body, "Content-Type", "application/json").wantCode(tt.status, tt.code)
			if got := a.text("param"); got != tt.param {
				t.Errorf("param %q, want %q: %s", got, tt.param, a.body)
			}
			if a.text("detail") == "" || a.text("code") == "" {
				t.Errorf("a refusal without a sentence or code: %s", a.body)
			}
		})
	}
	if n := f.get(conf + "/participants").number("total"); n != 0 {
		t.Errorf("%v participants came of bad input", n)
	}
}

func TestBadConferences(t *testing.T) {
	f := newFace(t)
	for name, tt := range map[string]badBody{
		"no name":              {`{}`, 422, "required", "name"},
		"blank name":           {`{"name":"   "}`, 422, "", "name"},
		"empty name":           {`{"name":""}`, 422, "", "name"},
		"name 101":             {`{"name":"` + strings.Repeat("é", 101) + `"}`, 422, "invalid_field", "name"},
		"record":               {`{"name":"x","record":true}`, 422, "", "record"}, // nothing to record with here
		"record a word":        {`{"name":"x","record":"yes"}`, 422, "invalid_field", "record"},
		"format":               {`{"name":"x","record_format":"flac"}`, 422, "invalid_field", "record_format"},
		"format in capitals":   {`{"name":"x","record_format":"WAV"}`, 422, "invalid_field", "record_format"},
		"quality":              {`{"name":"x","record_quality":"best"}`, 422, "invalid_field", "record_quality"},
		"stereo":               {`{"name":"x","record_stereo":1}`, 422, "invalid_field", "record_stereo"},
		"tracks":               {`{"name":"x","record_tracks":"all"}`, 422, "invalid_field", "record_tracks"},
		"beep":                 {`{"name":"x","record_beep":3601}`, 422, "invalid_field", "record_beep"},
		"beep backwards":       {`{"name":"x","record_beep":-1}`, 422, "invalid_field", "record_beep"},
		"language":             {`{"name":"x","language":"english"}`, 422, "invalid_field", "language"},
		"language a number":    {`{"name":"x","language":1}`, 422, "invalid_field", "language"},
		"language, a path":     {`{"name":"x","language":"en-../../x"}`, 422, "invalid_field", "language"},
		"language, dash":       {`{"name":"x","language":"en-"}`, 422, "invalid_field", "language"},
		"language in capitals": {`{"name":"x","language":"EN"}`, 422, "invalid_field", "language"},
		"name sound":           {`{"name":"x","name_sound_id":"welcome.wav"}`, 422, "invalid_field", "name_sound_id"},
		"name sound a list":    {`{"name":"x","name_sound_id":[]}`, 422, "invalid_field", "name_sound_id"},
		"host sound":           {`{"name":"x","host_sound_id":"conf_01k9x3v5m8c7t2q4r6w8y0z1ab"}`, 422, "invalid_field", "host_sound_id"},
		"announce names":       {`{"name":"x","announce_names":"yes"}`, 422, "invalid_field", "announce_names"},
		"alone music":          {`{"name":"x","alone_music":0}`, 422, "invalid_field", "alone_music"},
		"levelling":            {`{"name":"x","levelling":"on"}`, 422, "invalid_field", "levelling"},
		"comfort noise":        {`{"name":"x","comfort_noise":{}}`, 422, "invalid_field", "comfort_noise"},
		"dial-in a list":       {`{"name":"x","dial_in":["+12025550199"]}`, 422, "invalid_field", "dial_in"},
		"dial-in numbers":      {`{"name":"x","dial_in":{"numbers":"+12025550199"}}`, 422, "invalid_field", "dial_in.numbers"},
		"dial-in number":       {`{"name":"x","dial_in":{"numbers":["+12025550199","2025550198"]}}`, 422, "invalid_number", "dial_in.numbers[1]"},
		"dial-in null":         {`{"name":"x","dial_in":{"numbers":[null]}}`, 422, "invalid_field", "dial_in.numbers[0]"},
		"dial-in twice":        {`{"name":"x","dial_in":{"numbers":["+12025550199","+12025550199"]}}`, 422, "invalid_field", "dial_in.numbers[1]"},
		"dial-in 101":          {`{"name":"x","dial_in":{"numbers":[` + strings.Repeat(`"+12025550199",`, 100) + `"+12025550199"]}}`, 422, "invalid_field", "dial_in.numbers"},
		"dial-in role":         {`{"name":"x","dial_in":{"role":"operator"}}`, 422, "invalid_field", "dial_in.role"},
		"moderator 5":          {`{"name":"x","dial_in":{"moderator_pin":"12345"}}`, 422, "invalid_field", "dial_in.moderator_pin"},
		"moderator 13":         {`{"name":"x","dial_in":{"moderator_pin":"1234567890123"}}`, 422, "invalid_field", "dial_in.moderator_pin"},
		"moderator number":     {`{"name":"x","dial_in":{"moderator_pin":123456}}`, 422, "invalid_field", "dial_in.moderator_pin"},
		"dial-in unknown":      {`{"name":"x","dial_in":{"pin":"123456"}}`, 422, "unknown_field", "dial_in.pin"},
		"accept sound":         {`{"name":"x","accept":{"mode":"press_key","sound_id":"x"}}`, 422, "invalid_field", "accept.sound_id"},
		"accept machines":      {`{"name":"x","accept":{"mode":"press_key","machine_detection":"yes"}}`, 422, "invalid_field", "accept.machine_detection"},
		"server's own":         {`{"name":"x","active_speaker":"part_x"}`, 422, "unknown_field", "active_speaker"},
		"music":                {`{"name":"x","hold_music_id":"nosuch"}`, 422, "", "hold_music_id"},
		"capacity 0":           {`{"name":"x","max_participants":0}`, 422, "invalid_field", "max_participants"},
		"capacity 1001":        {`{"name":"x","max_participants":1001}`, 422, "", "max_participants"},
		"capacity text":        {`{"name":"x","max_participants":"10"}`, 422, "invalid_field", "max_participants"},
		"pin 3":                {`{"name":"x","pin":"123"}`, 422, "invalid_field", "pin"},
		"pin 7":                {`{"name":"x","pin":"1234567"}`, 422, "invalid_field", "pin"},
		"pin a number":         {`{"name":"x","pin":1234}`, 422, "invalid_field", "pin"},
		"pin letters":          {`{"name":"x","pin":"12a4"}`, 422, "invalid_field", "pin"},
		"time":                 {`{"name":"x","scheduled_for":"tomorrow"}`, 422, "invalid_field", "scheduled_for"},
		"time without zone":    {`{"name":"x","scheduled_for":"2030-01-01T00:00:00"}`, 422, "invalid_field", "scheduled_for"},
		"grace":                {`{"name":"x","end_on_presenter_exit_grace":-1}`, 422, "invalid_field", "end_on_presenter_exit_grace"},
		"unknown":              {`{"name":"x","nmae":"y"}`, 422, "unknown_field", "nmae"},
	} {
		t.Run(name, func(t *testing.T) {
			f := *f
			f.t = t
			a := f.post("/v2/conferences", tt.body).wantCode(tt.status, tt.code)
			if got := a.text("param"); got != tt.param {
				t.Errorf("param %q, want %q: %s", got, tt.param, a.body)
			}
			if strings.Contains(string(a.body), "12345") {
				t.Error("the refusal repeats the PIN")
			}
		})
	}
	if n := len(f.get("/v2/conferences").items("conferences")); n != 0 {
		t.Errorf("%d conferences came of bad input", n)
	}
}

// All faults are told at once, each with its field.
func TestEveryFaultIsTold(t *testing.T) {
	f := newFace(t)
	a := f.post("/v2/conferences", `{"max_participants":-1,"record":"yes","wrong":1,"locked":"no"}`).want(422)
	var params []string
	for _, e := range a.items("errors") {
		params = append(params, e.(map[string]any)["param"].(string))
	}
	for _, want := range []string{"name", "max_participants", "record", "wrong", "locked"} {
		if !strings.Contains(" "+strings.Join(params, " ")+" ", " "+want+" ") {
			t.Errorf("errors name %v; %s is missing", params, want)
		}
	}
}

func TestBadPatches(t *testing.T) {
	f := newFace(t)
	conf := f.conference()
	part := f.participant(conf)
	for _, tt := range []struct {
		path string
		badBody
	}{
		{conf, badBody{``, 400, "invalid_json", ""}},
		{conf, badBody{`{"name":null}`, 422, "invalid_field", "name"}},
		{conf, badBody{`{"id":"conf_x"}`, 422, "unknown_field", "id"}},
		{conf, badBody{`{"record":1}`, 422, "invalid_field", "record"}},
		{conf, badBody{`{"record":null}`, 422, "invalid_field", "record"}},
		{conf, badBody{`{"language":null}`, 422, "invalid_field", "language"}},
		{conf, badBody{`{"name_sound_id":null}`, 422, "invalid_field", "name_sound_id"}},
		{conf, badBody{`{"alone_music":null}`, 422, "invalid_field", "alone_music"}},
		{conf, badBody{`{"record_beep":3601}`, 422, "invalid_field", "record_beep"}},
		{conf, badBody{`{"dial_in":null}`, 422, "invalid_field", "dial_in"}},
		{conf, badBody{`{"dial_in":{"numbers":null}}`, 422, "invalid_field", "dial_in.numbers"}},
		{conf, badBody{`{"dial_in":{"has_moderator_pin":true}}`, 422, "unknown_field", "dial_in.has_moderator_pin"}},
		{conf, badBody{`{"record_format":"flac"}`, 422, "invalid_field", "record_format"}},
		{conf, badBody{`{"record_format":null}`, 422, "invalid_field", "record_format"}},
		{conf, badBody{`{"record":true}`, 422, "not_supported", "record"}}, // nothing to record with here
		{conf, badBody{`{"presence":"single"}`, 422, "unknown_field", "presence"}},
		{conf, badBody{`{"max_participants":1001}`, 422, "", "max_participants"}},
		{part, badBody{`{"name":null}`, 422, "invalid_field", "name"}},
		{part, badBody{`{"phone_number":"+12025550101"}`, 422, "unknown_field", "phone_number"}},
		{part, badBody{`{"hand_raised":true}`, 422, "unknown_field", "hand_raised"}},
		{part, badBody{`{"role":"boss"}`, 422, "invalid_field", "role"}},
		{part, badBody{`{"name":"a\tb"}`, 422, "invalid_field", "name"}},
	} {
		a := f.patchAny(tt.path, tt.body).wantCode(tt.status, tt.code)
		if got := a.text("param"); got != tt.param {
			t.Errorf("PATCH %s: param %q, want %q", tt.body, got, tt.param)
		}
	}
}

// patchAny sends a PATCH that has a content type even when it has no body.
func (f *face) patchAny(path, body string) *answer {
	f.t.Helper()
	return f.do("PATCH", path, body, "Content-Type", "application/json")
}

func TestBadQueries(t *testing.T) {
	f := newFace(t)
	conf := f.conference()
	for path, param := range map[string]string{
		"/v2/conferences?limit=0":               "limit",
		"/v2/conferences?limit=1001":            "limit",
		"/v2/conferences?limit=ten":             "limit",
		"/v2/conferences?page=2":                "page",
		"/v2/conferences?after=../x":            "after",
		"/v2/conferences?limit=1&limit=2":       "limit",
		conf + "?verbose=1":                     "verbose",
		conf + "/report?format=pdf":             "format",
		conf + "/participants?status=ringing":   "status",
		conf + "/participants?status=held,,":    "status",
		conf + "/participants?active=yes":       "active",
		conf + "/events?after=-1":               "after",
		conf + "/events?after=x":                "after",
		conf + "/events?since=1":                "since",
		conf + "/participants/part_x?fields=id": "fields",
	} {
		if a := f.get(path).want(422); a.text("param") != param {
			t.Errorf("%s: param %q, want %q", path, a.text("param"), param)
		}
	}
}

func TestBodiesAndTypes(t *testing.T) {
	f := newFace(t)
	conf := f.conference()
	people := conf + "/participants"
	body := `{"phone_number":"+12025550100"}`
	for _, tt := range []struct {
		name   string
		body   string
		header []string
		status int
		code   string
	}{
		{"form", "phone_number=1", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"},
		{"no type", body, []string{"Content-Type", ""}, 415, "unsupported_media_type"},
		{"text", body, []string{"Content-Type", "text/plain"}, 415, "unsupported_media_type"},
		{"latin 1", body, []string{"Content-Type", "application/json; charset=iso-8859-1"}, 415, "unsupported_media_type"},
		{"gzip", body, []string{"Content-Encoding", "gzip"}, 415, "unsupported_media_type"},
		{"just too large", body + strings.Repeat(" ", 64<<10-len(body)+1), nil, 413, "body_too_large"},
		{"just not", body + strings.Repeat(" ", 64<<10-len(body)), nil, 200, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := *f
			f.t = t
			f.do("POST", people, tt.body, tt.header...).wantCode(tt.status, tt.code)
		})
	}
	f.post(people+"/bulk", `{"participants":[]}`+strings.Repeat(" ", 1<<20)).wantCode(413, "body_too_large")
	f.post(people+"/bulk", `{"participants":[]}`+strings.Repeat(" ", 100<<10)).want(200)
}

func TestUnknownRoutesAndMethods(t *testing.T) {
	f := newFace(t)
	conf := f.conference()
	for _, path := range []string{"/", "/v2", "/v2/", "/v2/conferences/", "/v1/conferences", conf + "/", conf + "/nosuch",
		"/v2//conferences", "/v2/conferences/../conferences", "/v2/sms/status", conf + "/participants/x/y/z"} {
		f.get(path).wantCode(404, "route_not_found")
	}
	for _, tt := range [][3]string{
		{"PUT", conf, "DELETE, GET, HEAD, PATCH"},
		{"DELETE", "/v2/conferences", "GET, HEAD, POST"},
		{"HEAD", conf + "/events", "GET"},
		{"GET", conf + "/end", "POST"},
		{"POST", "/healthz", "GET, HEAD"},
		{"GET", conf + "/participants/part_x/mute", "POST"},
		{"OPTIONS", conf, "DELETE, GET, HEAD, PATCH"},
	} {
		if a := f.do(tt[0], tt[1], "").wantCode(405, "method_not_allowed"); a.header.Get("Allow") != tt[2] {
			t.Errorf("%s %s: Allow %q, want %q", tt[0], tt[1], a.header.Get("Allow"), tt[2])
		}
	}
}

func TestRequestIDs(t *testing.T) {
	f := newFace(t)
	if a := f.do("GET", "/healthz", "", "X-Request-Id", "abc-123.x:y_Z"); a.want(200).header.Get("X-Request-Id") != "abc-123.x:y_Z" {
		t.Errorf("X-Request-Id came back as %q", a.header.Get("X-Request-Id"))
	}
	if one, two := f.get("/healthz").header.Get("X-Request-Id"), f.get("/healthz").header.Get("X-Request-Id"); one == two {
		t.Errorf("two requests got the same id %q", one)
	}
	for _, bad := range []string{" ", "a b", "ä", `"x"`, "<script>", strings.Repeat("x", 129)} {
		a := f.do("GET", "/healthz", "", "X-Request-Id", bad).wantCode(400, "invalid_request_id")
		if a.header.Get("X-Request-Id") == bad {
			t.Errorf("the bad id %q came back", bad)
		}
	}
	f.do("GET", "/healthz", "", "X-Request-Id", "a", "X-Request-Id", "b").wantCode(400, "invalid_request_id")
}

func TestConflicts(t *testing.T) {
	f := newFace(t)
	conf := f.conference(`{"name":"Small","max_participants":2}`)
	f.participant(conf)
	listener := f.participant(conf, `{"phone_number":"+12025550101"}`)
	f.post(conf+"/participants", `{"phone_number":"+12025550102"}`).wantCode(409, "conference_full")
	f.post(listener+"/unmute", "").wantCode(409, "role_forbids_speak")
	f.post(listener+"/redial", "").want(409)
	f.post(conf+"/end", "").want(200)
	f.post(conf+"/participants", `{"phone_number":"+12025550102"}`).want(409)
}

func TestDraining(t *testing.T) {
	f := newFace(t)
	conf := f.conference()
	f.Drain(true)
	for _, a := range []*answer{
		f.post("/v2/conferences", `{"name":"x"}`).want(503),
		f.post(conf+"/participants", `{"phone_number":"+12025550102"}`).want(503),
	} {
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	f.get(conf).want(200)
	f.Drain(false)
	f.participant(conf)
}

func TestStoreThatCannotWrite(t *testing.T) {
	f := newFace(t)
	conf := f.conference()
	f.Bench.Store.Fail(errText("disk full"))
	a := f.post(conf+"/participants", `{"phone_number":"+12025550102"}`).want(503)
	if a.header.Get("Retry-After") == "" || strings.Contains(string(a.body), "disk full") {
		t.Errorf("Retry-After %q, body %s", a.header.Get("Retry-After"), a.body)
	}
	f.do("POST", conf+"/participants", `{"phone_number":"+12025550102"}`, "Idempotency-Key", "k1").wantCode(503, "storage_unavailable")
	f.Bench.Store.Fail(nil)
	if n := len(f.Phones.Calls("")); n != 0 {
		t.Errorf("%d calls without a record", n)
	}
	f.do("POST", conf+"/participants", `{"phone_number":"+12025550102"}`, "Idempotency-Key", "k1").want(200)
}

func TestBulk(t *testing.T) {
	f := newFace(t)
	conf := f.conference(`{"name":"Many","max_participants":1000}`)
	a := f.post(conf+"/participants/bulk", `{"participants":[
		{"phone_number":"+12025550101","role":"presenter"},
		{"phone_number":"12"},
		{"phone_number":"+12025550102","nope":1},
		"text",
		{"phone_number":"+442079460000"},
		{"phone_number":"+12025550103"}]}`).want(200)
	var got []string
	for _, r := range a.items("results") {
		m := r.(map[string]any)
		got = append(got, fmt.Sprintf("%v %v %v", m["success"], m["code"], m["param"]))
	}
	want := []string{"true <nil> <nil>", "false invalid_number participants[1].phone_number", "false unknown_field participants[2].nope",
		"false invalid_field participants[3]", "false country_not_allowed participants[4].phone_number", "true <nil> <nil>"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("results\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n := f.get(conf + "/participants").number("total"); n != 2 {
		t.Errorf("%v participants, want 2", n)
	}
	f.post(conf+"/participants/bulk", `{}`).wantCode(422, "required")
	f.post(conf+"/participants/bulk", `{"participants":7}`).wantCode(422, "invalid_field")
	item := `{"phone_number":"+12025550199"},`
	f.post(conf+"/participants/bulk", `{"participants":[`+strings.Repeat(item, 1000)+item[:len(item)-1]+`]}`).wantCode(422, "invalid_field")
	if n := f.get(conf + "/participants").number("total"); n != 2 {
		t.Errorf("%v participants after 1001 items, want 2", n)
	}
	full := f.post(conf+"/participants/bulk", `{"participants":[`+strings.Repeat(item, 999)+item[:len(item)-1]+`]}`).want(200)
	taken := 0
	for _, r := range full.items("results") {
		if r.(map[string]any)["success"] == true {
			taken++
		}
	}
	if taken != 998 {
		t.Errorf("%d of 1000 taken into a conference with 998 places", taken)
	}
}

func TestIfMatch(t *testing.T) {
	f := newFace(t)
	conf := f.conference()
	tag := f.get(conf).header.Get("ETag")
	f.participant(conf) // moves seq and counts, not the settings
	changed := f.do("PATCH", conf, `{"name":"New"}`, "If-Match", tag).want(200)
	if changed.header.Get("ETag") == tag {
		t.Error("the tag stayed although the name changed")
	}
	f.do("PATCH", conf, `{"name":"Newer"}`, "If-Match", tag).wantCode(412, "precondition_failed")
	if got := f.get(conf).text("name"); got != "New" {
		t.Errorf("name %q after a refused change", got)
	}
	f.do("PATCH", conf, `{"name":"Newer"}`, "If-Match", `"x", `+changed.header.Get("ETag")).want(200)
	f.do("PATCH", conf, `{"name":"Newest"}`, "If-Match", "*").want(200)

	part := f.participant(conf)
	tag = f.get(part).header.Get("ETag")
	f.do("PATCH", part, `{"name":"Ann"}`, "If-Match", tag).want(200)
	f.do("PATCH", part, `{"name":"Bea"}`, "If-Match", tag).wantCode(412, "precondition_failed")
}

// TestIfMatchLetsOneWin has many callers change what they read at the same
// time, while the conference is busy: one of them may.
func TestIfMatchLetsOneWin(t *testing.T) {
	f := newFace(t).unjudged()
	conf := f.conference()
	part := f.participant(conf, `{"phone_number":"+12025550100","role":"presenter"}`)
	for _, path := range []string{conf, part} {
		tag := f.get(path).header.Get("ETag")
		f.Bench.Store.Slow(50 * time.Millisecond)
		var wg sync.WaitGroup
		wg.Go(func() { f.post(conf+"/mute-all", "") }) // no setting of the two, and a write that takes its time
		var won atomic.Int32
		for i := range 20 {
			wg.Go(func() {
				if f.do("PATCH", path, fmt.Sprintf(`{"name":"Name %d"}`, i), "If-Match", tag).status == 200 {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		f.Bench.Store.Slow(0)
		if won.Load() != 1 {
			t.Errorf("%s: %d of 20 changes of the same state were taken", path, won.Load())
		}
	}
}

// TestHead asks for headers alone, over a real connection: there the body of
// the reply must stay behind.
func TestHead(t *testing.T) {
	f := newFace(t)
	srv := httptest.NewServer(f.srv)
	defer srv.Close()
	conf := f.conference()
	for path, want := range map[string]int{"/healthz": 200, "/openapi.json": 200, "/metrics": 200, "/v2/conferences": 200,
		conf: 200, conf + "/participants": 200, conf + "0": 404, "/nosuch": 404, conf + "/events": 405} {
		ask := func(method string) (*http.Response, int) {
			req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Auth-Token", f.key)
			rep, err := srv.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer rep.Body.Close()
			body, err := io.ReadAll(rep.Body)
			if err != nil {
				t.Fatal(err)
			}
			return rep, len(body)
		}
		head, n := ask("HEAD")
		if head.StatusCode != want || n != 0 {
			t.Errorf("HEAD %s: %d with %d bytes, want %d", path, head.StatusCode, n, want)
		}
		if want != 200 {
			continue
		}
		if get, _ := ask("GET"); get.Header.Get("ETag") != head.Header.Get("ETag") || get.Header.Get("Content-Type") != head.Header.Get("Content-Type") {
			t.Errorf("HEAD %s: headers %v, GET's are %v", path, head.Header, get.Header)
		}
	}
}

func TestCrossOrigin(t *testing.T) {
	f := newFace(t, func(a *api.Config, _ *bridge.Config) { a.AllowedOrigins = []string{"https://ops.example"} })
	a := f.do("GET", "/v2/conferences", "", "Origin", "https://ops.example").want(200)
	if a.header.Get("Access-Control-Allow-Origin") != "https://ops.example" || !strings.Contains(a.header.Get("Access-Control-Expose-Headers"), "Content-Range") {
		t.Errorf("headers %v", a.header)
	}
	a = f.do("OPTIONS", "/v2/conferences", "", "Origin", "https://ops.example", "Access-Control-Request-Method", "POST")
	if a.status != 204 || !strings.Contains(a.header.Get("Access-Control-Allow-Methods"), "POST") ||
		!strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "If-Range") {
		t.Errorf("preflight %d, %v", a.status, a.header)
	}
	if a := f.do("GET", "/v2/conferences", "", "Origin", "https://evil.example").want(200); a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("a foreign origin may read")
	}
	f.do("OPTIONS", "/v2/conferences", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST").want(405)
}
