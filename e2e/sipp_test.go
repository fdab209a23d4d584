package e2e

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// carrierScript is one SIPp scenario as the carrier, what is done on our side
// meanwhile, and how the participant must be found in the end.
type carrierScript struct {
	name   string
	trunk  string // further keys of the trunk
	add    fields
	during func(t *testing.T, d *daemon, conf, id string) // nil: wait for the end
	status string
	reason string
	code   int  // the carrier's final answer; 0: not looked at
	exit   bool // SIPp itself must be content
	calls  int  // INVITEs it answers; 0: one
}

func connectedThenEnd(t *testing.T, d *daemon, conf, id string) {
	d.becomes(conf, id, "connected", 15*time.Second)
	d.call("POST", "/v2/conferences/"+conf+"/end", fields{}, nil)
}

var carrierScripts = []carrierScript{
	{name: "404-notfound", status: "rejected", reason: "invalid_number", code: 404, exit: true},
	{name: "480-unavailable", status: "rejected", reason: "unavailable", code: 480, exit: true},
	{name: "486-busy", status: "rejected", reason: "busy", code: 486, exit: true},
	{name: "503-retry-after", status: "rejected", reason: "trunk_limit", code: 503, exit: true, calls: 3},
	{name: "603-decline", status: "rejected", reason: "declined", code: 603, exit: true},
	{name: "auth-407", trunk: `username: "u", password: "p"`, during: connectedThenEnd, status: "disconnected", reason: "conference_ended", exit: true},
	// The scenario goes on asking; we stop after the second answer.
	{name: "auth-loop", trunk: `username: "u", password: "p"`, status: "rejected", reason: "trunk_auth", code: 407},
	{name: "bad-sdp-answer", status: "rejected", reason: "media_mismatch", exit: true},
	{name: "no-sdp-answer", status: "rejected", reason: "media_mismatch", exit: true},
	// In the next one and in fork-two-200 SIPp sends two answers in a row and
	// takes our ACK to the first amiss when it comes before the second has left.
	{name: "cancel-race-200", during: func(t *testing.T, d *daemon, conf, id string) {
		until(t, "ringing", 5*time.Second, func() bool { return d.person(conf, id).Phase == "ringing" })
		d.call("DELETE", "/v2/conferences/"+conf+"/participants/"+id, nil, nil)
	}, status: "rejected", reason: "canceled"},
	{name: "carrier-bye", status: "disconnected", reason: "hangup", exit: true},
	{name: "early-183", during: connectedThenEnd, status: "disconnected", reason: "conference_ended", exit: true},
	{name: "fork-two-200", during: connectedThenEnd, status: "disconnected", reason: "conference_ended"},
	{name: "hold-resume", during: func(t *testing.T, d *daemon, conf, id string) {
		p := d.becomes(conf, id, "held", 10*time.Second)
		if p.HeldBy != "remote" {
			t.Errorf("held by %q, wanted remote", p.HeldBy)
		}
		connectedThenEnd(t, d, conf, id)
	}, status: "disconnected", reason: "conference_ended", exit: true},
	{name: "many-180", during: connectedThenEnd, status: "disconnected", reason: "conference_ended", exit: true},
	{name: "noanswer-cancel", add: fields{"ring_timeout": 5}, status: "rejected", reason: "no_answer", exit: true},
	{name: "ok", during: connectedThenEnd, status: "disconnected", reason: "conference_ended", exit: true},
	{name: "prack-100rel", during: connectedThenEnd, status: "disconnected", reason: "conference_ended", exit: true},
	{name: "recover-reinvite", during: func(t *testing.T, d *daemon, conf, id string) {
		d.becomes(conf, id, "connected", 10*time.Second)
		d.restart()
		until(t, "the call is taken up again", 10*time.Second, func() bool {
			p := d.person(conf, id)
			return p.Status == "connected" && p.Phase != "recovering"
		})
		d.call("POST", "/v2/conferences/"+conf+"/end", fields{}, nil)
	}, status: "disconnected", reason: "conference_ended", exit: true},
	// The scenario insists on 403 after it has taken our 603; both mean no.
	{name: "refer-offnet", during: connectedThenEnd, status: "disconnected", reason: "conference_ended"},
	// Keys in all the ways phones send them, and not at all.
	{name: "press1-info", add: fields{"accept": pressKey}, during: connectedThenEnd, status: "disconnected", reason: "conference_ended", exit: true},
	{name: "press1-rfc4733", add: fields{"accept": pressKey}, during: connectedThenEnd, status: "disconnected", reason: "conference_ended", exit: true},
	{name: "press1-tones", add: fields{"accept": pressKey}, during: connectedThenEnd, status: "disconnected", reason: "conference_ended", exit: true},
	{name: "pin-info", add: fields{"accept": typePIN}, during: connectedThenEnd, status: "disconnected", reason: "conference_ended", exit: true},
	{name: "wrong-pin-info", add: fields{"accept": typePIN}, status: "rejected", reason: "wrong_pin", exit: true},
	{name: "no-keys", add: fields{"accept": fields{"mode": "press_key", "timeout": 2, "tries": 1}}, status: "rejected", reason: "no_digits"}, // we ask whether it lives, which the scenario does not expect
	{name: "silent", add: fields{"ring_timeout": 5}, status: "rejected", reason: "no_answer"},
}

