package node_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"partyline/cmd/partyline/carrier"
	"partyline/cmd/partyline/config"
	"partyline/cmd/partyline/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "first-key-of-the-tests"

// configure makes a configuration on free ports with a simulated carrier.
func configure(t *testing.T) (config.Config, *carrier.Carrier) {
	t.Helper()
	phones, err := carrier.Listen(carrier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = phones.Close() })
	dir, err := os.MkdirTemp("", "node") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	cfg := config.Default()
	cfg.HTTP.Listen = "127.0.0.1:0"
	cfg.SIP.Listen = []string{"udp:127.0.0.1:0"}
	cfg.Media.Address, cfg.Media.Ports = "127.0.0.1", "20000-49999"
	cfg.State.Path = filepath.Join(dir, "partyline.db")
	cfg.Auth.AdminKey = key
	cfg.Trunks = []config.Trunk{{Name: "main", URI: "sip:" + phones.Addr().String(), CallerIDs: []string{"+12025550000"}, CPS: 1000, Channels: 1000}}
	return cfg, phones
}

func start(t *testing.T, cfg config.Config) *node.Node {
	t.Helper()
	n, err := node.Start(t.Context(), cfg, node.Options{Texts: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

// ask makes a request that must succeed.
func ask(t *testing.T, n *node.Node, method, path, body string, into any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, n.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		t.Fatalf("%s %s: %s %s %v", method, path, res.Status, b, err)
	}
	switch v := into.(type) {
	case nil:
	case *string:
		*v = string(b)
	default:
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
	}
}

// conference rings numbers and waits until so many of them are connected.
func conference(t *testing.T, n *node.Node, connected int, numbers ...string) (path string) {
	t.Helper()
	var conf struct{ ID string }
	ask(t, n, "POST", "/v2/conferences", `{"name":"Board"}`, &conf)
	path = "/v2/conferences/" + conf.ID
	people := make([]string, len(numbers))
	for i, number := range numbers {
		people[i] = fmt.Sprintf(`{"phone_number":%q,"role":"participant"}`, number)
	}
	ask(t, n, "POST", path+"/participants/bulk", `{"participants":[`+strings.Join(people, ",")+`]}`, nil)
	until(t, "all connected", func() bool { return active(t, n, path) == connected })
	return path
}

func active(t *testing.T, n *node.Node, conf string) int {
	t.Helper()
	var list struct{ Active int }
	ask(t, n, "GET", conf+"/participants", "", &list)
	return list.Active
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	end := time.NewTimer(20 * time.Second)
	defer end.Stop()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for !done() {
		select {
		case <-end.C:
			t.Fatalf("not %s within 20 s", what)
		case <-poll.C:
		}
	}
}

func talkers(n int) []string {
	var numbers []string
	for i := range n {
		numbers = append(numbers, fmt.Sprintf("+12025550%d", 100+i))
	}
	return numbers
}

func TestStartAndClose(t *testing.T) {
	cfg, _ := configure(t)
	before := goleak.IgnoreCurrent()
	for range 3 { // on the same store
		n := start(t, cfg)
		ask(t, n, "GET", "/readyz", "", nil)
		if err := n.Close(); err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Errorf("a second time: %v", err)
		}
		goleak.VerifyNone(t, before)
	}
}

// A start that fails half-way leaves nothing running, says why in a sentence,
// and does not stand in the way of the next.
func TestStartThatFails(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	write := func(t *testing.T, path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		spoil func(*testing.T, *config.Config)
		want  []string
	}{
		"port of the API taken": {func(_ *testing.T, c *config.Config) { c.HTTP.Listen = tcp.Addr().String() }, []string{"http.listen", "address already in use"}},
		"port of SIP taken": {func(_ *testing.T, c *config.Config) { c.SIP.Listen = []string{"udp:" + udp.LocalAddr().String()} },
			[]string{"sip", "address already in use"}},
		"second SIP address bad": {func(_ *testing.T, c *config.Config) { c.SIP.Listen = append(c.SIP.Listen, "udp:192.0.2.1:0") }, []string{"192.0.2.1"}},
		"store is no store":      {func(t *testing.T, c *config.Config) { write(t, c.State.Path, strings.Repeat("not a store ", 1000)) }, []string{"key"}},
		"store damaged": {func(t *testing.T, c *config.Config) {
			n := start(t, *c)
			if err := n.Close(); err != nil {
				t.Error(err)
			}
			write(t, c.State.Path, strings.Repeat("not a store ", 1000))
		}, []string{"cannot be used", "partyline store"}},
		"wrong key": {func(t *testing.T, c *config.Config) {
			n := start(t, *c)
			if err := n.Close(); err != nil {
				t.Error(err)
			}
			write(t, c.State.KeyPath(), strings.Repeat("ab", 32)+"\n")
		}, []string{"key"}},
		"no folder":      {func(_ *testing.T, c *config.Config) { c.State.Path += "/no/partyline.db" }, []string{"no/partyline.db"}},
		"path too long":  {func(_ *testing.T, c *config.Config) { c.State.Path += strings.Repeat("x", 120) }, []string{"too long for a socket", "state.path"}},
		"no certificate": {func(_ *testing.T, c *config.Config) { c.HTTP.TLSCert, c.HTTP.TLSKey = "/none.pem", "/none.key" }, []string{"http.tls_cert", "/none.pem"}},
	} {
		t.Run(name, func(t *testing.T) {
			good, _ := configure(t)
			cfg := good
			cfg.SIP.Listen = slices.Clone(good.SIP.Listen)
			tt.spoil(t, &cfg)
			before := goleak.IgnoreCurrent()
			n, err := node.Start(t.Context(), cfg, node.Options{})
			if err == nil {
				_ = n.Close()
				t.Fatal("it started")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no word of %q in: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "panic") {
				t.Errorf("not a sentence: %v", err)
			}
			goleak.VerifyNone(t, before)
			if _, err := os.Stat(cfg.State.Path + ".sock"); err == nil {
				t.Error("the control socket is left behind")
			}
			good.State.Path = filepath.Join(filepath.Dir(good.State.Path), "another.db")
			start(t, good)
		})
	}
}

// Close hangs up everyone: each phone sees exactly one BYE, or one CANCEL.
func TestCloseHangsUpEveryone(t *testing.T) {
	cfg, phones := configure(t)
	n := start(t, cfg)
	const ringing = "+12025550203"
	conference(t, n, 20, append(talkers(20), ringing)...)
	until(t, "ringing", func() bool {
		return slices.ContainsFunc(phones.Calls(), func(r carrier.Record) bool { return r.Number == ringing && !r.RangAt.IsZero() })
	})
	began := time.Now()
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("closing took %v", took)
	}
	for _, c := range phones.Calls() {
		switch {
		case c.Number == ringing && (c.Cancels != 1 || c.BYEs != 0 || c.Refused != 487):
			t.Errorf("the phone that rang: %+v", c)
		case c.Number != ringing && (c.BYEs != 1 || c.End != "bye"):
			t.Errorf("%s: %d BYEs, ended by %q", c.Number, c.BYEs, c.End)
		}
	}
	if len(phones.Calls()) != 21 {
		t.Errorf("%d calls", len(phones.Calls()))
	}
}

