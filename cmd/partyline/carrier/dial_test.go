package carrier

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"partyline/sip"
)

// exchange is an agent of the bridge's own call layer, with a carrier as its
// trunk and nothing behind it but the test.
type exchange struct {
	t       *testing.T
	carrier *Carrier
	agent   *sip.Agent
	peer    netip.AddrPort
	calls   chan sip.Incoming
	events  chan sip.Event
}

func newExchange(t *testing.T) *exchange {
	t.Helper()
	x := &exchange{t: t, calls: make(chan sip.Incoming, 10), events: make(chan sip.Event, 100)}
	var err error
	if x.carrier, err = Listen(Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.carrier.Close() })
	x.agent, err = sip.Listen(sip.Config{
		Listen: []string{"udp:127.0.0.1:0"},
		Trunks: []sip.Trunk{{Name: "main", URI: "sip:" + x.carrier.Addr().String(), CPS: 100, Channels: 100}},
	}, sip.WithIncoming(func(i sip.Incoming) { x.calls <- i }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.agent.Close() })
	x.peer = netip.MustParseAddrPort(strings.TrimPrefix(x.agent.Addrs()[0], "udp:"))
	return x
}

func (x *exchange) dial(d Dial) string {
	x.t.Helper()
	d.Peer = x.peer
	id, err := x.carrier.Dial(d)
	if err != nil {
		x.t.Fatal(err)
	}
	return id
}

func (x *exchange) rings() sip.Incoming {
	x.t.Helper()
	select {
	case i := <-x.calls:
		return i
	case <-time.After(10 * time.Second):
		x.t.Fatal("nothing rings")
		return sip.Incoming{}
	}
}

func (x *exchange) told(kind sip.EventKind) sip.Event {
	x.t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case e := <-x.events:
			if e.Kind == kind {
				return e
			}
		case <-deadline:
			x.t.Fatalf("no event %v", kind)
		}
	}
}

// becomes waits until a call's record is as wanted.
func (x *exchange) becomes(id string, ok func(Record) bool) Record {
	x.t.Helper()
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		for _, r := range x.carrier.Calls() {
			if r.CallID == id && ok(r) {
				return r
			}
		}
		select {
		case <-again.C:
		case <-deadline.C:
			x.t.Fatalf("records %+v", x.carrier.Calls())
		}
	}
}

func up(r Record) bool    { return r.Up() }
func ended(r Record) bool { return r.End != "" }

// The bridge's call layer takes the call, hears the keys at their times and
// the tone, and puts the phone on hold; the phone hangs up when it is time.
func TestPhoneCallsIn(t *testing.T) {
	x := newExchange(t)
	far := newEnd(t)
	id := x.dial(Dial{
		To: "+12025550198", From: "+12025550104", Stay: 2 * time.Second,
		Keys: []Keys{{After: 900 * time.Millisecond, Keys: "9#"}, {After: 300 * time.Millisecond, Keys: "1"}},
	})
	in := x.rings()
	if in.Called != "+12025550198" || in.Caller != "+12025550104" || in.Trunk != "main" || !bytes.Contains(in.Offer, []byte("RTP/AVP 0 8 101")) {
		t.Errorf("rings as %+v\n%s", in, in.Offer)
	}
	c := in.Answer([]byte(far.answer("8 101", "sendrecv")), func(e sip.Event) { x.events <- e })
	x.told(sip.EventAnswered)
	record := x.becomes(id, up)
	if record.RangAt.IsZero() || record.Dialled != "+12025550198" || record.Number != "+12025550104" {
		t.Errorf("record %+v", record)
	}
	keys, spoken := far.hear(3)
	if keys != "19#" {
		t.Errorf("keys %q", keys)
	}
	if amp, _ := goertzel(spoken, 440); dbfs(amp) < -25 {
		t.Errorf("440 Hz at %.1f dBFS", dbfs(amp))
	}
	c.Reinvite([]byte(far.answer("8 101", "sendonly")))
	if e := x.told(sip.EventReinvited); !bytes.Contains(e.SDP, []byte("a=recvonly")) || !bytes.Contains(e.SDP, []byte("PCMA")) {
		t.Errorf("hold answered with\n%s", e.SDP)
	}
	if e := x.told(sip.EventEnded); e.Cause != sip.CauseHangup {
		t.Errorf("ended: %s", e.Cause)
	}
	if r := x.becomes(id, ended); r.End != "hung up" || r.Reoffers != 1 {
		t.Errorf("record %+v", r)
	}
}

