package sip

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/sip/siptest"
)

// doorbell takes calls to us for a test.
type doorbell struct {
	*rig
	calls chan Incoming
}

// called runs a test with an agent that can be called.
func called(t *testing.T, f func(*doorbell), change ...func(*Config)) {
	t.Helper()
	b := &doorbell{calls: make(chan Incoming, 1000)}
	virtualWith(t, 1, func(_ *rig, c *Config) {
		for _, f := range change {
			f(c)
		}
	}, func(r *rig) {
		b.rig = r
		f(b)
	}, WithIncoming(func(i Incoming) { b.calls <- i }))
}

func (b *doorbell) call(parts ...siptest.Part) *siptest.Caller {
	b.t.Helper()
	return b.peer().Invite(b.agent.Addrs()[0], "+12025550000", append([]siptest.Part{siptest.Body(siptest.SDP)}, parts...)...)
}

func (b *doorbell) rings() Incoming {
	b.t.Helper()
	select {
	case i := <-b.calls:
		return i
	case <-time.After(time.Minute):
		b.t.Fatal("nothing rings")
		return Incoming{}
	}
}

// pickUp answers a call and returns what it tells.
func (b *doorbell) pickUp(i Incoming) *watched {
	w, sink := b.watch()
	w.Call = i.Answer([]byte(offerSDP), sink)
	return w
}

// up brings a call to us up.
func (b *doorbell) talking(parts ...siptest.Part) (*siptest.Caller, *watched) {
	b.t.Helper()
	c := b.call(parts...)
	w := b.pickUp(b.rings())
	if code := c.Final().Code(); code != 200 {
		b.t.Fatalf("answered %d", code)
	}
	c.Ack()
	w.want(EventAnswered)
	return c, w
}

func TestCallToUs(t *testing.T) {
	called(t, func(b *doorbell) {
		c := b.call(siptest.With("P-Asserted-Identity", `"Ann" <sip:+12025551234@carrier.example>`))
		i := b.rings()
		if i.Trunk != "a" || i.Called != "+12025550000" || i.Caller != "+12025551234" || string(i.Offer) != siptest.SDP {
			t.Errorf("rings with %+v", i)
		}
		ringing := c.Provisional(180)
		w := b.pickUp(i)
		ok := c.Final()
		if ok.Code() != 200 || !strings.Contains(ok.Body, "m=audio 30000") || ok.Get("Contact") == "" || ok.Get("Allow") == "" {
			t.Errorf("answer: %s", ok.Raw)
		}
		if ok.Param("To", "tag") == "" || ok.Param("To", "tag") != ringing.Param("To", "tag") {
			t.Error("two tags of ours in one dialog")
		}
		w.quiet(time.Second)
		c.Ack()
		e := w.want(EventAnswered)
		if len(e.Dialog) == 0 || e.SDP != nil {
			t.Errorf("answered: %+v", e)
		}
		if res := c.Ask("INFO", siptest.Content("application/dtmf-relay", "Signal=5\r\n")); res.Code() != 200 {
			t.Errorf("INFO: %d", res.Code())
		}
		if d := w.want(EventDigit); d.Digit != '5' {
			t.Errorf("digit %c", d.Digit)
		}
		if res := c.Ask("BYE"); res.Code() != 200 {
			t.Errorf("BYE: %d", res.Code())
		}
		w.ended(CauseHangup)
		b.idle()
	})
}

func TestCallToUsWithoutAnOffer(t *testing.T) {
	called(t, func(b *doorbell) {
		c := b.peer().Invite(b.agent.Addrs()[0], "+12025550000")
		i := b.rings()
		if i.Offer != nil {
			t.Errorf("offer %q", i.Offer)
		}
		w := b.pickUp(i)
		if ok := c.Final(); !strings.Contains(ok.Body, "m=audio 30000") {
			t.Errorf("answer without our offer: %s", ok.Raw)
		}
		c.Ack(siptest.Body(siptest.SDP))
		if e := w.want(EventAnswered); string(e.SDP) != siptest.SDP {
			t.Errorf("answered with %q", e.SDP)
		}
		w.Hangup()
		w.ended(CauseLocal)
		b.bye()
	})
}

func TestCallToUsIsRefused(t *testing.T) {
	for code, want := range map[int]int{486: 486, 603: 603, 503: 503, 200: 480, 0: 480} {
		called(t, func(b *doorbell) {
			c := b.call()
			i := b.rings()
			i.Refuse(code)
			if got := c.Final().Code(); got != want {
				t.Errorf("Refuse(%d) answered %d", code, got)
			}
			<-i.Gone
			b.idle()
		})
	}
}