// A phone that is gone does not hold the end up for longer than a farewell.
func TestCloseDoesNotWaitForTheDead(t *testing.T) {
	cfg, phones := configure(t)
	n := start(t, cfg)
	conference(t, n, 2, talkers(2)...)
	if err := phones.Close(); err != nil { // a power cut: nobody answers the BYE
		t.Fatal(err)
	}
	began := time.Now()
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("closing took %v", took)
	}
}

// A successor on the same addresses takes the calls up: the phones see a
// re-INVITE, no new ring and no BYE.
func TestAbandonAndSuccessor(t *testing.T) {
	cfg, phones := configure(t)
	n := start(t, cfg)
	conf := conference(t, n, 5, talkers(5)...)
	until(t, "audible", func() bool { return phones.Calls()[4].Heard.Packets > 0 })
	cfg.SIP.Listen = n.SIPAddrs()
	n.Abandon()
	if up := phones.Up(); up != 5 {
		t.Fatalf("%d calls are up after the first", up)
	}
	n = start(t, cfg)
	until(t, "taken up", func() bool {
		calls := phones.Calls()
		return !slices.ContainsFunc(calls, func(r carrier.Record) bool { return r.Reoffers == 0 }) && active(t, n, conf) == 5
	})
	for _, c := range phones.Calls() {
		if c.BYEs != 0 || !c.Up() {
			t.Errorf("%s: %d BYEs, %d re-INVITEs, ended by %q", c.Number, c.BYEs, c.Reoffers, c.End)
		}
	}
	// They hear the conference again.
	heard := phones.Calls()[0].Heard.Packets
	until(t, "audible", func() bool { return phones.Calls()[0].Heard.Packets > heard+10 })
	ask(t, n, "POST", conf+"/end", "{}", nil)
	until(t, "hung up", func() bool { return phones.Up() == 0 })
	if calls := phones.Calls(); len(calls) != 5 || slices.ContainsFunc(calls, func(r carrier.Record) bool { return r.BYEs != 1 }) {
		t.Errorf("in the end: %+v", calls)
	}
}

