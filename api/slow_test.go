package api_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Clients that send a byte now and then, or nothing, are cut off in time,
// whatever they are slow at.
func TestSlowClientsAreCutOff(t *testing.T) {
	for name, tt := range map[string]struct {
		begin  string
		drip   string // sent once a second
		within time.Duration
	}{
		"nothing at all":    {"", "", 6 * time.Second},
		"slow headers":      {"GET /healthz HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n", 6 * time.Second},
		"slow request line": {"GET ", "/", 6 * time.Second},
		"slow body": {"POST /v2/conferences HTTP/1.1\r\nHost: x\r\nX-Auth-Token: " + adminKey +
			"\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n", " ", 11 * time.Second},
		"slow chunks": {"POST /v2/conferences HTTP/1.1\r\nHost: x\r\nX-Auth-Token: " + adminKey +
			"\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", 11 * time.Second},
		"slow sound": {"POST /v2/sounds?name=x HTTP/1.1\r\nHost: x\r\nX-Auth-Token: " + adminKey +
			"\r\nContent-Type: audio/wav\r\nContent-Length: 1000000\r\n\r\n", "RIFF", 12 * time.Second},
		"slow form": {"POST /v2/sounds HTTP/1.1\r\nHost: x\r\nX-Auth-Token: " + adminKey +
			"\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n--b\r\n", "X-A: b\r\n", 12 * time.Second},
		"idle after a reply": {"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "", 61 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newFace(t).serve()
				c, err := l.ln.dial(t.Context(), "", "")
				if err != nil {
					t.Fatal(err)
				}
				var dripping sync.WaitGroup
				defer dripping.Wait()
				defer c.Close()
				gone := make(chan time.Duration, 1)
				start := time.Now()
				go func() {
					_, _ = io.Copy(io.Discard, c) // until the server closes
					gone <- time.Since(start)
				}()
				dripping.Go(func() { drip(c, tt.begin, tt.drip) })
				select {
				case took := <-gone:
					if took > tt.within {
						t.Errorf("cut off after %v, want %v", took, tt.within)
					}
				case <-time.After(5 * time.Minute):
					t.Error("never cut off")
				}
			})
		})
	}
}

func drip(c net.Conn, begin, drop string) {
	if _, err := io.WriteString(c, begin); err != nil {
		return
	}
	for drop != "" {
		time.Sleep(time.Second)
		if _, err := io.WriteString(c, drop); err != nil {
			return
		}
	}
}

// Hundreds of slow connections do not keep others from being served.
func TestServiceAmongSlowClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFace(t).serve()
		var dripping sync.WaitGroup
		defer dripping.Wait()
		for range 500 {
			c, err := l.ln.dial(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			dripping.Go(func() { drip(c, "POST /v2/conferences HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n") })
		}
		wait(t, 3*time.Second)
		resp, cancel := l.request("/v2/conferences")
		defer cancel()
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Errorf("status %d", resp.StatusCode)
		}
	})
}

func TestHeadersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFace(t).serve()
		c, err := l.ln.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		go func() {
			line := "X-Filler: " + strings.Repeat("x", 1000) + "\r\n"
			_, _ = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n"+strings.Repeat(line, 100)+"\r\n") // cut off in the middle
		}()
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("status %d for 100 KB of headers", resp.StatusCode)
		}
	})
}

// A body without a length is cut at its limit, not read to its end.
func TestEndlessBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFace(t).serve()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, "POST", "http://face/v2/conferences", endless{})
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Auth-Token", adminKey)
		req.Header.Set("Content-Type", "application/json")
		resp, err := l.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if b, _ := io.ReadAll(resp.Body); resp.StatusCode != 413 || !strings.Contains(string(b), "body_too_large") {
			t.Errorf("%d: %s", resp.StatusCode, b)
		}
	})
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// A caller who hangs up does not stop half-way what was begun.
func TestHangingUpDoesNotUndo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFace(t).serve()
		conf := l.conference()
		l.Bench.Store.Slow(2 * time.Second)
		c, err := l.ln.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		body := `{"phone_number":"+12025550101"}`
		if _, err := fmt.Fprintf(c, "POST %s/participants HTTP/1.1\r\nHost: x\r\nX-Auth-Token: %s\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			conf, adminKey, len(body), body); err != nil {
			t.Fatal(err)
		}
		wait(t, 3*time.Second)
		c.Close()
		wait(t, 10*time.Second)
		l.Bench.Store.Slow(0)
		a := l.do("POST", conf+"/participants", body, "Idempotency-Key", "k").want(200)
		if a.header.Get("Idempotent-Replayed") != "true" {
			t.Error("the reply nobody waited for was not kept")
		}
		if n := l.get(conf + "/participants").number("total"); n != 1 {
			t.Errorf("%v participants, want 1", n)
		}
	})
}
