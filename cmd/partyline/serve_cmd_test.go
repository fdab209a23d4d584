package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"partyline/cmd/partyline/carrier"
)

func TestHealth(t *testing.T) {
	s := newHouse(t, "").serve()
	s.run("health").want(t, 0, "alive")
	partyline(t, "health", "--url", s.url+"/healthz").want(t, 0, "alive")
	partyline(t, "health", "--url", s.url+"/nothing").want(t, 1, "404")
	s.stop()
	s.run("health").want(t, 1, "partyline: ", "refused")
}

// With TLS the certificate names the public host, not the address asked here.
func TestHealthOverTLS(t *testing.T) {
	web := httptest.NewTLSServer(nil)
	cert := web.TLS.Certificates[0] // of example.com
	web.Close()
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certFile := write(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})))
	keyFile := write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	h := newHouse(t, "")
	h.more.http = ", tls_cert: " + certFile + ", tls_key: " + keyFile
	h.configure()
	s := h.serve()
	if !strings.HasPrefix(s.url, "https://") {
		t.Errorf("it serves at %s", s.url)
	}
	s.run("health").want(t, 0, "alive")
}

// A second daemon on the same store, or the same address, says so and ends.
func TestTwoDaemons(t *testing.T) {
	s := newHouse(t, "").serve()
	s.run("serve").want(t, 1, s.store)
	other := newHouse(t, "")
	other.http = s.http
	other.configure()
	other.run("serve").want(t, 1, "http", "address already in use")
	other.http, other.sip = "127.0.0.1:0", s.sip
	other.configure()
	other.run("serve").want(t, 1, s.sip, "address already in use")
	if status, _ := call(t, adminKey, "GET", s.url+"/healthz", ""); status != 200 {
		t.Errorf("the first daemon: %d", status)
	}
}

// With nothing configured at all, serve stays on this machine.
func TestServeWithoutConfiguration(t *testing.T) {
	noEnv := streams{getenv: func(string) (string, bool) { return "", false }}
	cfg, err := withConfig{}.load(noEnv, serveCmd{}.loopback(noEnv))
	if err != nil || cfg.HTTP.Listen != "127.0.0.1:8080" || len(cfg.SIP.Listen) != 1 || cfg.SIP.Listen[0] != "udp:127.0.0.1:5060" || len(cfg.Trunks) != 0 {
		t.Errorf("%+v %v", cfg, err)
	}
}

// process is partyline serve in a process of its own, for signals.
type process struct {
	*serving
	cmd *exec.Cmd
}

func (h *house) spawn(args ...string) *process {
	h.t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"serve", "--config", h.file}, args...)...)
	cmd.Env = append(os.Environ(), asItself+"=1")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	p := &process{serving: &serving{house: h, log: follow(stderr)}, cmd: cmd}
	h.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	p.url = p.log.ready(h.t, h).API
	return p
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// ended waits for the end of the process and returns its exit code.
func (p *process) ended() int {
	p.t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); _ = p.cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		p.t.Fatalf("the daemon does not end:\n%s", p.log)
	}
	return p.cmd.ProcessState.ExitCode()
}

// conference adds so many people who talk until they are hung up, and waits
// until all are connected. It returns the conference's path.
func (s *serving) conference(people int) string {
	s.t.Helper()
	conf := "/v2/conferences/" + s.do("POST", "/v2/conferences", `{"name":"Board"}`)["id"].(string)
	var list []string
	for i := range people {
		list = append(list, fmt.Sprintf(`{"phone_number":"+12025550%d","role":"participant"}`, 100+i))
	}
	s.do("POST", conf+"/participants/bulk", `{"participants":[`+strings.Join(list, ",")+`]}`)
	until(s.t, "all connected", func() bool { return s.do("GET", conf+"/participants", "")["active"] == float64(people) })
	return conf
}

// hungUp fails unless every phone was rung once and saw exactly one BYE.
func (h *house) hungUp(people int) {
	h.t.Helper()
	calls := h.phones.Calls()
	if len(calls) != people {
		h.t.Errorf("%d phones were rung, want %d", len(calls), people)
	}
	for _, c := range calls {
		if c.BYEs != 1 || c.End != "bye" {
			h.t.Errorf("%s: %d BYEs, ended by %q", c.Number, c.BYEs, c.End)
		}
	}
}

