package sip

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"partyline/sip/siptest"
)

func TestRequestsOutsideOfDialogs(t *testing.T) {
	for method, want := range map[string]int{
		"INVITE": 480, "OPTIONS": 200, "REFER": 603, "MESSAGE": 405, "SUBSCRIBE": 405, "NOTIFY": 405, "REGISTER": 405, "PUBLISH": 405,
		"BYE": 481, "INFO": 481, "UPDATE": 481, "PRACK": 481,
	} {
		virtual(t, 1, func(r *rig) {
			res := r.peer().Send(r.agent.Addrs()[0], method)
			if res.Code() != want {
				t.Errorf("%s answered %d, want %d", method, res.Code(), want)
			}
			if want == 405 || method == "OPTIONS" {
				if a := res.Get("Allow"); a != allowed {
					t.Errorf("%s: Allow: %s", method, a)
				}
			}
		})
	}
}

func TestRequestsInADialog(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		d := r.up(w)
		for _, c := range []struct {
			method string
			want   int
		}{{"OPTIONS", 200}, {"REFER", 603}, {"MESSAGE", 405}, {"NOTIFY", 405}, {"PRACK", 481}, {"INFO", 200}} {
			res := d.Ask(c.method, siptest.With("Refer-To", "<sip:+8835100012345@127.0.0.66>"))
			if res.Code() != c.want {
				t.Errorf("%s answered %d, want %d", c.method, res.Code(), c.want)
			}
		}
		if res := d.Ask("BYE", siptest.Tag("another")); res.Code() != 481 {
			t.Errorf("BYE of another dialog answered %d", res.Code())
		}
		w.quiet(time.Second)
	})
}

func TestDigitsByInfo(t *testing.T) {
	for _, c := range []struct {
		kind, body string
		digit      byte
		code       int
	}{
		{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5', 200},
		{"application/dtmf-relay", "Signal= *\r\nDuration=160\r\n", '*', 200},
		{"Application/DTMF-Relay; x=y", "signal=11\nduration=100\n", '#', 200},
		{"application/dtmf-relay", "Signal=d\r\n", 'D', 200},
		{"application/dtmf-relay", "Signal=77\r\n", 0, 200},
		{"application/dtmf-relay", "Duration=160\r\n", 0, 200},
		{"application/dtmf", "7", '7', 200},
		{"application/dtmf", "\x00", 0, 200},
		{"application/xml", "<picture_fast_update/>", 0, 415},
	} {
		virtual(t, 1, func(r *rig) {
			w := r.dial()
			d := r.up(w)
			if res := d.Ask("INFO", siptest.Content(c.kind, c.body)); res.Code() != c.code {
				t.Errorf("%s %q answered %d", c.kind, c.body, res.Code())
			}
			if c.digit == 0 {
				w.quiet(time.Second)
			} else if e := w.want(EventDigit); e.Digit != c.digit {
				t.Errorf("%s %q: digit %q", c.kind, c.body, e.Digit)
			}
		})
	}
}

// Strangers get no answer, and nothing of theirs is looked at (trust T6).
func TestStrangersMeetSilence(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		pc, err := r.net.ListenPacket("127.0.0.66:5060")
		if err != nil {
			t.Fatal(err)
		}
		stranger := siptest.On(r.t, pc)
		for _, m := range []string{"OPTIONS", "INVITE", "REGISTER", "BYE"} {
			stranger.Post(r.agent.Addrs()[0], m)
		}
		time.Sleep(time.Minute)
		for _, m := range stranger.Log() {
			if !m.Sent {
				t.Errorf("a stranger was answered: %s", m.Raw)
			}
		}
		if n := r.agent.Stats().Refused; n != 4 {
			t.Errorf("%d refused", n)
		}
	})
}

