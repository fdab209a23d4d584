package sip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"partyline/sip/siptest"
)

// The faults of sipgo 1.7.2 that a dialer runs into, each against a scripted
// far end. Fault 15 and 17 have further tests where names are resolved and
// text is made safe.

// hosts resolves names to addresses, without SRV records.
type hosts map[string][]netip.Addr

func (h hosts) LookupNetIP(_ context.Context, _, name string) ([]netip.Addr, error) {
	if ips := h[strings.TrimSuffix(name, ".")]; len(ips) > 0 {
		return ips, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (h hosts) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// named makes trunk a's address a name.
func named(r *rig, cfg *Config) {
	_, port, _ := net.SplitHostPort(r.peer().Addr())
	cfg.Trunks[0].URI = "sip:carrier.example:" + port + ";transport=udp"
}

func TestFault01CancelGoesWhereTheInviteWent(t *testing.T) {
	virtualWith(t, 1, named, func(r *rig) {
		w := r.dial()
		inv := r.peer().Expect("INVITE")
		if !strings.Contains(inv.URI(), "@carrier.example:") {
			t.Fatalf("Request-URI %s", inv.URI())
		}
		inv.Reply(180, siptest.With("Record-Route", "<sip:127.0.0.9;lr>"))
		w.want(EventTrying, EventRinging)
		w.Hangup()
		w.ended(CauseCanceled)
		cancel := r.peer().Expect("CANCEL")
		if cancel.URI() != inv.URI() || cancel.Get("Via") != inv.Get("Via") || cancel.CSeq() != inv.CSeq() ||
			cancel.Get("From") != inv.Get("From") || cancel.Get("To") != inv.Get("To") || len(cancel.All("Via")) != 1 {
			t.Errorf("CANCEL does not match its INVITE:\n%s\n%s", cancel.Raw, inv.Raw)
		}
		if cancel.Get("Contact") != "" || cancel.Get("Route") != "" {
			t.Errorf("CANCEL with Contact or Route:\n%s", cancel.Raw)
		}
		cancel.Reply(200)
		inv.Reply(487)
		r.peer().Expect("ACK")
		r.idle()
	}, WithResolver(hosts{"carrier.example": {netip.MustParseAddr("127.0.0.1")}}))
}

func TestFault02AnswerCrossingTheCancelIsHungUp(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		inv := r.peer().Expect("INVITE")
		inv.Reply(180)
		w.want(EventTrying, EventRinging)
		w.Hangup()
		w.ended(CauseCanceled)
		cancel := r.peer().Expect("CANCEL")
		inv.Reply(200, siptest.Body(siptest.SDP))
		cancel.Reply(200)
		ack := r.peer().Expect("ACK")
		bye := r.peer().Expect("BYE")
		if ack.CSeq() != inv.CSeq() || bye.CSeq() <= inv.CSeq() || bye.Param("To", "tag") != "peer" || bye.Get("From") != inv.Get("From") {
			t.Errorf("ACK %s\nBYE %s", ack.Raw, bye.Raw)
		}
		inv.Reply(200, siptest.Body(siptest.SDP)) // our ACK was lost
		time.Sleep(100 * time.Millisecond)
		if n := r.peer().Repeats("ACK"); n != 1 {
			t.Errorf("%d ACKs for a repeated 200", n)
		}
		bye.Reply(200)
		r.idle()
		if n := len(r.peer().Received("BYE")); n != 1 {
			t.Errorf("%d BYEs", n)
		}
		if n := r.agent.Stats().Strays; n != 1 {
			t.Errorf("%d strays counted", n)
		}
	})
}

// An answer may come after everything else of the call is over.
func TestFault02AnswerLongAfterTheEnd(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		time.Sleep(strayGrace)
		w := r.dial()
		inv := r.peer().Expect("INVITE")
		inv.Reply(180)
		w.want(EventTrying, EventRinging)
		w.Hangup()
		w.ended(CauseCanceled)
		r.peer().Expect("CANCEL").Reply(200)
		inv.Reply(487)
		r.peer().Expect("ACK")
		r.idle()
		time.Sleep(time.Minute)
		inv.Reply(200, siptest.Body(siptest.SDP), siptest.Tag("late"))
		r.peer().Expect("ACK")
		if bye := r.bye(); bye.Param("To", "tag") != "late" {
			t.Errorf("BYE: %s", bye.Raw)
		}
	})
}

