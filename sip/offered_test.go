package sip

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"partyline/sip/siptest"
)

const holdSDP = "v=0\r\no=carrier 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=sendonly\r\n"

func TestFarEndHoldsAndResumes(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		d := r.up(w)
		for i := range 20 {
			cseq := d.Send("INVITE", siptest.Body(holdSDP), siptest.Contact("sip:held@"+r.peer().Addr()))
			e := w.want(EventOffered)
			if string(e.SDP) != holdSDP {
				t.Fatalf("offer %q", e.SDP)
			}
			answer := strings.Replace(offerSDP, "m=audio 30000", "m=audio "+string(rune('1'+i%9))+"0000", 1)
			e.Reply(200, []byte(answer))
			e.Reply(488, nil) // later words do nothing
			res := r.peer().ExpectResponse("INVITE", cseq)
			if res.Code() != 200 || res.Get("Contact") == "" || !strings.Contains(res.Body, "m=audio "+string(rune('1'+i%9))) {
				t.Fatalf("re-INVITE answered: %s", res.Raw)
			}
			w.want(EventDialog)
			d.Send("ACK")
		}
		w.Hangup()
		w.ended(CauseLocal)
		if bye := r.bye(); !strings.HasPrefix(bye.URI(), "sip:held@") {
			t.Errorf("target not refreshed: %s", bye.URI())
		}
		r.idle()
	})
}

func TestOurAnswerIsRepeatedUntilAcknowledged(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		d := r.up(w)
		cseq := d.Send("INVITE", siptest.Body(holdSDP))
		w.want(EventOffered).Reply(200, []byte(offerSDP))
		w.want(EventDialog)
		for range 4 { // at 0, 0.5, 1.5, 3.5 s
			r.peer().ExpectResponse("INVITE", cseq)
		}
		d.Send("ACK")
		w.quiet(time.Minute)
		w.Hangup()
		w.ended(CauseLocal)
		r.bye()
		r.idle()
	})
}

func TestOurAnswerIsNeverAcknowledged(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		d := r.up(w)
		d.Send("INVITE", siptest.Body(holdSDP))
		w.want(EventOffered).Reply(200, []byte(offerSDP))
		began := time.Now()
		w.want(EventDialog)
		w.ended(CauseGone)
		if took := time.Since(began); took != 32*time.Second {
			t.Errorf("after %v", took)
		}
		r.bye()
		r.idle()
	})
}

func TestOfferNobodyReplies(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		d := r.up(w)
		cseq := d.Send("INVITE", siptest.Body(holdSDP))
		e := w.want(EventOffered)
		if res := r.peer().ExpectResponse("INVITE", cseq); res.Code() != 500 {
			t.Errorf("answered %d", res.Code())
		}
		e.Reply(200, []byte(offerSDP)) // too late
		w.quiet(time.Minute)
		d.Send("ACK")
		cseq = d.Send("INVITE", siptest.Body(holdSDP))
		w.want(EventOffered).Reply(488, nil)
		if res := r.peer().ExpectResponse("INVITE", cseq); res.Code() != 488 {
			t.Errorf("answered %d", res.Code())
		}
		d.Send("ACK")
		w.Hangup()
		w.ended(CauseLocal)
		r.bye()
		r.idle()
	})
}

func TestReinviteWithoutOffer(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		d := r.up(w)
		cseq := d.Send("INVITE")
		res := r.peer().ExpectResponse("INVITE", cseq)
		if res.Code() != 200 || res.Body != offerSDP {
			t.Fatalf("answered %s", res.Raw)
		}
		w.want(EventDialog)
		d.Send("ACK", siptest.Body(holdSDP))
		if e := w.want(EventReinvited); string(e.SDP) != holdSDP {
			t.Errorf("their answer: %q", e.SDP)
		}
		w.Hangup()
		w.ended(CauseLocal)
		r.bye()
		r.idle()
	})
}

func TestUpdateWithOffer(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		d := r.up(w)
		cseq := d.Send("UPDATE", siptest.Body(holdSDP))
		w.want(EventOffered).Reply(200, []byte(offerSDP))
		if res := r.peer().ExpectResponse("UPDATE", cseq); res.Code() != 200 || res.Body != offerSDP {
			t.Errorf("answered %s", res.Raw)
		}
		w.want(EventDialog)
		w.quiet(time.Minute)
	})
}

func TestGlareIsAnswered491(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		d := r.up(w)
		w.Reinvite([]byte(offerSDP + "a=sendonly\r\n"))
		ours := r.peer().Expect("INVITE")
		if res := d.Ask("INVITE", siptest.Body(holdSDP)); res.Code() != 491 {
			t.Errorf("answered %d", res.Code())
		}
		d.Send("ACK")
		ours.Reply(200, siptest.Body(siptest.SDP))
		r.peer().Expect("ACK")
		w.want(EventReinvited)
		cseq := d.Send("INVITE", siptest.Body(holdSDP))
		e := w.want(EventOffered)
		w.Reinvite([]byte(offerSDP)) // has to wait for theirs
		if res := d.Ask("INVITE", siptest.Body(holdSDP)); res.Code() != 500 || res.Get("Retry-After") == "" {
			t.Errorf("a second offer was answered %s", res.Raw)
		}
		e.Reply(200, []byte(offerSDP))
		r.peer().ExpectResponse("INVITE", cseq)
		w.want(EventDialog)
		if n := len(r.peer().Received("INVITE")); n != 2 {
			t.Errorf("%d INVITEs of ours before the ACK", n)
		}
		d.Send("ACK", siptest.CSeq(cseq))
		r.peer().Expect("INVITE").Reply(200, siptest.Body(siptest.SDP))
		w.want(EventReinvited)
	})
}