// SIGTERM: nothing new, calls go on until they end, then the daemon ends with 0.
func TestSIGTERMDrains(t *testing.T) {
	t.Parallel()
	p := newHouse(t, "").spawn()
	conf := p.conference(100)
	p.signal(syscall.SIGTERM)
	p.log.await(t, "draining")
	if status, answer := call(t, adminKey, "GET", p.url+"/readyz", ""); status != 503 || answer["code"] != "not_ready" {
		t.Errorf("readyz: %d %v", status, answer)
	}
	if status, answer := call(t, adminKey, "POST", p.url+conf+"/participants", `{"phone_number":"+12025550150"}`); status != 503 || answer["code"] != "draining" {
		t.Errorf("an add: %d %v", status, answer)
	}
	if status, _ := call(t, adminKey, "GET", p.url+"/healthz", ""); status != 200 {
		t.Errorf("healthz: %d", status)
	}
	if up := p.phones.Up(); up != 100 {
		t.Errorf("%d calls are up while draining", up)
	}
	p.do("POST", conf+"/end", "{}")
	if code := p.ended(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, p.log)
	}
	p.hungUp(100)
}

func TestSecondSignalStopsNow(t *testing.T) {
	t.Parallel()
	p := newHouse(t, "").spawn()
	p.conference(3)
	p.signal(syscall.SIGTERM)
	p.log.await(t, "draining")
	p.signal(syscall.SIGHUP) // does not count
	p.log.await(t, "configuration read again")
	p.signal(os.Interrupt)
	p.log.await(t, "stopping now")
	if code := p.ended(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, p.log)
	}
	p.hungUp(3)
}

func TestDrainHasAnEnd(t *testing.T) {
	t.Parallel()
	p := newHouse(t, "shutdown: {drain: 300ms}\n").spawn()
	p.conference(2)
	p.signal(syscall.SIGTERM)
	p.log.await(t, "hanging up what is left")
	if code := p.ended(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, p.log)
	}
	p.hungUp(2)
}

// --handoff leaves the calls to a successor: no BYE, no new ring, a re-INVITE.
func TestHandoff(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	p := h.spawn("--handoff")
	conf := p.conference(2)
	hear := func(streams int) func() bool {
		return func() bool {
			return !slices.ContainsFunc(h.phones.Calls(), func(c carrier.Record) bool { return c.Heard.SSRCs != streams })
		}
	}
	until(t, "audible", hear(1))
	p.signal(syscall.SIGTERM)
	if code := p.ended(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, p.log)
	}
	if up := h.phones.Up(); up != 2 {
		t.Fatalf("%d calls are up between the two daemons", up)
	}
	s := h.spawn()
	until(t, "audible again", hear(2))
	for _, c := range h.phones.Calls() {
		if c.Heard.MaxGapMS > 3000 || !c.Up() || c.Reoffers == 0 {
			t.Errorf("%s: silent for %.0f ms, up: %v, %d re-INVITEs", c.Number, c.Heard.MaxGapMS, c.Up(), c.Reoffers)
		}
	}
	if n := s.do("GET", conf+"/participants", "")["active"]; n != 2.0 {
		t.Errorf("%v are active", n)
	}
	s.do("POST", conf+"/end", "{}")
	until(t, "hung up", func() bool { return h.phones.Up() == 0 })
	h.hungUp(2)
}

// SIGHUP takes log.level from the file as it is now, and nothing from a bad one.
func TestSIGHUP(t *testing.T) {
	t.Parallel()
	p := newHouse(t, "").spawn()
	good, err := os.ReadFile(p.file)
	if err != nil {
		t.Fatal(err)
	}
	rewrite := func(text string) {
		t.Helper()
		next := filepath.Join(p.dir, "next")
		if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, p.file); err != nil {
			t.Fatal(err)
		}
		p.signal(syscall.SIGHUP)
	}
	level := func(level string) string {
		return strings.Replace(string(good), "level: debug", "level: "+level, 1)
	}
	rewrite(level("warn"))
	p.log.await(t, "configuration read again")
	rewrite(level("info"))
	rewrite(level("loud"))
	p.log.await(t, "was not taken")
	// What was said at level warn about the second file is not to be seen.
	if n := strings.Count(p.log.String(), "configuration read again"); n != 1 {
		t.Errorf("%d times read again:\n%s", n, p.log)
	}
	if status, _ := call(t, adminKey, "GET", p.url+"/healthz", ""); status != 200 {
		t.Errorf("healthz: %d", status)
	}
}