func TestFault03NoCancelBeforeAProvisional(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial(func(q *Request) { q.RingTimeout = 10 * time.Second })
		inv := r.peer().Expect("INVITE")
		inv.Reply(100)
		inv.Reply(401, siptest.With("WWW-Authenticate", `Digest realm="carrier", nonce="n1", algorithm=MD5, qop="auth"`))
		r.peer().Expect("ACK")
		second := r.peer().Expect("INVITE") // never answered until after the ring timer
		began := time.Now()
		w.want(EventTrying)
		w.ended(CauseNoAnswer)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("the ring timer took %v", took)
		}
		time.Sleep(5 * time.Second)
		if n := len(r.peer().Received("CANCEL")); n != 0 {
			t.Fatalf("%d CANCELs before a provisional answer", n)
		}
		second.Reply(180)
		cancel := r.peer().Expect("CANCEL")
		if cancel.Get("Via") != second.Get("Via") || cancel.CSeq() != second.CSeq() {
			t.Errorf("CANCEL: %s", cancel.Raw)
		}
		cancel.Reply(200)
		second.Reply(487)
		r.idle()
	}, withPassword)
}

func withPassword(c *Config) { c.Trunks[0].Username, c.Trunks[0].Password = "user", "secret" }

func TestFault04ProvisionalsWithoutLimit(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		inv := r.peer().Expect("INVITE")
		for range 60 {
			inv.Reply(180)
			time.Sleep(500 * time.Millisecond)
		}
		w.want(EventTrying, EventRinging)
		inv.Reply(200, siptest.Body(siptest.SDP))
		w.want(EventAnswered)
		r.peer().Expect("ACK")
		w.Hangup()
		w.ended(CauseLocal)
		r.bye()
		r.idle()
	})
}

func TestFault05NobodyWaitsForACancel(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		inv := r.peer().Expect("INVITE")
		w.want(EventTrying)
		began := time.Now()
		w.Hangup()
		w.ended(CauseCanceled)
		if took := time.Since(began); took != 0 {
			t.Errorf("the end took %v", took)
		}
		time.Sleep(3 * time.Second)
		inv.Reply(180) // only now may it be canceled
		r.peer().Expect("CANCEL").Reply(200)
		inv.Reply(487)
		r.peer().Expect("ACK")
		r.idle()
	})
}

// A far end that never says anything leaves nothing behind.
func TestFault05SilentTrunkDiesInTheBackground(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.peer().Expect("INVITE")
		w.want(EventTrying)
		w.Hangup()
		w.ended(CauseCanceled)
		r.idle()
		if n := len(r.peer().Received("CANCEL")); n != 0 {
			t.Errorf("%d CANCELs without any answer", n)
		}
	})
}

// Nor does one that takes the CANCEL and never ends the INVITE.
func TestFault05CancelWithoutFinalAnswer(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		inv := r.peer().Expect("INVITE")
		inv.Reply(180)
		w.want(EventTrying, EventRinging)
		w.Hangup()
		w.ended(CauseCanceled)
		r.peer().Expect("CANCEL").Reply(200)
		r.idle()
	})
}

func TestFault06SecondForkIsHungUpWithItsOwnTag(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		inv := r.peer().Expect("INVITE")
		inv.Reply(200, siptest.Body(siptest.SDP), siptest.Tag("A"))
		inv.Reply(200, siptest.Body(siptest.SDP), siptest.Tag("B"))
		acks := map[string]bool{}
		for range 2 {
			acks[r.peer().Expect("ACK").Param("To", "tag")] = true
		}
		if !acks["A"] || !acks["B"] {
			t.Errorf("acknowledged: %v", acks)
		}
		if bye := r.bye(); bye.Param("To", "tag") != "B" {
			t.Errorf("BYE: %s", bye.Raw)
		}
		w.want(EventTrying, EventAnswered)
		w.quiet(time.Minute)
		w.Hangup()
		w.ended(CauseLocal)
		if bye := r.bye(); bye.Param("To", "tag") != "A" {
			t.Errorf("BYE: %s", bye.Raw)
		}
		r.idle()
	})
}

