package doctor

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"partyline/cmd/partyline/carrier"
	"partyline/cmd/partyline/config"
	"partyline/sip/siptest"
	"partyline/sms/smstest"
	"partyline/state/bolt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sound is a configuration of which nothing is wrong, with a live carrier.
func sound(t *testing.T) config.Config {
	t.Helper()
	phones, err := carrier.Listen(carrier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = phones.Close() })
	cfg := config.Default()
	cfg.HTTP.Listen = "127.0.0.1:0"
	cfg.SIP.Listen = []string{"udp:127.0.0.1:0"}
	cfg.State.Path = filepath.Join(t.TempDir(), "partyline.db")
	cfg.Trunks = []config.Trunk{trunk("main", "sip:"+phones.Addr().String())}
	return cfg
}

func trunk(name, uri string) config.Trunk {
	return config.Trunk{Name: name, URI: uri, CallerIDs: []string{"+12025550000"}, CPS: 10, Channels: 10}
}

// examine returns the worst verdict and the report as it is printed.
func examine(t *testing.T, cfg config.Config, o Options) (Verdict, string) {
	t.Helper()
	if o.Patience == 0 {
		o.Patience = 3 * time.Second
	}
	var b bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	worst := Examine(ctx, cfg, o, func(f Finding) { Print(&b, f) })
	return worst, b.String()
}

func TestAllIsWell(t *testing.T) {
	cfg := sound(t)
	worst, report := examine(t, cfg, Options{})
	if worst != OK || !strings.Contains(report, "answers 200 OK") || !strings.Contains(report, "can be wav, opus") || strings.Contains(report, "warn") {
		t.Errorf("verdict %v:\n%s", worst, report)
	}
	if _, err := os.Stat(cfg.State.Path); err == nil {
		t.Error("the examination made a store")
	}
	if left, _ := os.ReadDir(filepath.Dir(cfg.State.Path)); len(left) != 0 {
		t.Errorf("the examination left %v", left)
	}
}

