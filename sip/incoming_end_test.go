package sip

import (
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"partyline/sip/siptest"
)

// sent counts what the peer has got of ours: requests of a method, or answers
// to it with a code.
func (b *doorbell) sent(method string, code int) (n int) {
	for _, m := range b.peer().Log() {
		if !m.Sent && m.Method() == method && m.Code() == code {
			n++
		}
	}
	return n
}

// A CANCEL that is there before we have looked at its INVITE is heard: nothing
// rings.
func TestCancelRightBehindTheInvite(t *testing.T) {
	called(t, func(b *doorbell) {
		b.agent.txl.OnRequest(func(req *sip.Request, tx *sip.ServerTx) {
			if req.IsInvite() {
				time.Sleep(time.Second) // a busy machine
			}
			b.agent.request(req, tx)
		})
		c := b.call()
		time.Sleep(100 * time.Millisecond)
		if code := c.Cancel().Code(); code != 200 {
			t.Fatalf("CANCEL answered %d", code)
		}
		if code := c.Final().Code(); code != 487 {
			t.Fatalf("answered %d", code)
		}
		time.Sleep(2 * time.Second)
		if len(b.calls) != 0 {
			t.Error("it rings")
		}
		b.idle()
	})
}

// A caller may end a call that is not answered by BYE too (RFC 3261 §15.1.2).
func TestByeBeforeOurAnswer(t *testing.T) {
	called(t, func(b *doorbell) {
		c := b.call()
		i := b.rings()
		c.Provisional(180)
		if code := c.Ask("BYE").Code(); code != 200 {
			t.Errorf("BYE answered %d", code)
		}
		if code := c.Final().Code(); code != 487 {
			t.Errorf("INVITE answered %d", code)
		}
		<-i.Gone
		b.pickUp(i).ended(CauseCanceled)
		b.idle()
	})
}

// What a caller sends before our answer is served after it.
func TestDigitBeforeOurAnswer(t *testing.T) {
	called(t, func(b *doorbell) {
		c := b.call()
		i := b.rings()
		c.Provisional(180)
		code := make(chan int, 1)
		go func() { code <- c.Ask("INFO", siptest.Content("application/dtmf-relay", "Signal=7\r\n")).Code() }()
		time.Sleep(time.Second)
		w := b.pickUp(i)
		if e := w.want(EventDigit); e.Digit != '7' {
			t.Errorf("digit %c", e.Digit)
		}
		if got := <-code; got != 200 {
			t.Errorf("INFO answered %d", got)
		}
		w.Hangup()
		w.ended(CauseLocal)
	})
}

// Our BYE waits for the ACK (RFC 3261 §15); until then the answer, which may
// have been lost, is repeated.
func TestHangupBeforeTheAck(t *testing.T) {
	called(t, func(b *doorbell) {
		c := b.call()
		w := b.pickUp(b.rings())
		c.Final()
		w.Hangup()
		w.ended(CauseLocal)
		time.Sleep(3 * time.Second)
		if byes, answers := b.sent("BYE", 0), b.sent("INVITE", 200); byes != 0 || answers < 3 {
			t.Errorf("%d BYEs, %d answers before the ACK", byes, answers)
		}
		c.Ack()
		b.bye()
		answers := b.sent("INVITE", 200)
		time.Sleep(10 * time.Second)
		if n := b.sent("INVITE", 200); n != answers {
			t.Error("the answer is repeated after the ACK")
		}
		b.idle()
	})
	called(t, func(b *doorbell) { // no ACK at all
		c := b.call()
		w := b.pickUp(b.rings())
		c.Final()
		w.Hangup()
		w.ended(CauseLocal)
		b.peer().ExpectWithin("BYE", time.Minute).Reply(200)
		b.idle()
	})
	called(t, func(b *doorbell) { // the caller hangs up first
		c := b.call()
		w := b.pickUp(b.rings())
		c.Final()
		w.Hangup()
		w.ended(CauseLocal)
		if code := c.Ask("BYE").Code(); code != 200 {
			t.Errorf("BYE answered %d", code)
		}
		b.idle()
		if n := b.sent("BYE", 0); n != 0 {
			t.Errorf("%d BYEs", n)
		}
	})
}