func TestFault07ByeWithCredentials(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.up(w)
		w.Hangup()
		w.ended(CauseLocal)
		bye := r.peer().Expect("BYE")
		bye.Reply(407, siptest.With("Proxy-Authenticate", `Digest realm="carrier", nonce="n1", algorithm=MD5, qop="auth"`))
		again := r.peer().Expect("BYE")
		if again.CSeq() != bye.CSeq()+1 || !strings.Contains(again.Get("Proxy-Authorization"), `username="user"`) {
			t.Errorf("BYE after the challenge: %s", again.Raw)
		}
		again.Reply(200)
		r.idle()
	}, withPassword)
}

func TestFault07RefusedByeEndsTheCallToo(t *testing.T) {
	for _, code := range []int{408, 481, 500} {
		virtual(t, 1, func(r *rig) {
			w := r.dial()
			r.up(w)
			w.Hangup()
			w.ended(CauseLocal)
			r.peer().Expect("BYE").Reply(code)
			r.idle()
		})
	}
}

func TestFault08ReinviteAcknowledgedAgain(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.up(w)
		w.Reinvite([]byte(offerSDP + "a=sendonly\r\n"))
		inv := r.peer().Expect("INVITE")
		moved := siptest.Contact("sip:moved@" + r.peer().Addr())
		inv.Reply(200, siptest.Body(siptest.SDP), moved)
		first := r.peer().Expect("ACK")
		inv.Reply(200, siptest.Body(siptest.SDP), moved)
		time.Sleep(time.Second)
		if first.CSeq() != inv.CSeq() || r.peer().Repeats("ACK") != 1 {
			t.Errorf("ACK of CSeq %d, %d repeats", first.CSeq(), r.peer().Repeats("ACK"))
		}
		if e := w.want(EventReinvited); e.Code != 200 || string(e.SDP) != siptest.SDP {
			t.Errorf("%+v", e)
		}
		w.Hangup()
		w.ended(CauseLocal)
		if bye := r.bye(); !strings.HasPrefix(bye.URI(), "sip:moved@") {
			t.Errorf("the target was not refreshed: %s", bye.URI())
		}
		r.idle()
	})
}

func TestFault08GlareBacksOff(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.up(w)
		w.Reinvite([]byte(offerSDP + "a=sendonly\r\n"))
		inv := r.peer().Expect("INVITE")
		inv.Reply(491)
		r.peer().Expect("ACK")
		began := time.Now()
		again := r.peer().Expect("INVITE")
		if took := time.Since(began); took < 2100*time.Millisecond || took > 4*time.Second {
			t.Errorf("offered again after %v", took)
		}
		if again.Body != inv.Body || again.CSeq() != inv.CSeq()+1 {
			t.Errorf("second offer: %s", again.Raw)
		}
		again.Reply(200, siptest.Body(siptest.SDP))
		r.peer().Expect("ACK")
		w.want(EventReinvited)
		w.Hangup()
		w.ended(CauseLocal)
		r.bye()
	})
}

func TestFault09PrackInOrder(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		inv := r.peer().Expect("INVITE")
		if !strings.Contains(inv.Get("Supported"), "100rel") {
			t.Errorf("Supported: %s", inv.Get("Supported"))
		}
		rel := func(n int) siptest.Part { return siptest.With("RSeq", fmt.Sprint(n)) }
		require := siptest.With("Require", "100rel")
		inv.Reply(183, require, rel(7788), siptest.Body(siptest.SDP))
		prack := r.peer().Expect("PRACK")
		if prack.Get("RAck") != fmt.Sprintf("7788 %d INVITE", inv.CSeq()) || prack.Param("To", "tag") != "peer" {
			t.Errorf("PRACK: %s", prack.Raw)
		}
		prack.Reply(200)
		inv.Reply(183, require, rel(7788), siptest.Body(siptest.SDP)) // again: our PRACK may have been lost, its transaction sees to that
		inv.Reply(180, require, rel(7790))                            // 7789 is missing: not yet
		inv.Reply(180, require, rel(7789))
		second := r.peer().Expect("PRACK")
		if second.Get("RAck") != fmt.Sprintf("7789 %d INVITE", inv.CSeq()) || second.CSeq() != prack.CSeq()+1 {
			t.Errorf("second PRACK: %s", second.Raw)
		}
		second.Reply(200)
		inv.Reply(200, siptest.Body(siptest.SDP))
		w.want(EventTrying, EventEarlyMedia, EventRinging, EventAnswered)
		r.peer().Expect("ACK")
		if n := len(r.peer().Received("PRACK")); n != 2 {
			t.Errorf("%d PRACKs", n)
		}
		w.Hangup()
		w.ended(CauseLocal)
		if bye := r.bye(); bye.CSeq() <= second.CSeq() {
			t.Errorf("BYE with CSeq %d after PRACK with %d", bye.CSeq(), second.CSeq())
		}
		r.idle()
	})
}

