package main

import (
	"context"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"

	"partyline/cmd/partyline/carrier"
	"partyline/sms/smstest"
)

// The simulated carrier alone: it says where it is, lists its phones, shows
// what they did, and stands in for Twilio.
func TestPhones(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r, w := io.Pipe()
	out := follow(r)
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"phones", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"}, streams{out: w, err: io.Discard})
		_ = w.Close()
	}()
	out.await(t, "0219")
	for _, s := range carrier.Scripts() {
		if !strings.Contains(out.String(), s.Last4+"       "+s.Name) {
			t.Errorf("no phone %s %s", s.Last4, s.Name)
		}
	}
	page := regexp.MustCompile(`http://[0-9.:]+`).FindString(out.String())
	if _, up := call(t, "", "GET", page+"/up", ""); up["up"] != 0.0 {
		t.Errorf("up: %v", up)
	}
	if status, calls := fetch(t, "", "GET", page+"/calls", ""); status != 200 || strings.TrimSpace(string(calls)) != "[]" {
		t.Errorf("calls: %d %s", status, calls)
	}
	if status, _ := call(t, "", "POST", page+"/dial", `{"to":"+12025550198","peer":"nowhere"}`); status != 400 {
		t.Errorf("dial: %d", status)
	}
	if status, _ := call(t, "", "GET", page+"/2010-04-01/Accounts/"+smstest.AccountSID+".json", ""); status != 401 {
		t.Errorf("Twilio without credentials: %d", status)
	}
	stop()
	if c := <-code; c != 0 {
		t.Errorf("exit code %d", c)
	}
	partyline(t, "phones", "--listen", "nowhere").want(t, 1, "nowhere")
	held, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	partyline(t, "phones", "--listen", held.LocalAddr().String()).want(t, 1, "address already in use")
}