func TestPhoneCallsInAndIsHungUp(t *testing.T) {
	x := newExchange(t)
	id := x.dial(Dial{To: "+12025550198", From: "+12025550104"})
	c := x.rings().Answer([]byte(newEnd(t).answer("0", "sendrecv")), func(e sip.Event) { x.events <- e })
	x.told(sip.EventAnswered)
	c.Hangup()
	if r := x.becomes(id, ended); r.End != "bye" || r.BYEs != 1 {
		t.Errorf("record %+v", r)
	}
}

func TestPhoneIsRefused(t *testing.T) {
	x := newExchange(t)
	id := x.dial(Dial{To: "12025550198"})
	in := x.rings()
	if in.Caller != "" {
		t.Errorf("caller %q of a phone that withholds its number", in.Caller)
	}
	in.Refuse(486)
	if r := x.becomes(id, ended); r.End != "refused" || r.Refused != 486 {
		t.Errorf("record %+v", r)
	}
}

// A phone that is not answered cancels.
func TestPhoneGivesUp(t *testing.T) {
	x := newExchange(t)
	id := x.dial(Dial{To: "+12025550198", From: "+12025550104", Ring: 50 * time.Millisecond})
	in := x.rings()
	select {
	case <-in.Gone:
	case <-time.After(10 * time.Second):
		t.Fatal("it rings on")
	}
	if r := x.becomes(id, ended); r.End != "gave up" || r.Refused != 487 {
		t.Errorf("record %+v", r)
	}
}

func TestDialOverHTTP(t *testing.T) {
	x := newExchange(t)
	srv := httptest.NewServer(x.carrier.Handler())
	defer srv.Close()
	client := srv.Client()
	post := func(kind, body string) (int, map[string]string) {
		t.Helper()
		res, err := client.Post(srv.URL+"/dial", kind, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		var out map[string]string
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, out
	}
	const json = "application/json"
	good := fmt.Sprintf(`{"to":"+12025550198","from":"+12025550104","peer":%q,"keys":[{"after_ms":0,"keys":"12#"}],"ring_ms":5000,"stay_ms":100}`, x.peer)
	code, out := post(json, good)
	if code != http.StatusAccepted || out["call_id"] == "" {
		t.Fatalf("%d %v", code, out)
	}
	x.rings().Refuse(603)
	if r := x.becomes(out["call_id"], ended); r.Refused != 603 {
		t.Errorf("record %+v", r)
	}
	if code, _ := post("text/plain", good); code != http.StatusUnsupportedMediaType {
		t.Errorf("text/plain: %d", code)
	}
	for what, change := range map[string][2]string{
		"no peer":           {x.peer.String(), ""},
		"peer is a name":    {x.peer.String(), "localhost:5060"},
		"header in to":      {"+12025550198", `1\r\nX: y`},
		"header in from":    {"+12025550104", `1>\r\nX: y`},
		"no number":         {"+12025550198", ""},
		"no key":            {"12#", "12E"},
		"time below zero":   {`"after_ms":0`, `"after_ms":-1`},
		"stays below zero":  {`"stay_ms":100`, `"stay_ms":-100`},
		"unknown field":     {`"stay_ms"`, `"stays_ms"`},
		"not JSON":          {`{`, ``},
		"larger than 64 kB": {`"12#"`, `"` + strings.Repeat("1", maxDial) + `"`},
	} {
		if code, out := post(json, strings.Replace(good, change[0], change[1], 1)); code != http.StatusBadRequest || out["error"] == "" {
			t.Errorf("%s: %d %v", what, code, out)
		}
	}
	if n := len(x.carrier.Calls()); n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestDialAfterClose(t *testing.T) {
	c, err := Listen(Options{})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	if _, err := c.Dial(Dial{Peer: netip.MustParseAddrPort("127.0.0.1:9"), To: "1"}); err == nil {
		t.Error("a closed carrier dials")
	}
}
