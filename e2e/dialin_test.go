package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// command asks baresip to do something, by its control interface: netstrings
// of JSON.
func (s *softphones) command(name, params string) {
	s.t.Helper()
	conn, err := net.DialTimeout("tcp", s.keys, 5*time.Second)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	command, _ := json.Marshal(map[string]string{"command": name, "params": params, "token": "e2e"})
	if _, err := fmt.Fprintf(conn, "%d:%s,", len(command), command); err != nil {
		s.t.Fatal(err)
	}
	answers := bufio.NewReader(conn)
	for {
		text, err := answers.ReadString(',')
		if err != nil {
			s.t.Fatalf("baresip does not answer: %v", err)
		}
		if strings.Contains(text, `"token":"e2e"`) {
			return
		}
	}
}

const doorNumber = "+12025550198"

// TestPeopleCallIn has baresip call a conference's number: a wrong PIN, then
// the right one; nobody hears or is heard before, everybody after.
func TestPeopleCallIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ pin, role string }{
		"the conference's PIN": {"482915", "participant"},
		"the moderator's PIN":  {"93571268", "presenter"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := startSoftphones(t, softphone{number: hostNumber, voice: toneAt(rate, hostTone, 120)})
			phone := startSoftphones(t, softphone{number: calleeNumber, voice: steadily(rate)})
			d := serve(t, twoTrunks(host.addr, phone.addr))
			conf := d.conference(fields{"member_notification": false, "guidance": false, "pin": "482915", "alone_music": false,
				"dial_in": fields{"numbers": []string{doorNumber}, "moderator_pin": "93571268"}})
			_, hostHears := host.ring(d, conf, hostNumber, fields{"role": "presenter"})

			phone.command("dial", "sip:"+doorNumber+"@"+d.sip)
			until(t, "baresip records", 10*time.Second, func() bool { return len(phone.heard()) > 0 })
			callerHears := phone.heard()[0]
			before := listen(t, hostHears, callerHears)
			phone.press("111111#")
			listenFor(t, callerHears, 2*rate)
			if n := len(d.people(conf)); n != 1 {
				t.Errorf("%d participants before the right PIN", n)
			}
			phone.press(c.pin + "#")
			until(t, "the caller is in", 20*time.Second, func() bool { return len(d.people(conf)) == 2 })
			caller := d.people(conf)[1]
			d.becomes(conf, caller.ID, "connected", 10*time.Second)
			if caller.Role != c.role || caller.PhoneNumber != calleeNumber || !caller.Inbound {
				t.Errorf("the caller is %+v", caller)
			}
			hearEachOther(t, rate, hostHears, callerHears)
			d.act(conf, caller.ID, "disconnect")

			hostHeard, callerHeard := readWAV(t, hostHears), readWAV(t, callerHears)
			if got := levelOf(hostHeard[before.from[0]:before.to[0]], calleeTone); got > -16-margin {
				t.Errorf("the host hears the caller at %.1f dBFS before the PIN", got)
			}
			if got := levelOf(callerHeard[before.from[1]:before.to[1]], hostTone); got > -16-margin {
				t.Errorf("the caller hears the host at %.1f dBFS before the PIN", got)
			}
		})
	}
}

// TestCallersCannotTellConferencesApart calls a number that leads to a
// conference and one that leads nowhere: three wrong PINs end both the same
// way.
func TestCallersCannotTellConferencesApart(t *testing.T) {
	t.Parallel()
	for _, number := range []string{doorNumber, "+12025550197"} {
		t.Run(number, func(t *testing.T) {
			t.Parallel()
			phone := startSoftphones(t, softphone{number: calleeNumber, voice: steadily(rate)})
			d := serve(t, trunk(phone.addr))
			d.conference(fields{"pin": "482915", "dial_in": fields{"numbers": []string{doorNumber}}})
			phone.command("dial", "sip:"+number+"@"+d.sip)
			until(t, "baresip records", 10*time.Second, func() bool { return len(phone.heard()) > 0 })
			for range 3 {
				listenFor(t, phone.heard()[0], 3*rate)
				phone.press("000000#")
			}
			until(t, "the call ends", 30*time.Second, func() bool {
				return strings.Contains(phone.said(), "terminated") || strings.Contains(phone.said(), "session closed")
			})
		})
	}
}

// said is what baresip has written so far.
func (s *softphones) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.String()
}