// Every room's metrics are there, and no phone number is in them.
func TestMetrics(t *testing.T) {
	cfg, _ := configure(t)
	n := start(t, cfg)
	conference(t, n, 1, "+12025550100", "+12025550203")
	var text string
	ask(t, n, "GET", "/metrics", "", &text)
	for _, family := range []string{
		"partyline_sip_calls_total 2", "partyline_sip_calls_active", `partyline_sip_messages_dropped_total{reason="stranger"}`, "partyline_sip_stray_answers_total",
		`partyline_trunk_up{trunk="main"} 1`, `partyline_trunk_channels_in_use{trunk="main"} 2`, `partyline_trunk_resting{trunk="main"} 0`,
		"partyline_media_legs 2", "partyline_media_rooms 1", `partyline_media_packets_total{direction="out"}`, `partyline_media_packets_dropped_total{reason="malformed"}`,
		`partyline_media_ticks_total{kind="late"}`, "partyline_media_tick_lateness_seconds_bucket", "partyline_media_frame_budget_used",
		`partyline_sms_texts_total{result="sent"}`, "partyline_sms_texts_waiting", "partyline_sms_configuration_faults_total", "partyline_sms_forged_reports_total",
		`partyline_participants{status="connected"} 1`, `partyline_participants{status="dialing"} 1`, "partyline_store_commits_total", "partyline_http_requests_total",
		"go_goroutines", "process_open_fds",
	} {
		if !strings.Contains(text, "\n"+family) {
			t.Errorf("no %s", family)
		}
	}
	for _, secret := range []string{"2025550100", "2025550203", "2025550000", key} {
		if strings.Contains(text, secret) {
			t.Errorf("the metrics show %s", secret)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestControlSocket(t *testing.T) {
	cfg, _ := configure(t)
	if _, err := node.DialControl(t.Context(), cfg.State.Path); err != node.ErrNoDaemon {
		t.Errorf("before the start: %v", err)
	}
	n := start(t, cfg)
	socket := cfg.State.Path + ".sock"
	info, err := os.Stat(socket)
	if err != nil || info.Mode().Type() != os.ModeSocket || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info, err)
	}
	ctl, err := node.DialControl(t.Context(), cfg.State.Path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ctl.CreateKey(t.Context(), node.KeyRequest{Tenant: "default", Scopes: []string{"all"}}); err == nil || !strings.Contains(err.Error(), "unknown scope") {
		t.Errorf("a bad scope: %v", err)
	}
	var copied bytes.Buffer
	if err := ctl.Snapshot(t.Context(), &copied); err != nil || copied.Len() < 4096 {
		t.Errorf("snapshot of %d bytes: %v", copied.Len(), err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(socket); err == nil {
		t.Error("the socket outlives the node")
	}
	if _, err := ctl.Keys(t.Context()); err == nil {
		t.Error("keys were listed after the end")
	}
	// One that a crash left behind is in nobody's way.
	if err := os.WriteFile(socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, cfg)
}
