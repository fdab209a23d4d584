package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"partyline/api"
	"partyline/bridge"
)

// taker is a face before whoever takes sounds.
type taker struct {
	*face
	handler http.Handler
	mu      sync.Mutex
	taken   []string // name and length of each
	err     error
}

func newTaker(t testing.TB, with ...setup) *taker {
	t.Helper()
	k := &taker{face: newFace(t, with...)}
	k.handler = k.srv.Takes(func(name string, sound []byte) error {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.err == nil {
			k.taken = append(k.taken, fmt.Sprintf("%s %d", name, len(sound)))
		}
		return k.err
	})
	return k
}

// put uploads once. Headers come in pairs; "" as a value takes one away.
func (k *taker) put(query, kind string, body io.Reader, header ...string) *answer {
	k.t.Helper()
	req := httptest.NewRequest("POST", "/v2/sounds"+query, body)
	req.Header.Set("X-Auth-Token", k.key)
	req.Header.Set("Content-Type", kind)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	k.handler.ServeHTTP(w, req)
	a := &answer{t: k.t, status: w.Code, header: w.Result().Header, body: w.Body.Bytes()}
	if a.status >= 400 {
		k.contract.isProblem(k.t, a)
		k.contract.matches(k.t, "Problem", a.body)
	}
	return a
}

// form is a form with one part after the other: a name, a file's name, a content.
func form(boundary string, parts ...[3]string) (kind string, body *bytes.Buffer) {
	body = new(bytes.Buffer)
	w := multipart.NewWriter(body)
	if err := w.SetBoundary(boundary); err != nil {
		panic(err)
	}
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", multipart.FileContentDisposition(p[0], p[1]))
		if p[1] == "" {
			h.Set("Content-Disposition", fmt.Sprintf("form-data; name=%q", p[0]))
		}
		part, err := w.CreatePart(h)
		if err == nil {
			_, err = io.WriteString(part, p[2])
		}
		if err != nil {
			panic(err)
		}
	}
	w.Close()
	return w.FormDataContentType(), body
}

const riff = "RIFF....WAVE and so on"

func TestUpload(t *testing.T) {
	k := newTaker(t)
	for _, kind := range []string{"audio/wav", "audio/x-wav", "audio/ogg", "audio/mpeg", "audio/flac", "application/octet-stream", "audio/ogg; codecs=opus", "Audio/WAV"} {
		if a := k.put("?name=Waiting", kind, strings.NewReader(riff)).want(201); a.number("bytes") != float64(len(riff)) || a.text("name") != "Waiting" {
			t.Errorf("%s: %s", kind, a.body)
		}
	}
	kind, body := form("b", [3]string{"name", "", "Réunion"}, [3]string{"file", "x.wav", riff})
	if a := k.put("", kind, body).want(201); a.text("name") != "Réunion" {
		t.Errorf("of a form: %s", a.body)
	}
	kind, body = form("b", [3]string{"file", "x.wav", riff})
	if a := k.put("?name=Q", kind, body).want(201); a.text("name") != "Q" || a.number("bytes") != float64(len(riff)) {
		t.Errorf("a form with the name in the query: %s", a.body)
	}
	whole := strings.NewReader(strings.Repeat("x", 20<<20))
	if a := k.put("?name=Large", "audio/wav", whole).want(201); a.number("bytes") != 20<<20 {
		t.Errorf("the largest: %s", a.body)
	}
	kind, body = form("b", [3]string{"name", "", "Large"}, [3]string{"file", "x", strings.Repeat("x", 20<<20)})
	k.put("", kind, body).want(201)
}