func TestReinviteRefused(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.up(w)
		w.Reinvite([]byte(offerSDP))
		r.peer().Expect("INVITE").Reply(488)
		if e := w.want(EventReinvited); e.Code != 488 || e.SDP != nil {
			t.Errorf("%+v", e)
		}
		w.Reinvite([]byte(offerSDP))
		r.peer().Expect("INVITE").Reply(481)
		w.ended(CauseGone)
		r.bye()
		r.idle()
	})
}

func TestReinviteNeverEnds(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.up(w)
		w.Reinvite([]byte(offerSDP))
		r.peer().Expect("INVITE").Reply(100)
		if e := w.want(EventReinvited); e.Code != 408 {
			t.Errorf("%+v", e)
		}
		r.peer().Expect("CANCEL").Reply(200)
		w.Hangup()
		w.ended(CauseLocal)
		r.bye()
		r.idle()
	})
}

func TestCanceledReinvite(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		d := r.up(w)
		cseq := d.Send("INVITE", siptest.Body(holdSDP))
		e := w.want(EventOffered)
		d.Again("CANCEL", cseq)
		if res := r.peer().ExpectResponse("INVITE", cseq); res.Code() != 487 {
			t.Errorf("answered %d", res.Code())
		}
		e.Reply(200, []byte(offerSDP))
		w.quiet(time.Minute)
		w.Reinvite([]byte(offerSDP)) // nothing is in its way
		r.peer().Expect("INVITE").Reply(200, siptest.Body(siptest.SDP))
		w.want(EventReinvited)
	})
}

// The version of our session description grows with each change and with
// nothing else (RFC 3264 §8), whatever the one who writes it thinks.
func TestOriginFollowsTheDialog(t *testing.T) {
	line := func(sdp string) string {
		for l := range strings.Lines(sdp) {
			if strings.HasPrefix(l, "o=") {
				return strings.TrimSpace(l)
			}
		}
		return ""
	}
	var o origin
	for _, step := range []struct{ in, want string }{
		{"v=0\r\no=- 7 1 IN IP4 10.0.0.1\r\ns=a\r\n", "o=- 7 1 IN IP4 10.0.0.1"},
		{"v=0\r\no=- 7 1 IN IP4 10.0.0.1\r\ns=a\r\n", "o=- 7 1 IN IP4 10.0.0.1"},
		{"v=0\r\no=- 7 2 IN IP4 10.0.0.1\r\ns=b\r\n", "o=- 7 2 IN IP4 10.0.0.1"},
		{"v=0\r\no=- 7 9 IN IP4 10.0.0.1\r\ns=c\r\n", "o=- 7 9 IN IP4 10.0.0.1"},
		{"v=0\r\no=- 7 9 IN IP4 10.0.0.1\r\ns=d\r\n", "o=- 7 10 IN IP4 10.0.0.1"},
		{"v=0\r\no=x 55 1 IN IP4 10.0.0.9\r\ns=e\r\n", "o=- 7 11 IN IP4 10.0.0.1"},
		{"v=0\r\no=x 55 1 IN IP4 10.0.0.9\r\ns=e\r\n", "o=- 7 11 IN IP4 10.0.0.1"},
	} {
		got := string(o.stamp([]byte(step.in)))
		if line(got) != step.want {
			t.Errorf("%q: %q, want %q", line(step.in), line(got), step.want)
		}
		if strings.Replace(got, line(got), line(step.in), 1) != step.in {
			t.Errorf("more than the origin changed: %q", got)
		}
	}
	for _, odd := range []string{"", "v=0\r\n", "o=", "o=1 2\r\n", "o=- 7 x IN IP4 h\r\n"} {
		if got := o.stamp([]byte(odd)); string(got) != odd {
			t.Errorf("%q became %q", odd, got)
		}
	}
}

// A request that came over many proxies has an answer longer than sipgo sends
// in a datagram; it goes out all the same, and again until it is acknowledged.
func TestAnswersLongerThanADatagramOfSipgo(t *testing.T) {
	for name, proxies := range map[string]int{"a little": 6, "much": 15} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 1, func(r *rig) {
				w := r.dial()
				d := r.up(w)
				parts := []siptest.Part{siptest.Body(siptest.SDP)}
				for i := range proxies {
					parts = append(parts, siptest.With("Via", fmt.Sprintf("SIP/2.0/UDP proxy%d.example.com:5060;branch=z9hG4bK%060d", i, i)))
				}
				cseq := d.Send("INVITE", parts...)
				w.want(EventOffered).Reply(200, []byte(offerSDP))
				res := r.peer().ExpectResponse("INVITE", cseq)
				if res.Code() != 200 || res.Body != offerSDP || len(res.All("Via")) != proxies+1 {
					t.Errorf("answer of %d bytes: %s", len(res.Raw), res.Raw)
				}
				if again := r.peer().ExpectResponse("INVITE", cseq); again.Code() != 200 {
					t.Errorf("then %d", again.Code())
				}
				d.Send("ACK")
				w.want(EventDialog)
				if res := d.Ask("BYE", parts[1:]...); res.Code() != 200 {
					t.Errorf("BYE answered %d", res.Code())
				}
				w.ended(CauseHangup)
				r.idle()
			})
		})
	}
}
