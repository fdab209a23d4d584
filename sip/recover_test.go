package sip

import (
	"strings"
	"testing"
	"time"

	"partyline/sip/siptest"
)

// restarted brings a call up, ends the agent without a word, and starts
// another on the same address.
func (r *rig) restarted(parts ...siptest.Part) (kept []byte, inv *siptest.Incoming) {
	r.t.Helper()
	w := r.dial()
	inv = r.peer().Expect("INVITE")
	inv.Reply(200, append([]siptest.Part{siptest.Body(siptest.SDP)}, parts...)...)
	r.peer().Expect("ACK")
	kept = w.want(EventTrying, EventAnswered).Dialog
	addr := r.agent.Addrs()[0]
	if err := r.agent.Close(); err != nil {
		r.t.Fatal(err)
	}
	if n := len(r.peer().Received("BYE")); n != 0 {
		r.t.Errorf("Close sent %d BYEs", n)
	}
	r.start(Config{
		Listen: []string{addr},
		Trunks: []Trunk{{Name: "a", URI: r.peer().URI(), Username: "user", Password: "secret"}},
	}, nil, WithPacketListener(r.net.ListenPacket))
	return kept, inv
}

func (r *rig) recover(kept []byte) *watched {
	w, sink := r.watch()
	w.Call = r.agent.Recover(kept, []byte(strings.NewReplacer("o=- 7 1", "o=- 99 1", "30000", "30002").Replace(offerSDP)), sink)
	return w
}

func TestCallTakenOverAfterRestart(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		kept, inv := r.restarted(siptest.With("Record-Route", "<sip:"+r.peer().Addr()+";lr>"), siptest.With("Session-Expires", "1800;refresher=uac"))
		if n := len(kept); n > 700 {
			t.Errorf("a kept dialog has %d bytes", n)
		}
		w := r.recover(kept)
		again := r.peer().Expect("INVITE")
		for _, h := range []string{"Call-ID", "From"} {
			if again.Get(h) != inv.Get(h) {
				t.Errorf("%s: %s, want %s", h, again.Get(h), inv.Get(h))
			}
		}
		if again.Param("To", "tag") != "peer" || again.CSeq() != inv.CSeq()+101 || again.Get("Route") == "" {
			t.Errorf("re-INVITE: %s", again.Raw)
		}
		if !strings.Contains(again.Body, "o=- 7 102 IN IP4 127.0.0.1\r\n") {
			t.Errorf("session description: %s", again.Body)
		}
		again.Reply(401, siptest.With("WWW-Authenticate", `Digest realm="carrier", nonce="n", qop="auth"`))
		r.peer().Expect("ACK")
		again = r.peer().Expect("INVITE")
		if !strings.Contains(again.Get("Authorization"), `nonce="n"`) {
			t.Errorf("after the challenge: %s", again.Raw)
		}
		again.Reply(200, siptest.Body(siptest.SDP))
		if ack := r.peer().Expect("ACK"); !strings.Contains(ack.Get("Authorization"), `nonce="n"`) {
			t.Errorf("the ACK lacks its INVITE's credentials: %s", ack.Raw)
		}
		if e := w.want(EventAnswered); string(e.SDP) != siptest.SDP || len(e.Dialog) == 0 {
			t.Errorf("%+v", e)
		}
		w.quiet(10 * time.Second)
		if res := inv.Dialog().Ask("BYE", siptest.CSeq(7)); res.Code() != 200 {
			t.Errorf("BYE answered %d", res.Code())
		}
		w.ended(CauseHangup)
		r.idle()
	})
}

func TestCallLostInRestart(t *testing.T) {
	for _, code := range []int{481, 408, 486, 500} {
		virtual(t, 1, func(r *rig) {
			kept, _ := r.restarted()
			w := r.recover(kept)
			r.peer().Expect("INVITE").Reply(code)
			w.ended(CauseNodeRestart)
			r.bye()
			r.idle()
		})
	}
}

func TestNobodyThereAfterRestart(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		kept, _ := r.restarted()
		w := r.recover(kept)
		inv := r.peer().Expect("INVITE")
		began := time.Now()
		w.ended(CauseNodeRestart)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("after %v", took)
		}
		r.bye()
		inv.Reply(200, siptest.Body(siptest.SDP)) // too late, and acknowledged
		r.peer().Expect("ACK")
		r.idle()
	})
}

func TestHangupDuringRecovery(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		kept, _ := r.restarted()
		w := r.recover(kept)
		r.peer().Expect("INVITE").Reply(100)
		w.Hangup()
		w.ended(CauseLocal)
		r.bye()
		r.idle()
	})
}

func TestBrokenSnapshots(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		good := `{"trunk":"a","net":"udp","hop":"127.0.0.1:9","id":"x","l":{"u":"sip:a@h","t":"1"},"r":{"u":"sip:b@h","t":"2"},"to":"sip:b@h","c":1,"o":{}}`
		if _, err := parseDialog([]byte(good)); err != nil {
			t.Fatal(err)
		}
		for _, change := range []struct{ old, new string }{
			{`{"trunk"`, `"trunk"`},
			{`"net":"udp"`, `"net":"sctp"`},
			{`"hop":"127.0.0.1:9"`, `"hop":""`},
			{`"id":"x"`, `"id":""`},
			{`"id":"x"`, `"id":"x\r\nX-Evil: 1"`},
			{`"t":"1"`, `"t":""`},
			{`"t":"2"`, `"t":"2\nX"`},
			{`"to":"sip:b@h"`, `"to":"tel:+1"`},
			{`"to":"sip:b@h"`, `"to":"sip:b@h\r\nX-Evil: 1"`},
			{`"to":"sip:b@h"`, `"to":"sip:b@h>"`},
			{`"u":"sip:a@h"`, `"n":"a\r\nb","u":"sip:a@h"`},
			{`"c":1`, `"c":4294967295`},
			{`"c":1`, `"se":-1`},
			{`"c":1`, `"via":["nonsense"]`},
			{`"o":{}`, `"o":{"s":"1 2"}`},
			{`"o":{}`, `"o":{"a":"IN\r\nX"}`},
		} {
			bad := strings.Replace(good, change.old, change.new, 1)
			w, sink := r.watch()
			w.Call = r.agent.Recover([]byte(bad), []byte(offerSDP), sink)
			w.ended(CauseNodeRestart)
		}
		if n := len(r.peer().Log()); n != 0 {
			t.Errorf("%d messages went out", n)
		}
		r.idle()
	})
}

func TestProbe(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.up(w)
		w.Probe()
		w.Probe()
		r.peer().Expect("OPTIONS").Reply(405)
		w.want(EventAlive)
		w.quiet(time.Second)
		w.Probe()
		r.peer().Expect("OPTIONS")
		began := time.Now()
		w.ended(CauseGone)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("after %v", took)
		}
		r.bye()
		r.idle()
	})
}

func TestProbeOfADeadDialog(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.up(w)
		w.Probe()
		r.peer().Expect("OPTIONS").Reply(481)
		w.ended(CauseGone)
		r.bye()
		r.idle()
	})
}
