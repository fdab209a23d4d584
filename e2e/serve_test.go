package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
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

// handedOut are the ports that freePort has given to tests.
var handedOut sync.Map

// freePort is a port that nobody uses at this moment, for programs that must
// be told one. It lies below those the system chooses by itself and those the
// daemons use for RTP, and no test gets it twice.
func freePort(t *testing.T) int {
	t.Helper()
	for range 1000 {
		port := 10000 + 2*rand.IntN(5000)
		c, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		_ = c.Close()
		if _, taken := handedOut.LoadOrStore(port, true); !taken {
			return port
		}
	}
	t.Fatal("no free port between 10000 and 20000")
	return 0
}

// freeUDP is an address with such a port.
func freeUDP(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", freePort(t))
}
