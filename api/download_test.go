package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/api"
	"partyline/bridge"
)

// tape is a file that remembers whether it was closed.
type tape struct {
	*bytes.Reader
	closed *int
}

func (t tape) Close() error { *t.closed++; return nil }

// taped is a file to be downloaded, and a face before it.
type taped struct {
	*face
	content []byte
	tag     string
	closed  int
	handler http.Handler
}

func newTaped(t testing.TB, bytesLong int, with ...setup) *taped {
	t.Helper()
	d := &taped{face: newFace(t, with...), content: make([]byte, bytesLong)}
	for i := range d.content {
		d.content[i] = byte(i * 7 / 3)
	}
	sum := sha256.Sum256(d.content)
	d.tag = `"` + hex.EncodeToString(sum[:]) + `"`
	open := func() io.ReadSeekCloser { return tape{bytes.NewReader(d.content), &d.closed} }
	d.handler = d.srv.Sends(open, "audio/wav", "Board.wav", sum[:])
	return d
}

// ask makes one request for the file. Headers come in pairs.
func (d *taped) ask(method string, header ...string) *http.Response {
	d.t.Helper()
	req := httptest.NewRequest(method, "/file", nil)
	req.Header.Set("X-Auth-Token", d.key)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, req)
	return w.Result()
}

func TestDownload(t *testing.T) {
	d := newTaped(t, 100_000)
	n := len(d.content)
	for name, tt := range map[string]struct {
		header    []string
		status    int
		low, high int // what comes
	}{
		"whole":                {nil, 200, 0, n},
		"the beginning":        {[]string{"Range", "bytes=0-99"}, 206, 0, 100},
		"the middle":           {[]string{"Range", "bytes=500-50499"}, 206, 500, 50500},
		"from there on":        {[]string{"Range", "bytes=99990-"}, 206, 99990, n},
		"the last":             {[]string{"Range", "bytes=-10"}, 206, n - 10, n},
		"more than there is":   {[]string{"Range", "bytes=-200000"}, 206, 0, n},
		"beyond the end":       {[]string{"Range", "bytes=99999-200000"}, 206, n - 1, n},
		"of this file":         {[]string{"Range", "bytes=10-19", "If-Range", d.tag}, 206, 10, 20},
		"of another file":      {[]string{"Range", "bytes=10-19", "If-Range", `"another"`}, 200, 0, n},
		"by a date":            {[]string{"Range", "bytes=10-19", "If-Range", "Sat, 01 Jan 2000 00:00:00 GMT"}, 200, 0, n},
		"had another":          {[]string{"If-None-Match", `"another"`}, 200, 0, n},
		"this one alone":       {[]string{"If-Match", d.tag}, 200, 0, n},
		"not a unit we have":   {[]string{"Range", "seconds=1-2"}, 200, 0, n},
		"not a range":          {[]string{"Range", "bytes=b-a"}, 416, 0, 0},
		"after the end":        {[]string{"Range", "bytes=100000-"}, 416, 0, 0},
		"another one alone":    {[]string{"If-Match", `"another"`}, 412, 0, 0},
		"had it":               {[]string{"If-None-Match", d.tag}, 304, 0, 0},
		"had it among others":  {[]string{"If-None-Match", `"x", ` + d.tag}, 304, 0, 0},
		"many ranges, bounded": {[]string{"Range", "bytes=" + strings.Repeat("0-99999,", 50) + "0-1"}, 200, 0, n},
	} {
		t.Run(name, func(t *testing.T) {
			resp := d.ask("GET", tt.header...)
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tt.status {
				t.Fatalf("status %d, want %d: %.200s", resp.StatusCode, tt.status, body)
			}
			if tt.status >= 400 {
				d.refusal(t, resp, body)
				return
			}
			if !bytes.Equal(body, d.content[tt.low:tt.high]) {
				t.Errorf("%d bytes that are not %d to %d of the file", len(body), tt.low, tt.high)
			}
			if tt.status == 206 && resp.Header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/%d", tt.low, tt.high-1, n) {
				t.Errorf("Content-Range %q", resp.Header.Get("Content-Range"))
			}
			if resp.Header.Get("ETag") != d.tag || resp.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("ETag %q, Cache-Control %q", resp.Header.Get("ETag"), resp.Header.Get("Cache-Control"))
			}
			if tt.status != 304 {
				d.described(t, resp)
			}
		})
	}
	if got := d.ask("GET", "Range", "bytes=100000-").Header.Get("Content-Range"); got != "bytes */100000" {
		t.Errorf("Content-Range %q after the end", got)
	}
	if d.closed != 20 {
		t.Errorf("the file was closed %d times", d.closed)
	}
}