// TestCarrierScenarios dials through every SIPp scenario, each with a daemon of
// its own.
func TestCarrierScenarios(t *testing.T) {
	t.Parallel()
	sipp := thirdParty(t, "sipp", "sip-tester")
	files, err := filepath.Glob("testdata/sipp/*.xml")
	if err != nil || len(files) != len(carrierScripts) {
		t.Fatalf("%d scenario files for %d tests (%v)", len(files), len(carrierScripts), err)
	}
	for _, s := range carrierScripts {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			addr := freeUDP(t)
			var more []string
			if s.trunk != "" {
				more = append(more, s.trunk)
			}
			d := serve(t, trunk(addr, more...))
			wait := startSIPp(t, sipp, s.name, addr, max(1, s.calls))
			conf := d.conference(fields{"pin": "2580"})
			id := d.add(conf, "+12025551234", s.add).ID
			if s.during != nil {
				s.during(t, d, conf, id)
			}
			p := d.becomes(conf, id, s.status, 30*time.Second)
			if p.Reason != s.reason {
				t.Errorf("reason %q, wanted %q", p.Reason, s.reason)
			}
			if s.code != 0 && (p.SIP == nil || p.SIP.Code != s.code) {
				t.Errorf("sip %+v, wanted code %d", p.SIP, s.code)
			}
			if s.exit {
				wait()
			}
		})
	}
}

// startSIPp runs one scenario as the called side and returns a function that
// waits for its end and wants it to be content.
func startSIPp(t *testing.T, sipp, scenario, addr string, calls int) (wait func()) {
	t.Helper()
	host, port, _ := net.SplitHostPort(addr)
	file, err := filepath.Abs("testdata/sipp/" + scenario + ".xml")
	if err != nil {
		t.Fatal(err)
	}
	errors := filepath.Join(t.TempDir(), "errors.log")
	cmd := exec.Command(sipp, "-sf", file, "-i", host, "-p", port, "-m", strconv.Itoa(calls), "-nostdin", "-timeout", "50s", "-timeout_error",
		"-trace_err", "-error_file", errors)
	cmd.Dir = t.TempDir()
	layKeys(t, cmd.Dir)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	ended := false
	t.Cleanup(func() {
		if !ended {
			_ = cmd.Process.Kill()
			<-done
		}
	})
	// SIPp says nothing when it is ready; its port is taken then.
	until(t, "SIPp listens", 5*time.Second, func() bool {
		c, err := net.ListenPacket("udp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	return func() {
		select {
		case err := <-done:
			ended = true
			if err != nil {
				text, _ := os.ReadFile(errors)
				t.Errorf("SIPp is not content with us: %v\n%s\n%s", err, text, lastLines(out.String(), 40))
			}
		case <-time.After(20 * time.Second):
			t.Errorf("SIPp's scenario does not end")
		}
	}
}

func lastLines(s string, n int) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