func TestStrangersTCPConnectionIsClosed(t *testing.T) {
	r := real(t, siptest.TCP(t), "tcp:127.0.0.1:0", func(c *Config) { c.Trunks[0].URI = "sip:127.0.0.9:5060;transport=tcp" })
	c, err := net.Dial("tcp", strings.TrimPrefix(r.agent.Addrs()[0], "tcp:"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("read %d, %v", n, err)
	}
}

func TestStreamKeepAliveAndSplitMessages(t *testing.T) {
	r := real(t, siptest.TCP(t), "tcp:127.0.0.1:0")
	c, err := net.Dial("tcp", strings.TrimPrefix(r.agent.Addrs()[0], "tcp:"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	read := func() string {
		b := make([]byte, 4096)
		n, err := c.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	options := func(n int) string {
		return fmt.Sprintf("OPTIONS sip:partyline@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bKs%d\r\n"+
			"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: k%d\r\nCSeq: %d OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 4\r\n\r\nbody", n, n, n)
	}
	if _, err := c.Write([]byte("\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if got := read(); got != "\r\n" {
		t.Errorf("ping answered %q", got)
	}
	one, two := options(1), options(2)
	for _, part := range []string{one[:10], one[10:200], one[200:] + two[:50], two[50:]} {
		if _, err := c.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	got := read()
	for strings.Count(got, "SIP/2.0 200 OK\r\n") < 2 {
		got += read()
	}
	if _, err := c.Write([]byte("this is no SIP\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	for err == nil {
		_, err = c.Read(b)
	}
	if r.agent.Stats().Malformed == 0 {
		t.Error("not counted")
	}
}

func TestTrunkGoesDownAndComesBack(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		var silent atomic.Bool
		r.peer().Handle(func(in *siptest.Incoming) bool {
			if in.Method() != "OPTIONS" {
				return false
			}
			if !silent.Load() {
				in.Reply(200)
			}
			return true
		})
		time.Sleep(31 * time.Second)
		if s := r.agent.Trunks()[0]; !s.Up || s.Checked.IsZero() {
			t.Fatalf("%+v", s)
		}
		silent.Store(true)
		time.Sleep(90 * time.Second)
		if s := r.agent.Trunks()[0]; s.Up || !strings.Contains(s.Why, "OPTIONS") {
			t.Fatalf("%+v", s)
		}
		if _, ok := r.agent.TryReserve(); ok {
			t.Error("a trunk that is down was given out")
		}
		silent.Store(false)
		time.Sleep(time.Minute)
		if s := r.agent.Trunks()[0]; !s.Up || s.Why != "" {
			t.Fatalf("%+v", s)
		}
	})
}

// Some carriers do not answer OPTIONS at all, and take calls.
func TestTrunkThatNeverAnswersOptionsStaysUp(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		time.Sleep(10 * time.Minute)
		if s := r.agent.Trunks()[0]; !s.Up {
			t.Errorf("%+v", s)
		}
		w := r.dial()
		r.up(w)
	})
}

func TestAnswersOfUnknownCalls(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		answer := func(id string) {
			r.peer().Raw(r.agent.Addrs()[0], "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP "+strings.TrimPrefix(r.agent.Addrs()[0], "udp:")+";branch=z9hG4bKold\r\n"+
				"From: <sip:+12025550000@h>;tag=us\r\nTo: <sip:+12025550100@h>;tag=them\r\nCall-ID: "+id+"\r\nCSeq: 3 INVITE\r\n"+
				"Contact: <sip:carrier@"+r.peer().Addr()+">\r\nContent-Length: 0\r\n\r\n")
		}
		answer("just-restarted") // its call may be about to be taken over
		time.Sleep(strayGrace + time.Second)
		answer("of-the-process-before")
		if ack := r.peer().Expect("ACK"); ack.Get("Call-ID") != "of-the-process-before" || ack.CSeq() != 3 {
			t.Errorf("ACK: %s", ack.Raw)
		}
		if bye := r.bye(); bye.CSeq() != 4 || bye.Param("From", "tag") != "us" || bye.Param("To", "tag") != "them" {
			t.Errorf("BYE: %s", bye.Raw)
		}
	})
}

// A Contact outside of the trunk's addresses does not move the call there.
func TestContactOffTheTrunk(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.up(w, siptest.Contact("sip:carrier@10.1.2.3:5060"))
		w.Hangup()
		w.ended(CauseLocal)
		if bye := r.bye(); !strings.HasPrefix(bye.URI(), "sip:carrier@10.1.2.3") {
			t.Errorf("BYE: %s", bye.Raw)
		}
		r.idle()
	})
}

// One inside of them does.
func TestContactElsewhereOnTheTrunk(t *testing.T) {
	virtual(t, 2, func(r *rig) {
		w := r.dial()
		inv := r.peer().Expect("INVITE")
		inv.Reply(200, siptest.Body(siptest.SDP), siptest.Contact("sip:carrier@"+r.peers[1].Addr()))
		r.peers[1].Expect("ACK")
		w.Hangup()
		r.peers[1].Expect("BYE").Reply(200)
		r.idle()
	})
}

func TestRouteSet(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		addr := r.peer().Addr()
		w := r.dial()
		r.up(w, siptest.With("Record-Route", "<sip:10.0.0.2;lr>, <sip:10.0.0.1;lr>"), siptest.With("Record-Route", "<sip:"+addr+";lr>"))
		w.Hangup()
		bye := r.bye()
		if got := strings.Join(bye.All("Route"), " "); got != "<sip:"+addr+";lr> <sip:10.0.0.1;lr> <sip:10.0.0.2;lr>" {
			t.Errorf("Route: %s", got)
		}
		if bye.URI() != "sip:carrier@"+addr+";transport=udp" {
			t.Errorf("Request-URI: %s", bye.URI())
		}
	})
}

func TestStrictRouter(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		addr := r.peer().Addr()
		w := r.dial()
		r.up(w, siptest.With("Record-Route", "<sip:"+addr+">"))
		w.Hangup()
		bye := r.bye()
		if bye.URI() != "sip:"+addr || bye.Get("Route") != "<sip:carrier@"+addr+";transport=udp>" {
			t.Errorf("BYE: %s", bye.Raw)
		}
	})
}

func TestAllowedNetworks(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		pc, err := r.net.ListenPacket("127.0.0.77:5060")
		if err != nil {
			t.Fatal(err)
		}
		if res := siptest.On(r.t, pc).Send(r.agent.Addrs()[0], "OPTIONS"); res.Code() != 200 {
			t.Errorf("answered %d", res.Code())
		}
	}, func(c *Config) { c.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.64/27")} })
}