// described checks what the headers say of the file.
func (d *taped) described(t *testing.T, resp *http.Response) {
	t.Helper()
	sum := sha256.Sum256(d.content)
	for name, want := range map[string]string{
		"Repr-Digest":            "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":",
		"Content-Type":           "audio/wav",
		"Content-Disposition":    "attachment; filename=Board.wav",
		"Accept-Ranges":          "bytes",
		"X-Content-Type-Options": "nosniff",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// refusal checks that a refusal is a problem, and no longer speaks of the file.
func (d *taped) refusal(t *testing.T, resp *http.Response, body []byte) {
	t.Helper()
	a := &answer{t: t, status: resp.StatusCode, header: resp.Header, body: body}
	d.contract.isProblem(t, a)
	d.contract.matches(t, "Problem", body)
	for _, name := range []string{"Repr-Digest", "Content-Disposition", "ETag", "Accept-Ranges"} {
		if got := resp.Header.Get(name); got != "" {
			t.Errorf("a refusal with %s: %s", name, got)
		}
	}
	if resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("a refusal that may be kept: %v", resp.Header)
	}
	if got := resp.Header.Get("Content-Range"); got != "" && got != fmt.Sprintf("bytes */%d", len(d.content)) {
		t.Errorf("Content-Range %q", got)
	}
}

func TestDownloadOfSeveralRanges(t *testing.T) {
	d := newTaped(t, 100_000)
	resp := d.ask("GET", "Range", "bytes=0-9,50000-50009,-10")
	kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || resp.StatusCode != 206 || kind != "multipart/byteranges" {
		t.Fatalf("%d %s: %v", resp.StatusCode, kind, err)
	}
	var got []byte
	parts := multipart.NewReader(resp.Body, params["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b...)
	}
	if want := bytes.Join([][]byte{d.content[:10], d.content[50000:50010], d.content[99990:]}, nil); !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
}

func TestDownloadHead(t *testing.T) {
	d := newTaped(t, 100_000)
	for header, want := range map[string][2]string{"": {"200 OK", "100000"}, "bytes=0-9": {"206 Partial Content", "10"}} {
		resp := d.ask("HEAD", "Range", header)
		body, _ := io.ReadAll(resp.Body)
		if resp.Status != want[0] || resp.Header.Get("Content-Length") != want[1] || len(body) != 0 {
			t.Errorf("HEAD with Range %q: %s, Content-Length %s, %d bytes", header, resp.Status, resp.Header.Get("Content-Length"), len(body))
		}
		d.described(t, resp)
	}
}

func TestDownloadNeedsAKey(t *testing.T) {
	d := newTaped(t, 10)
	d.key = "wrong"
	if resp := d.ask("GET"); resp.StatusCode != 401 {
		t.Errorf("status %d without a key", resp.StatusCode)
	}
	d.key = d.tenantKey("default", "write")
	if resp := d.ask("GET"); resp.StatusCode != 403 {
		t.Errorf("status %d with a key that may not read", resp.StatusCode)
	}
	if d.closed != 0 {
		t.Error("the file was opened")
	}
}

// A reader who stands still is cut off in a minute, also one who only trickles;
// one with a poor line gets everything, however long it takes.
func TestSlowDownloads(t *testing.T) {
	const size = 2 << 20
	for name, tt := range map[string]struct {
		perSecond int
		whole     bool
		within    time.Duration
	}{
		"stands still": {0, false, time.Minute},
		"trickles":     {100, false, time.Minute},
		"poor line":    {8 << 10, true, 5 * time.Minute},
		"as it plays":  {16 << 10, true, 3 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newTaped(t, size)
				l := d.serveInstead(d.handler)
				resp, cancel := l.request("/file")
				defer cancel()
				defer resp.Body.Close()
				start, got := time.Now(), 0
				var err error
				for err == nil {
					time.Sleep(time.Second)
					var n int64
					n, err = io.CopyN(io.Discard, resp.Body, int64(tt.perSecond))
					if got += int(n); tt.perSecond == 0 && time.Since(start) > tt.within {
						_, err = io.Copy(io.Discard, resp.Body)
						break
					}
				}
				whole := got == size && errors.Is(err, io.EOF)
				if took := time.Since(start); whole != tt.whole || took > tt.within+2*time.Second && tt.perSecond > 100 {
					t.Errorf("%d of %d bytes in %v: %v", got, size, took, err)
				}
				synctest.Wait()
				if d.closed != 1 {
					t.Errorf("the file was closed %d times", d.closed)
				}
			})
		})
	}
}