// What is wrong is found, named, and comes with a remedy.
func TestFindings(t *testing.T) {
	hush, err := net.ListenPacket("udp", "127.0.0.1:0") // takes everything, says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer hush.Close()
	twilio := smstest.New(smstest.Config{})
	defer twilio.Close()
	stand := httptest.NewServer(twilio)
	defer stand.Close()
	nobody := httptest.NewServer(nil)
	nobody.Close()
	account := func(cfg *config.Config, url, token string) {
		cfg.SMS = config.SMS{Provider: "twilio", Twilio: config.Twilio{AccountSID: smstest.AccountSID, AuthToken: config.Secret(token), From: smstest.From, BaseURL: url}}
	}

	for name, tt := range map[string]struct {
		spoil func(*config.Config)
		o     Options
		worst Verdict
		want  []string
	}{
		"no trunk": {func(c *config.Config) { c.Trunks = nil }, Options{}, Fail, []string{"FAIL  trunks: none", "config example"}},
		"silent trunk": {func(c *config.Config) { c.Trunks = append(c.Trunks, trunk("spare", "sip:"+hush.LocalAddr().String())) },
			Options{Patience: 300 * time.Millisecond}, Fail, []string{"FAIL  trunk spare", "does not answer", "firewall", "ok    trunk main"}},
		"trunk without address": {func(c *config.Config) { c.Trunks[0].URI = "sip:carrier.invalid" }, Options{}, Fail, []string{"FAIL  trunk main: sip:carrier.invalid does not answer"}},
		"store folder that cannot be written": {func(c *config.Config) {
			file := filepath.Join(filepath.Dir(c.State.Path), "file")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Error(err)
			}
			c.State.Path = filepath.Join(file, "partyline.db") // nobody can write below a file, not even root
		}, Options{}, Fail, []string{"FAIL  store: cannot write in", "set state.path"}},
		"Twilio":                 {func(c *config.Config) { account(c, stand.URL, smstest.AuthToken) }, Options{}, Warn, []string{"ok    sms: the Twilio account is active", "warn  sms: no status_callback_url"}},
		"Twilio's token wrong":   {func(c *config.Config) { account(c, stand.URL, "wrong") }, Options{}, Fail, []string{"FAIL  sms: Twilio refuses the credentials", "auth_token"}},
		"Twilio unreachable":     {func(c *config.Config) { account(c, nobody.URL, "x") }, Options{}, Fail, []string{"FAIL  sms", "not reachable", "base_url"}},
		"another Twilio account": {func(c *config.Config) { account(c, stand.URL, smstest.AuthToken); c.SMS.Twilio.AccountSID = "AC2" }, Options{}, Fail, []string{"refuses the credentials"}},
		"keys in the clear":      {func(c *config.Config) { c.HTTP.Listen = "0.0.0.0:0" }, Options{}, Warn, []string{"warn  http", "in the clear", "tls_cert"}},
		"too few ports":          {func(c *config.Config) { c.Media.Ports = "20000-20009" }, Options{}, Warn, []string{"warn  media ports: 20000-20009 is enough for 5 lines, the trunks allow 10", "Widen"}},
		"folder that cannot be written": {func(c *config.Config) {
			file := filepath.Join(filepath.Dir(c.State.Path), "file")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Error(err)
			}
			c.Recording.Dir = filepath.Join("file", "recordings")
		}, Options{}, Fail, []string{"FAIL  recordings: cannot write in", "recording.dir", "ok    sounds"}},
		"language nobody speaks": {func(c *config.Config) { c.Sounds.Language = "xx" }, Options{}, Fail,
			[]string{`FAIL  prompts: there are none in "xx"`, "sounds.language"}},
		"prompts that are not there": {func(c *config.Config) { c.Sounds.Prompts = "/nonexistent/prompts" }, Options{}, Fail,
			[]string{"FAIL  prompts", "sounds.prompts"}},
		"MP3 encoder that is none": {func(c *config.Config) { c.Recording.MP3Encoder = filepath.Join(filepath.Dir(c.State.Path), "no.wasm") },
			Options{}, Fail, []string{"FAIL  recordings", "MP3 encoder", "recording.mp3_encoder"}},
		"address of another machine": {func(c *config.Config) { c.Media.Address = "192.0.2.1" }, Options{}, Fail,
			[]string{"FAIL  media.address"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := sound(t)
			tt.spoil(&cfg)
			began := time.Now()
			worst, report := examine(t, cfg, tt.o)
			if worst != tt.worst {
				t.Errorf("verdict %v", worst)
			}
			for _, want := range tt.want {
				if !strings.Contains(report, want) {
					t.Errorf("no word of %q", want)
				}
			}
			if tt.o.Patience > 0 && time.Since(began) > tt.o.Patience+5*time.Second {
				t.Errorf("it took %v", time.Since(began))
			}
			if strings.Contains(report, smstest.AuthToken) {
				t.Error("the report shows a secret")
			}
			if t.Failed() {
				t.Log(report)
			}
		})
	}
}

func TestTakenPorts(t *testing.T) {
	cfg := sound(t)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	cfg.SIP.Listen = []string{"udp:" + udp.LocalAddr().String()}
	cfg.HTTP.Listen = tcp.Addr().String()
	worst, report := examine(t, cfg, Options{})
	if worst != Fail || !strings.Contains(report, "FAIL  sip.listen udp") || !strings.Contains(report, "FAIL  http.listen") || !strings.Contains(report, "Stop what uses the address") {
		t.Errorf("verdict %v:\n%s", worst, report)
	}
	if worst, report = examine(t, cfg, Options{Running: true}); worst != OK {
		t.Errorf("beside the daemon itself: %v\n%s", worst, report)
	}
}

var parameter = regexp.MustCompile(`(\w+)="?([^",]*)"?`)