// Who was called waits less after two offers have met (RFC 3261 §14.1): the
// two sides must not meet again.
func TestGlareInACallToUs(t *testing.T) {
	called(t, func(b *doorbell) {
		_, w := b.talking()
		for range 20 {
			w.Reinvite([]byte(offerSDP))
			b.peer().Expect("INVITE").Reply(491)
			b.peer().Expect("ACK")
			refused := time.Now()
			b.peer().Expect("INVITE").Reply(200, siptest.Body(siptest.SDP))
			if d := time.Since(refused); d > 2050*time.Millisecond {
				t.Errorf("again after %v", d)
			}
			b.peer().Expect("ACK")
			w.want(EventReinvited)
		}
		w.Hangup()
		b.bye()
	})
}

func TestCloseWhileItRings(t *testing.T) {
	called(t, func(b *doorbell) {
		b.call()
		i := b.rings()
		if err := b.agent.Close(); err != nil {
			t.Fatal(err)
		}
		<-i.Gone
	})
}

// Where a caller asks for no session timer but names a limit, our wish keeps
// to it (RFC 4028 §9).
func TestSessionLimitOfACallToUs(t *testing.T) {
	called(t, func(b *doorbell) {
		c := b.call(siptest.With("Min-SE", "3600"))
		c.Provisional(100)
		w := b.pickUp(b.rings())
		if got := c.Final().Get("Session-Expires"); !strings.HasPrefix(got, "3600;") {
			t.Errorf("Session-Expires: %s", got)
		}
		c.Ack()
		w.want(EventAnswered)
		w.Hangup()
		b.bye()
	})
}

// A CANCEL that comes when we have decided to answer, and before the answer is
// out, has won: nothing is answered, and no BYE goes to a dialog that never was.
func TestCancelOvertakesOurAnswer(t *testing.T) {
	b := &doorbell{}
	told := make(chan Event, 10)
	virtualWith(t, 1, func(*rig, *Config) {}, func(r *rig) {
		b.rig = r
		c := b.call()
		c.Provisional(180)
		if code := c.Cancel().Code(); code != 200 {
			t.Errorf("CANCEL answered %d", code)
		}
		time.Sleep(2 * time.Second)
		if e := <-told; e.Kind != EventEnded || e.Cause != CauseCanceled || len(told) != 0 {
			t.Errorf("told %+v and %d more", e, len(told))
		}
		time.Sleep(time.Minute)
		byes, answers, refusals := b.sent("BYE", 0), b.sent("INVITE", 200), b.sent("INVITE", 487)
		if byes+answers != 0 || refusals < 5 { // nobody has acknowledged the 487
			t.Errorf("%d BYEs, %d answers, %d refusals", byes, answers, refusals)
		}
		b.idle()
	}, WithIncoming(func(i Incoming) {
		i.Answer([]byte(offerSDP), func(e Event) { told <- e })
		time.Sleep(time.Second) // the call's goroutine is late
	}))
}

// A body that need not be understood is no offer: ours is in the 200.
func TestCallToUsWithAnotherBody(t *testing.T) {
	called(t, func(b *doorbell) {
		c := b.peer().Invite(b.agent.Addrs()[0], "+12025550000",
			siptest.Content("application/isup", "\x01\x02"), siptest.With("Content-Disposition", "signal;handling=optional"))
		i := b.rings()
		if i.Offer != nil {
			t.Errorf("offer %q", i.Offer)
		}
		w := b.pickUp(i)
		c.Final()
		c.Ack(siptest.Body(siptest.SDP))
		if e := w.want(EventAnswered); string(e.SDP) != siptest.SDP {
			t.Errorf("answered with %q", e.SDP)
		}
		w.Hangup()
		b.bye()
	})
}