// A download does not keep the server from going down.
func TestDownloadEndsWithTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newTaped(t, 4<<20)
		l := d.serveInstead(d.handler)
		resp, cancel := l.request("/file")
		defer cancel()
		defer resp.Body.Close()
		if _, err := io.CopyN(io.Discard, resp.Body, 1<<20); err != nil {
			t.Fatal(err)
		}
		down := time.Now()
		go d.srv.EndStreams()
		n, err := io.Copy(io.Discard, resp.Body)
		if err == nil || n > 2<<20 || time.Since(down) > time.Second {
			t.Errorf("%d bytes more in %v: %v", n, time.Since(down), err)
		}
	})
}

func TestDownloadsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newTaped(t, 1<<20, func(a *api.Config, _ *bridge.Config) { a.Limits.DownloadsPerTenant, a.Limits.Downloads = 2, 3 })
		l := d.serveInstead(d.handler)
		var bodies []io.Closer
		for i, want := range []int{200, 200, 429} {
			resp, cancel := l.request("/file")
			defer cancel()
			if resp.StatusCode != want {
				t.Errorf("download %d: status %d, want %d", i, resp.StatusCode, want)
			}
			bodies = append(bodies, resp.Body)
		}
		l.key = d.tenantKey("other")
		resp, cancel := l.request("/file")
		defer cancel()
		if resp.StatusCode != 200 {
			t.Errorf("another tenant: status %d", resp.StatusCode)
		}
		for _, b := range append(bodies, resp.Body) {
			b.Close()
		}
		synctest.Wait()
		again, cancel := l.request("/file")
		defer cancel()
		if again.StatusCode != 200 {
			t.Errorf("after they ended: status %d", again.StatusCode)
		}
		again.Body.Close()
	})
}

func TestFileNames(t *testing.T) {
	for name, want := range map[string]string{
		"Board, January": "Board- January.wav", "../../etc/passwd": "etc-passwd.wav", `..\..\boot.ini`: "boot.ini.wav",
		"": "audio.wav", "...": "audio.wav", ".bashrc": "bashrc.wav", "a\"b;c": "a-b-c.wav", "Réunion 会議": "Réunion 会議.wav",
		"con:x|y<z>*?": "con-x-y-z.wav", strings.Repeat("n", 200): strings.Repeat("n", 80) + ".wav",
	} {
		if got := api.FileName(name, ".wav"); got != want {
			t.Errorf("%q is offered as %q, want %q", name, got, want)
		}
	}
	if got := api.Disposition("Réunion (2).wav"); got != `attachment; filename="R_union (2).wav"; filename*=UTF-8''R%C3%A9union%20%282%29.wav` {
		t.Errorf("offered as %s", got)
	}
	for _, s := range nasty {
		got := api.FileName(s, ".wav")
		header := api.Disposition(got)
		_, params, err := mime.ParseMediaType(strings.Replace(header, "filename=", "plain=", 1))
		if star := strings.Contains(header, "filename*="); err != nil || star && params["filename"] != got || !star && params["plain"] != got {
			t.Errorf("%q arrives as %q: %v", got, params, err)
		}
		if strings.ContainsAny(got, "/\\:\"<>|*?;\r\n\x00") || strings.HasPrefix(got, ".") || len([]rune(got)) > 84 ||
			strings.ContainsAny(header, "\r\n") || dangerous(got) {
			t.Errorf("%q is offered as %q in %q", s, got, header)
		}
	}
}