// signed checks digest credentials for OPTIONS (RFC 2617 §3.2.2, MD5, qop=auth).
func signed(credentials, user, password string) bool {
	p := map[string]string{}
	for _, m := range parameter.FindAllStringSubmatch(credentials, -1) {
		p[m[1]] = m[2]
	}
	sum := func(parts ...string) string {
		return fmt.Sprintf("%x", md5.Sum([]byte(strings.Join(parts, ":"))))
	}
	return credentials != "" && p["response"] == sum(
		sum(user, p["realm"], password), p["nonce"], p["nc"], p["cnonce"], p["qop"], sum("OPTIONS", p["uri"]))
}

// A trunk with a password: the right one is accepted, a wrong one shows.
func TestTrunkWithPassword(t *testing.T) {
	peer := siptest.UDP(t)
	const challenge = `Digest realm="carrier", nonce="n1", algorithm=MD5, qop="auth"`
	peer.Handle(func(in *siptest.Incoming) bool {
		switch {
		case in.Method() != "OPTIONS":
			return false
		case signed(in.Get("Authorization"), "me", "right"):
			in.Reply(200)
		default:
			in.Reply(401, siptest.With("WWW-Authenticate", challenge))
		}
		return true
	})
	for password, want := range map[string]string{
		"right": "ok    trunk main",
		"wrong": "FAIL  trunk main",
		"":      "Check username, password and realm",
	} {
		cfg := sound(t)
		cfg.Trunks = []config.Trunk{trunk("main", peer.URI())}
		cfg.Trunks[0].Password = config.Secret(password)
		if password != "" {
			cfg.Trunks[0].Username = "me"
		}
		if _, report := examine(t, cfg, Options{}); !strings.Contains(report, want) {
			t.Errorf("password %q:\n%s", password, report)
		}
	}
}

func TestTrunkThatCannotWork(t *testing.T) {
	peer := siptest.UDP(t)
	peer.Handle(func(in *siptest.Incoming) bool { in.Reply(503); return true })
	cfg := sound(t)
	cfg.Trunks = []config.Trunk{trunk("main", peer.URI())}
	if _, report := examine(t, cfg, Options{}); !strings.Contains(report, "FAIL  trunk main") || !strings.Contains(report, "ask the carrier") {
		t.Error(report)
	}
}

// The store: sound, damaged, its key lost, in use.
func TestStore(t *testing.T) {
	cfg := sound(t)
	s, err := bolt.Open(cfg.State.Path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := func(o Options, want string) {
		t.Helper()
		if _, report := examine(t, cfg, o); !strings.Contains(report, want) {
			t.Errorf("no %q in\n%s", want, report)
		}
	}
	want(Options{}, "Is another program using it?")
	want(Options{Running: true}, "in use by the running daemon")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	want(Options{}, "partyline.db is sound")

	key := cfg.State.KeyPath()
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	want(Options{}, "put the key file back")
	if _, err := os.Stat(key); err == nil {
		t.Error("the doctor made a key for an old store")
	}
	if err := os.Rename(key+".away", key); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(cfg.State.Path, 5000); err != nil {
		t.Fatal(err)
	}
	want(Options{}, "Restore a backup with")
}

func TestWhatIsEnough(t *testing.T) {
	for _, tt := range []struct {
		got   Finding
		worst Verdict
		text  string
	}{
		{enoughFiles(1024, 384), OK, "384 lines"},
		{enoughFiles(1024, 385), Warn, "enough for 384 lines, the trunks allow 385"},
		{enoughFiles(100, 10), Warn, "enough for 0 lines"},
		{enoughPorts(10, 10, "p"), OK, "10 lines"},
		{enoughPorts(9, 10, "p"), Warn, "enough for 9 lines"},
		{space(99<<20, "/x"), Fail, "only 99 MB"},
		{space(200<<20, "/x"), OK, "200 MB"},
		{spaceToRecord(99<<20, "/x"), Warn, "only 99 MB"},
		{spaceToRecord(200<<20, "/x"), OK, "200 MB"},
	} {
		if tt.got.Verdict != tt.worst || !strings.Contains(tt.got.Detail, tt.text) {
			t.Errorf("%+v, want %v and %q", tt.got, tt.worst, tt.text)
		}
		if tt.worst != OK && tt.got.Remedy == "" {
			t.Errorf("no remedy: %+v", tt.got)
		}
	}
}