func TestCallToUsNobodyDecides(t *testing.T) {
	called(t, func(b *doorbell) {
		c := b.call()
		i := b.rings()
		began := time.Now()
		if code := c.Final().Code(); code != 480 || time.Since(began) < 29*time.Second {
			t.Errorf("%d after %v", code, time.Since(began))
		}
		<-i.Gone
		w := b.pickUp(i) // too late
		w.ended(CauseCanceled)
		b.idle()
	})
}

func TestCallToUsIsCanceled(t *testing.T) {
	called(t, func(b *doorbell) {
		c := b.call()
		i := b.rings()
		if code := c.Cancel().Code(); code != 200 {
			t.Errorf("CANCEL answered %d", code)
		}
		if code := c.Final().Code(); code != 487 {
			t.Errorf("INVITE answered %d", code)
		}
		<-i.Gone
		w := b.pickUp(i)
		w.ended(CauseCanceled)
		b.idle()
	})
}

// A CANCEL that crosses our 200 ends nothing: the caller hangs up by BYE.
func TestCancelAfterOurAnswer(t *testing.T) {
	called(t, func(b *doorbell) {
		c := b.call()
		w := b.pickUp(b.rings())
		if code := c.Final().Code(); code != 200 {
			t.Fatalf("answered %d", code)
		}
		c.Cancel()
		c.Ack()
		w.want(EventAnswered)
		c.Ask("BYE")
		w.ended(CauseHangup)
		b.idle()
	})
}

func TestAnswerToACallToUsIsRepeated(t *testing.T) {
	called(t, func(b *doorbell) {
		c := b.call()
		w := b.pickUp(b.rings())
		c.Final()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		n := 0
		for _, m := range b.peer().Log() {
			if !m.Sent && m.Code() == 200 && m.Method() == "INVITE" {
				n++
			}
		}
		if n != 3 { // at 0, 0.5 and 1.5 s
			t.Errorf("the 200 came %d times in three seconds", n)
		}
		c.Ack()
		w.want(EventAnswered)
		c.Ask("BYE")
		w.ended(CauseHangup)
	})
}

func TestAnswerToACallToUsIsNeverAcknowledged(t *testing.T) {
	called(t, func(b *doorbell) {
		c := b.call()
		w := b.pickUp(b.rings())
		c.Final()
		w.ended(CauseGone)
		b.bye()
		b.idle()
	})
}

func TestInviteThatComesAgain(t *testing.T) {
	called(t, func(b *doorbell) {
		c := b.call()
		i := b.rings()
		c.Again()
		c.ByAnotherWay()
		if code := c.Final().Code(); code != 482 {
			t.Errorf("another way answered %d", code)
		}
		w := b.pickUp(i)
		if code := c.Final().Code(); code != 200 {
			t.Errorf("answered %d", code)
		}
		c.Again() // its 200 was lost
		c.Ack()
		w.want(EventAnswered)
		if len(b.calls) != 0 {
			t.Error("it rings twice")
		}
		c.Ask("BYE")
		w.ended(CauseHangup)
	})
}

func TestWhatACallToUsMayRequire(t *testing.T) {
	for _, c := range []struct {
		part siptest.Part
		code int
		get  string
		want string
	}{
		{siptest.With("Require", "100rel"), 420, "Unsupported", "100rel"},
		{siptest.With("Require", "timer, precondition"), 420, "Unsupported", "precondition"},
		{siptest.With("Session-Expires", "30"), 422, "Min-SE", "90"},
	} {
		called(t, func(b *doorbell) {
			res := b.call(c.part).Final()
			if res.Code() != c.code || res.Get(c.get) != c.want {
				t.Errorf("answered %d, %s: %q", res.Code(), c.get, res.Get(c.get))
			}
			if len(b.calls) != 0 {
				t.Error("it rings")
			}
		})
	}
}

func TestSessionTimerOfACallToUs(t *testing.T) {
	called(t, func(b *doorbell) { // theirs
		c := b.call(siptest.With("Session-Expires", "120;refresher=uac"), siptest.With("Supported", "timer"))
		w := b.pickUp(b.rings())
		if got := c.Final().Get("Session-Expires"); got != "120;refresher=uac" {
			t.Errorf("Session-Expires: %s", got)
		}
		c.Ack()
		w.want(EventAnswered)
		w.ended(CauseGone) // nobody refreshed it
		b.bye()
	})
	called(t, func(b *doorbell) { // none: ours
		c := b.call()
		w := b.pickUp(b.rings())
		if got := c.Final().Get("Session-Expires"); got != "1800;refresher=uas" {
			t.Errorf("Session-Expires: %s", got)
		}
		c.Ack()
		w.want(EventAnswered)
		re := b.peer().ExpectWithin("INVITE", 20*time.Minute)
		re.Reply(200, siptest.Body(siptest.SDP))
		b.peer().Expect("ACK")
		w.Hangup()
		b.bye()
	})
}

