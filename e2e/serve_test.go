package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// daemon is a partyline serve in a process of its own.
type daemon struct {
	t      *testing.T
	dir    string
	extra  string // YAML of the test: trunks, sms, …
	env    []string
	cmd    *exec.Cmd
	url    string
	sip    string // udp host:port, kept over restarts
	http   string
	mu     sync.Mutex
	log    strings.Builder
	exited chan struct{}
}

const adminKey = "e2e-admin-key-0123456789"

// serve starts a daemon with the given YAML besides the addresses, and stops
// it at the end of the test.
func serve(t *testing.T, extra string) *daemon {
	t.Helper()
	return serveAt(t, "127.0.0.1:0", extra)
}

// serveAt is serve with a given address of the API.
func serveAt(t *testing.T, http, extra string) *daemon {
	t.Helper()
	d := &daemon{t: t, dir: t.TempDir(), extra: extra, sip: "127.0.0.1:0", http: http}
	d.start()
	t.Cleanup(func() {
		d.kill(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", d.logText())
		}
	})
	return d
}

// start runs the program and waits until it serves. After the first start the
// addresses stay the same.
func (d *daemon) start() {
	d.t.Helper()
	file := filepath.Join(d.dir, "partyline.yaml")
	text := fmt.Sprintf(`http: {listen: %q}
media: {address: "127.0.0.1", ports: "20000-49999"}
state: {path: %q}
auth: {admin_key: %q}
log: {format: json, level: info}
sip: {listen: ["udp:%s"]}
`, d.http, filepath.Join(d.dir, "partyline.db"), adminKey, d.sip) + d.extra
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	d.cmd = exec.Command(program, "serve", "--config", file)
	d.cmd.Env = append(os.Environ(), d.env...)
	stderr, err := d.cmd.StderrPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.exited = make(chan struct{})
	ready := make(chan struct{})
	go func() {
		defer close(d.exited)
		d.follow(stderr, ready)
		_ = d.cmd.Wait()
	}()
	select {
	case <-ready:
	case <-d.exited:
		d.t.Fatalf("the daemon ended at once:\n%s", d.logText())
	case <-time.After(20 * time.Second):
		d.t.Fatalf("the daemon does not serve:\n%s", d.logText())
	}
}

// follow keeps the log and finds the line that says where the API is.
func (d *daemon) follow(r io.Reader, ready chan<- struct{}) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		d.mu.Lock()
		d.log.WriteString(lines.Text() + "\n")
		d.mu.Unlock()
		var line struct {
			Msg string   `json:"msg"`
			API string   `json:"api"`
			SIP []string `json:"sip"`
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "partyline serves" {
			d.url = line.API
			d.http = strings.TrimPrefix(line.API, "http://")
			d.sip = strings.TrimPrefix(line.SIP[0], "udp:")
			close(ready)
		}
	}
}

func (d *daemon) logText() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.String()
}

// kill sends a signal to the daemon and waits for its end.
func (d *daemon) kill(s syscall.Signal) {
	if d.cmd == nil {
		return
	}
	_ = d.cmd.Process.Signal(s)
	<-d.exited
	d.cmd = nil
}

// restart is the crash and what comes after it.
func (d *daemon) restart() {
	d.t.Helper()
	d.kill(syscall.SIGKILL)
	d.start()
}

// trunk is a trunk's YAML that points at an address.
func trunk(addr string, more ...string) string {
	return fmt.Sprintf(`trunks: [{name: main, uri: "sip:%s", caller_ids: ["+12025550000"], cps: 1000, channels: 2000%s}]
`, addr, strings.Join(append([]string{""}, more...), ", "))
}

// freeUDP is an address nobody uses at this moment.
func freeUDP(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().String()
}