func TestBadUploads(t *testing.T) {
	k := newTaker(t)
	file := [3]string{"file", "x.wav", riff}
	name := [3]string{"name", "", "n"}
	for what, tt := range map[string]struct {
		query  string
		parts  [][3]string // a form
		kind   string      // or a body of this kind
		body   string
		header []string
		status int
		code   string
		param  string
	}{
		"text":             {query: "?name=n", kind: "text/plain", body: riff, status: 415, code: "unsupported_media_type", param: "Content-Type"},
		"JSON":             {query: "?name=n", kind: "application/json", body: "{}", status: 415, code: "unsupported_media_type", param: "Content-Type"},
		"as curl does":     {query: "?name=n", kind: "application/x-www-form-urlencoded", body: riff, status: 415, code: "unsupported_media_type", param: "Content-Type"},
		"video":            {query: "?name=n", kind: "video/mp4", body: riff, status: 415, code: "unsupported_media_type", param: "Content-Type"},
		"no type":          {query: "?name=n", body: riff, status: 415, code: "unsupported_media_type", param: "Content-Type"},
		"compressed":       {query: "?name=n", kind: "audio/wav", body: riff, header: []string{"Content-Encoding", "gzip"}, status: 415, code: "unsupported_media_type", param: "Content-Encoding"},
		"no boundary":      {query: "?name=n", kind: "multipart/form-data", body: riff, status: 415, code: "unsupported_media_type", param: "Content-Type"},
		"empty":            {query: "?name=n", kind: "audio/wav", status: 422, code: "required"},
		"no name":          {kind: "audio/wav", body: riff, status: 422, code: "required", param: "name"},
		"empty name":       {query: "?name=", kind: "audio/wav", body: riff, status: 422, code: "required", param: "name"},
		"blank name":       {query: "?name=%20", kind: "audio/wav", body: riff, status: 422, code: "required", param: "name"},
		"two names":        {query: "?name=a&name=b", kind: "audio/wav", body: riff, status: 422, code: "unknown_parameter", param: "name"},
		"long name":        {query: "?name=" + strings.Repeat("n", 101), kind: "audio/wav", body: riff, status: 422, code: "invalid_field", param: "name"},
		"name with a line": {query: "?name=a%0d%0ab", kind: "audio/wav", body: riff, status: 422, code: "invalid_field", param: "name"},
		"unknown":          {query: "?name=n&title=x", kind: "audio/wav", body: riff, status: 422, code: "unknown_parameter", param: "title"},
		"too large":        {query: "?name=n", kind: "audio/wav", body: strings.Repeat("x", 20<<20+1), status: 413, code: "body_too_large"},
		"no file":          {parts: [][3]string{name}, status: 422, code: "required", param: "file"},
		"empty file":       {parts: [][3]string{name, {"file", "x", ""}}, status: 422, code: "required", param: "file"},
		"two files":        {parts: [][3]string{name, file, file}, status: 400, code: "duplicate_field", param: "file"},
		"form, two names":  {parts: [][3]string{name, name, file}, status: 422, code: "unknown_parameter", param: "name"},
		"name both ways":   {query: "?name=n", parts: [][3]string{name, file}, status: 422, code: "unknown_parameter", param: "name"},
		"form, no name":    {parts: [][3]string{file}, status: 422, code: "required", param: "name"},
		"form, long name":  {parts: [][3]string{{"name", "", strings.Repeat("é", 1000)}, file}, status: 422, code: "invalid_field", param: "name"},
		"form, unknown":    {parts: [][3]string{name, file, {"public", "", "yes"}}, status: 422, code: "unknown_parameter", param: "public"},
		"form, many parts": {parts: [][3]string{name, name, name, name, name, name, name, name, file}, status: 422, code: "unknown_field"},
		"form, too large":  {parts: [][3]string{name, {"file", "x", strings.Repeat("x", 20<<20+1)}}, status: 413, code: "body_too_large"},
		"form, far larger": {parts: [][3]string{name, {"file", "x", strings.Repeat("x", 21<<20)}}, status: 413, code: "body_too_large"},
		"no form":          {query: "?name=n", kind: `multipart/form-data; boundary=b`, body: riff, status: 422, code: "required", param: "file"},
		"form, cut off":    {query: "?name=n", kind: `multipart/form-data; boundary=b`, body: "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nRIFF", status: 400, code: "body_incomplete"},
	} {
		t.Run(what, func(t *testing.T) {
			kind, body := tt.kind, bytes.NewBufferString(tt.body)
			if tt.parts != nil {
				kind, body = form("b", tt.parts...)
			}
			for _, length := range []string{"told", "not told"} {
				var r io.Reader = bytes.NewReader(body.Bytes())
				if length == "not told" {
					r = struct{ io.Reader }{r}
				}
				a := k.put(tt.query, kind, r, tt.header...)
				if a.status != tt.status || a.text("code") != tt.code || a.text("param") != tt.param {
					t.Errorf("length %s: %d %s %q, want %d %s %q: %s", length, a.status, a.text("code"), a.text("param"), tt.status, tt.code, tt.param, a.body)
				}
			}
		})
	}
	if len(k.taken) != 0 {
		t.Errorf("taken: %v", k.taken)
	}
}

// The same sound under the same name is the same request, however it is packed.
func TestUploadIdempotency(t *testing.T) {
	k := newTaker(t)
	plain := func(query, body string) *answer {
		return k.put(query, "audio/wav", strings.NewReader(body), "Idempotency-Key", "plain")
	}
	first := plain("?name=n", riff).want(201)
	again := plain("?name=n", riff).want(201)
	if !bytes.Equal(first.body, again.body) || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again: %s, Idempotent-Replayed %q", again.body, again.header.Get("Idempotent-Replayed"))
	}
	plain("?name=m", riff).wantCode(422, "idempotency_key_reused")
	plain("?name=n", riff+"!").wantCode(422, "idempotency_key_reused")
	plain("?name=n", "").wantCode(422, "required")

	packed := func(boundary, name, file string) *answer {
		kind, body := form(boundary, [3]string{"name", "", name}, [3]string{"file", boundary + ".wav", file})
		return k.put("", kind, body, "Idempotency-Key", "form")
	}
	packed("one", "n", riff).want(201)
	if a := packed("two", "n", riff).want(201); a.header.Get("Idempotent-Replayed") != "true" {
		t.Error("another boundary is another request")
	}
	packed("one", "m", riff).wantCode(422, "idempotency_key_reused")
	packed("one", "n", riff+"!").wantCode(422, "idempotency_key_reused")
	if len(k.taken) != 2 {
		t.Errorf("taken: %v", k.taken)
	}

	k.err = &bridge.Error{Kind: bridge.Unavailable, Code: "storage_unavailable", Detail: "full"}
	later := func() *answer {
		return k.put("?name=n", "audio/wav", strings.NewReader(riff), "Idempotency-Key", "later")
	}
	later().wantCode(503, "storage_unavailable")
	k.err = nil
	later().want(201)
}