func TestHoldInACallToUs(t *testing.T) {
	called(t, func(b *doorbell) {
		c, w := b.talking()
		reply := make(chan *siptest.Incoming, 1)
		go func() {
			reply <- c.Ask("INVITE", siptest.Body(strings.Replace(siptest.SDP, "sendrecv", "sendonly", 1)))
		}()
		e := w.want(EventOffered)
		e.Reply(200, []byte(strings.Replace(offerSDP, "30000", "30002", 1)))
		if res := <-reply; res.Code() != 200 {
			t.Errorf("re-INVITE answered %d", res.Code())
		}
		c.Ack()
		w.want(EventDialog)
		w.Reinvite([]byte(offerSDP))
		inv := b.peer().Expect("INVITE")
		if !strings.Contains(inv.Get("From"), "+12025550000") || inv.Param("To", "tag") == "" {
			t.Errorf("our re-INVITE: %s", inv.Raw)
		}
		inv.Reply(200, siptest.Body(siptest.SDP))
		b.peer().Expect("ACK")
		w.want(EventReinvited)
		w.Hangup()
		b.bye()
	})
}

// A proxy that wants to stay in the way does, in the order of its headers
// (RFC 3261 §12.1.1).
func TestRoutesOfACallToUs(t *testing.T) {
	called(t, func(b *doorbell) {
		first := "<sip:" + b.peer().Addr() + ";lr>"
		_, w := b.talking(siptest.With("Record-Route", first), siptest.With("Record-Route", "<sip:second.example;lr>"))
		w.Hangup()
		bye := b.bye()
		if r := bye.All("Route"); len(r) != 2 || r[0] != first || !strings.Contains(r[1], "second") {
			t.Errorf("Route: %q", r)
		}
	})
}

func TestCallToUsAfterARestart(t *testing.T) {
	called(t, func(b *doorbell) {
		c := b.call()
		w := b.pickUp(b.rings())
		c.Final()
		c.Ack()
		kept := w.want(EventAnswered).Dialog
		addr := b.agent.Addrs()[0]
		if err := b.agent.Close(); err != nil {
			t.Fatal(err)
		}
		b.start(Config{Listen: []string{addr}, Trunks: []Trunk{{Name: "a", URI: b.peer().URI()}}}, nil, WithPacketListener(b.net.ListenPacket))
		again := b.recover(kept)
		inv := b.peer().Expect("INVITE")
		if inv.Get("Call-ID") != c.CallID() || !strings.Contains(inv.Get("From"), "+12025550000") || !strings.Contains(inv.Get("To"), "+12025551001") {
			t.Errorf("re-INVITE: %s", inv.Raw)
		}
		inv.Reply(200, siptest.Body(siptest.SDP))
		b.peer().Expect("ACK")
		again.want(EventAnswered)
		again.Hangup()
		b.bye()
	})
}

func TestLimitsOfCallsToUs(t *testing.T) {
	called(t, func(b *doorbell) { // channels of the trunk
		_, w := b.talking()
		res := b.call().Final()
		if res.Code() != 503 || res.Get("Retry-After") == "" {
			t.Errorf("the second answered %d", res.Code())
		}
		w.Hangup()
		b.bye()
		b.idle()
		_, w = b.talking()
		w.Hangup()
		b.bye()
	}, func(c *Config) { c.Trunks[0].Channels = 1 })
	called(t, func(b *doorbell) { // that nobody has answered
		for range maxUnanswered {
			b.call()
		}
		for range maxUnanswered {
			b.rings()
		}
		if code := b.call().Final().Code(); code != 503 {
			t.Errorf("one more answered %d", code)
		}
		time.Sleep(decideTimeout + 40*time.Second)
		_, w := b.talking()
		w.Hangup()
		b.bye()
	})
}

func TestWhoCalls(t *testing.T) {
	for text, want := range map[string]string{
		"+12025551234": "+12025551234", "12025551234": "12025551234", "+1-202-555-1234": "+12025551234", "+1 (202) 555.1234": "+12025551234",
		"anonymous": "", "": "", "ann": "", "+": "", "+1234567890123456": "", "+12025551234;ext=5": "+12025551234", "1+2": "", "＋１２": "",
	} {
		if got := e164(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for value, want := range map[string]string{
		"<sip:+12025551234@x>": "+12025551234", `"A" <tel:+12025551234;x=y>`: "+12025551234", "tel:+12025551234": "+12025551234",
		"<sip:x": "", "": "", "<http://x>": "",
	} {
		if got := userOf(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
	called(t, func(b *doorbell) {
		b.call(siptest.With("Privacy", "id"), siptest.With("P-Asserted-Identity", "<sip:+12025551234@x>"))
		if i := b.rings(); i.Caller != "" {
			t.Errorf("caller %q who wants to be anonymous", i.Caller)
		}
	})
}
