package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"partyline/cmd/partyline/carrier"
)

// asItself makes the test's binary the program: signals need a process.
const asItself = "BE_PARTYLINE"

func TestMain(m *testing.M) {
	if os.Getenv(asItself) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// said is what a command line came to.
type said struct {
	code     int
	out, err string
}

// partyline runs one command line in this process.
func partyline(t *testing.T, args ...string) said {
	t.Helper()
	return partylineWith(t, nil, args...)
}

func partylineWith(t *testing.T, env map[string]string, args ...string) said {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	code := run(ctx, args, streams{&out, &errs, func(k string) (string, bool) { v, ok := env[k]; return v, ok }})
	return said{code, out.String(), errs.String()}
}

// want fails unless the exit code is code and each of words stands in what
// was printed.
func (s said) want(t *testing.T, code int, words ...string) said {
	t.Helper()
	if s.code != code {
		t.Errorf("exit code %d, want %d", s.code, code)
	}
	for _, w := range words {
		if !strings.Contains(s.out+s.err, w) {
			t.Errorf("no word of %q", w)
		}
	}
	if t.Failed() {
		t.Fatalf("it printed:\n%s\nand as errors:\n%s", s.out, s.err)
	}
	return s
}

const adminKey = "first-key-of-the-tests"

// house is a folder with a configuration whose trunk is a simulated carrier.
type house struct {
	t      *testing.T
	dir    string
	file   string // configuration
	store  string
	phones *carrier.Carrier
	http   string // address of the API, the same over restarts once it served
	sip    string
	extra  string                       // more YAML
	more   struct{ http, state string } // keys of these sections, each behind a comma
}

func newHouse(t *testing.T, extra string) *house {
	t.Helper()
	return newHouseWith(t, carrier.Options{}, extra)
}

func newHouseWith(t *testing.T, network carrier.Options, extra string) *house {
	t.Helper()
	phones, err := carrier.Listen(network)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = phones.Close() })
	dir, err := os.MkdirTemp("", "house") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	h := &house{t: t, dir: dir, file: filepath.Join(dir, "partyline.yaml"), store: filepath.Join(dir, "partyline.db"),
		phones: phones, http: "127.0.0.1:0", sip: "127.0.0.1:0", extra: extra}
	h.configure()
	return h
}

// configure writes the configuration as it stands.
func (h *house) configure() {
	h.t.Helper()
	if err := os.WriteFile(h.file, fmt.Appendf(nil, `http: {listen: %q%s}
sip: {listen: ["udp:%s"]}
media: {address: "127.0.0.1", ports: "20000-49999"}
state: {path: %q%s}
auth: {admin_key: %q}
trunks: [{name: main, uri: "sip:%s", caller_ids: ["+12025550000"], cps: 1000}]
log: {format: json, level: debug}
%s`, h.http, h.more.http, h.sip, h.store, h.more.state, adminKey, h.phones.Addr(), h.extra), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// run gives a command line with this house's configuration.
func (h *house) run(args ...string) said {
	h.t.Helper()
	return partyline(h.t, append(args, "--config", h.file)...)
}