func TestFault10InviteTooLongForUDP(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial(func(q *Request) {
			q.Offer = func(string) ([]byte, error) { return []byte(offerSDP + strings.Repeat("a=x-very-long\r\n", 100)), nil }
		})
		w.want(EventTrying)
		e := w.ended(CauseTrunkFailure)
		if !strings.Contains(e.Phrase, "MTU") {
			t.Errorf("phrase %q does not say why", e.Phrase)
		}
		r.idle()
	})
}

// What we send must fit: the longest INVITE of ours is one after a challenge.
func TestFault10OurInvitesAreShort(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		long := offerSDP + strings.Repeat("a=fmtp:101 0-15\r\n", (370-len(offerSDP))/17)
		r.dial(func(q *Request) {
			q.DisplayName = strings.Repeat("N", 100)
			q.Offer = func(string) ([]byte, error) { return []byte(long), nil }
		})
		inv := r.peer().Expect("INVITE")
		inv.Reply(407, siptest.With("Proxy-Authenticate", `Digest realm="a.long.realm.carrier.example", nonce="`+strings.Repeat("n", 64)+`", opaque="`+strings.Repeat("o", 32)+`", algorithm=SHA-256, qop="auth"`))
		r.peer().Expect("ACK")
		again := r.peer().Expect("INVITE")
		if len(again.Raw) > 1300 || len(again.Body) < 350 {
			t.Errorf("%d bytes, %d of them the session description", len(again.Raw), len(again.Body))
		}
		again.Reply(486)
		r.peer().Expect("ACK")
	}, withPassword)
}

func TestFault11OneSocketForBothWays(t *testing.T) {
	r := real(t, siptest.UDP(t), "udp:127.0.0.1:0")
	w := r.dial()
	inv := r.peer().Expect("INVITE")
	addr := strings.TrimPrefix(r.agent.Addrs()[0], "udp:")
	if inv.From != addr || !strings.Contains(inv.Get("Via"), addr) || !strings.Contains(inv.Get("Contact"), addr) {
		t.Errorf("listening on %s, INVITE from %s, Via %s, Contact %s", addr, inv.From, inv.Get("Via"), inv.Get("Contact"))
	}
	w.Hangup()
	inv.Reply(486)
}

func TestFault12UnreachableTrunk(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := ln.Addr().String()
	_ = ln.Close()
	r := real(t, siptest.TCP(t), "tcp:127.0.0.1:0", func(c *Config) { c.Trunks[0].URI = "sip:" + gone + ";transport=tcp" })
	w := r.dial()
	w.want(EventTrying)
	w.ended(CauseTrunkFailure)
	if n := r.agent.Stats().Panics; n != 0 {
		t.Errorf("%d panics", n)
	}
}

// A timeout and a transport error come as different types from sipgo; here
// they are one thing with two causes.
func TestFault13SilenceIsNotAnError(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial(func(q *Request) { q.RingTimeout = 10 * time.Minute })
		r.peer().Expect("INVITE")
		began := time.Now()
		w.want(EventTrying)
		w.ended(CauseNoAnswer)
		if took := time.Since(began); took < 31*time.Second || took > 33*time.Second {
			t.Errorf("Timer B took %v", took)
		}
		r.idle()
	})
}

func TestFault14ByeOvertakesTheAnswer(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		inv := r.peer().Expect("INVITE")
		inv.Reply(180)
		w.want(EventTrying, EventRinging)
		if res := inv.Dialog().Ask("BYE"); res.Code() != 200 {
			t.Errorf("BYE answered %d", res.Code())
		}
		inv.Reply(200, siptest.Body(siptest.SDP))
		r.peer().Expect("ACK")
		w.want(EventAnswered)
		w.ended(CauseHangup)
		r.idle()
	})
}