// drop is so many bytes a second of a body.
type drop struct {
	bytes int
	each  time.Duration
	left  int
}

func (d *drop) Read(b []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(d.each)
	n := min(d.bytes, d.left, len(b))
	for i := range b[:n] {
		b[i] = 'x'
	}
	d.left -= n
	return n, nil
}

// An upload that trickles is cut off soon and told so, one that would take for
// ever in the end; a poor line has its time, longer than any other request.
func TestSlowUploads(t *testing.T) {
	for name, tt := range map[string]struct {
		body   *drop
		status int
		within time.Duration
	}{
		"a byte a second":   {&drop{1, time.Second, 20 << 20}, 408, 11 * time.Second},
		"4 KB a second":     {&drop{4 << 10, time.Second, 20 << 20}, 408, 20 * time.Second},
		"stops":             {&drop{64 << 10, time.Hour, 20 << 20}, 408, 11 * time.Second},
		"17 KB a second":    {&drop{17 << 10, time.Second, 20 << 20}, 408, 5*time.Minute + time.Second},
		"a line of 100 KB":  {&drop{32 << 10, 320 * time.Millisecond, 20 << 20}, 201, 4 * time.Minute},
		"a modem, 1 minute": {&drop{20 << 10, time.Second, 1200 << 10}, 201, 70 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newTaker(t)
				l := k.serveInstead(k.handler)
				req, err := http.NewRequestWithContext(t.Context(), "POST", "http://face/v2/sounds?name=n", tt.body)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("X-Auth-Token", adminKey)
				req.Header.Set("Content-Type", "audio/wav")
				start := time.Now()
				resp, err := l.client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				if took := time.Since(start); err != nil || resp.StatusCode != tt.status || took > tt.within {
					t.Errorf("%d after %v: %s %v", resp.StatusCode, took, body, err)
				}
				var p struct{ Code string }
				if err := json.Unmarshal(body, &p); err != nil || tt.status == 408 && p.Code != "too_slow" {
					t.Errorf("code %q: %v", p.Code, err)
				}
				time.Sleep(2 * time.Hour) // the client's last read of its body
			})
		})
	}
}

// So many come in at once, and no more; a place that was left is free.
func TestUploadsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTaker(t, func(a *api.Config, _ *bridge.Config) { a.Limits.UploadsPerTenant, a.Limits.Uploads = 2, 3 })
		other := k.tenantKey("other")
		var uploads sync.WaitGroup
		begin := func(key string, want int) {
			uploads.Go(func() {
				k := *k.face
				k.key = key
				t := &taker{face: &k, handler: k.srv.Takes(func(string, []byte) error { return nil })}
				t.put("?name=n", "audio/wav", &drop{64 << 10, time.Second, 640 << 10}).want(want)
			})
			synctest.Wait()
		}
		begin(adminKey, 201)
		begin(adminKey, 201)
		k.put("?name=n", "audio/wav", strings.NewReader(riff)).wantCode(429, "too_many_transfers")
		begin(other, 201)
		third := k.tenantKey("third")
		k.key = third
		a := k.put("?name=n", "audio/wav", strings.NewReader(riff)).wantCode(429, "too_many_transfers")
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		uploads.Wait()
		k.put("?name=n", "audio/wav", strings.NewReader(riff)).want(201)
	})
}

// An upload does not keep the server from going down.
func TestUploadEndsWithTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTaker(t)
		time.AfterFunc(5*time.Second, k.srv.EndStreams)
		start := time.Now()
		k.put("?name=n", "audio/wav", &drop{64 << 10, time.Second, 20 << 20}).wantCode(503, "shutting_down")
		if took := time.Since(start); took > 7*time.Second {
			t.Errorf("it went on for %v", took)
		}
	})
}

func TestUploadInjection(t *testing.T) {
	k := newTaker(t)
	for _, s := range nasty {
		kind, body := form("b", [3]string{"name", "", s}, [3]string{"file", "x.wav", riff})
		for way, a := range map[string]*answer{
			"query": k.put("?name="+url.QueryEscape(s), "audio/wav", strings.NewReader(riff)),
			"form":  k.put("", kind, body),
			"file":  k.put("?name=ok", "multipart/form-data; boundary=b", strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"file\"; filename="+fmt.Sprintf("%q", s)+"\r\n\r\nRIFF\r\n--b--\r\n")),
		} {
			switch {
			case a.status >= 500 || a.status < 201 || a.status >= 300 && a.status < 400:
				t.Errorf("%.40q in the %s: status %d: %s", s, way, a.status, a.body)
			case a.status == 201 && way != "file" && (a.text("name") != s || dangerous(s)):
				t.Errorf("%.40q in the %s was taken as %.40q", s, way, a.text("name"))
			}
		}
	}
}