func TestFault14ReinviteOvertakesTheAnswer(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		inv := r.peer().Expect("INVITE")
		w.want(EventTrying)
		d := inv.Dialog()
		cseq := d.Send("INVITE", siptest.Body(siptest.SDP))
		time.Sleep(100 * time.Millisecond)
		inv.Reply(200, siptest.Body(siptest.SDP))
		r.peer().Expect("ACK")
		w.want(EventAnswered)
		w.want(EventOffered).Reply(200, []byte(offerSDP))
		if res := r.peer().ExpectResponse("INVITE", cseq); res.Code() != 200 {
			t.Errorf("re-INVITE answered %d", res.Code())
		}
		d.Send("ACK")
		w.want(EventDialog)
		w.Hangup()
		w.ended(CauseLocal)
		r.bye()
		r.idle()
	})
}

func TestFault14SwappedRequestsAreServedInOrder(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		d := r.up(w)
		key := func(k string) siptest.Part {
			return siptest.Content("application/dtmf-relay", "Signal="+k+"\r\nDuration=160\r\n")
		}
		d.Ask("INFO", key("1"), siptest.CSeq(10))
		d.Send("INFO", key("3"), siptest.CSeq(12))
		d.Send("INFO", key("2"), siptest.CSeq(11))
		got := ""
		for range 3 {
			got += string(w.want(EventDigit).Digit)
		}
		if got != "123" {
			t.Errorf("digits %q", got)
		}
		if res := d.Ask("INFO", key("9"), siptest.CSeq(5)); res.Code() != 500 {
			t.Errorf("an old request was answered %d", res.Code())
		}
		d.Send("BYE", siptest.CSeq(40)) // nothing is missing: numbers may be skipped
		w.ended(CauseHangup)
	})
}

func TestFault16NoGlobalIsChanged(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		if sip.T1 != 500*time.Millisecond || sip.T2 != 4*time.Second || sip.Timer_B != 32*time.Second || sip.UDPMTUSize != 1500 {
			t.Errorf("T1 %v T2 %v B %v MTU %d", sip.T1, sip.T2, sip.Timer_B, sip.UDPMTUSize)
		}
	})
}

func TestFault17NoForeignHeaders(t *testing.T) {
	for _, bad := range []string{"a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1", "a\x00b", "\x7f"} {
		for name, change := range map[string]func(*Request){
			"display name": func(q *Request) { q.DisplayName = bad },
			"number":       func(q *Request) { q.Number = "+1202" + bad },
			"caller id":    func(q *Request) { q.CallerID = "+1202" + bad },
		} {
			virtual(t, 1, func(r *rig) {
				w := r.dial(change)
				w.ended(CauseInternalError)
				r.idle()
				if n := len(r.peer().Log()); n != 0 {
					t.Errorf("%s %q: %d messages were sent: %s", name, bad, n, r.peer().Dump())
				}
			})
		}
		if _, err := Listen(Config{UserAgent: bad}); err == nil {
			t.Errorf("user agent %q was taken", bad)
		}
	}
}

func TestFault17QuotesInTheDisplayName(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial(func(q *Request) { q.DisplayName = `Ann "the \ boss" <sip:x@y>;tag=1, é` })
		inv := r.peer().Expect("INVITE")
		if want := `"Ann \"the \\ boss\" <sip:x@y>;tag=1, é" <sip:+12025550000@`; !strings.HasPrefix(inv.Get("From"), want) {
			t.Errorf("From: %s", inv.Get("From"))
		}
		w.Hangup()
		inv.Reply(486)
	})
}

func TestFault18OneFaultEndsOneCall(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		good := r.dial()
		r.up(good)
		bad := r.dial()
		inv := r.peer().Expect("INVITE")
		bad.want(EventTrying)
		boom := bad.Call
		boom.box.command(func() { panic("hook") })
		bad.ended(CauseInternalError)
		inv.Reply(180)
		r.peer().Expect("CANCEL").Reply(200)
		inv.Reply(487)
		r.peer().Expect("ACK")
		if n := r.agent.Stats().Panics; n != 1 {
			t.Errorf("%d panics counted", n)
		}
		good.Hangup()
		good.ended(CauseLocal)
		r.bye()
		r.idle()
	})
}

func TestFault18SinkThatPanics(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		s, err := r.agent.Reserve(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		r.agent.Dial(s, Request{Number: "+12025550100", Offer: func(string) ([]byte, error) { return []byte(offerSDP), nil }},
			func(Event) { panic("sink") })
		w := r.dial()
		r.up(w)
		w.Hangup()
		w.ended(CauseLocal)
		r.bye()
	})
}
