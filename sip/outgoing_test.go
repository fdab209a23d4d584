package sip

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"partyline/sip/siptest"
)

func TestRingTimeoutIsHonoured(t *testing.T) {
	for name, answer := range map[string]func(*siptest.Incoming){
		"ringing": func(inv *siptest.Incoming) { inv.Reply(180) },
		"trying":  func(inv *siptest.Incoming) { inv.Reply(100) },
		"silent":  func(*siptest.Incoming) {},
	} {
		for _, limit := range []time.Duration{5 * time.Second, 25 * time.Second, 0} {
			if name == "silent" && limit == 0 {
				continue // Timer B comes first: TestFault13
			}
			t.Run(name, func(t *testing.T) {
				virtual(t, 1, func(r *rig) {
					w := r.dial(func(q *Request) { q.RingTimeout = limit })
					began := time.Now()
					answer(r.peer().Expect("INVITE"))
					for e := w.next(); ; e = w.next() {
						if e.Kind == EventEnded {
							if e.Cause != CauseNoAnswer {
								t.Errorf("ended with %s", e.Cause)
							}
							break
						}
					}
					want := limit
					if want == 0 {
						want = time.Minute
					}
					if took := time.Since(began); took != want {
						t.Errorf("ended after %v, want %v", took, want)
					}
					r.idle()
				})
			})
		}
	}
}

func TestFinalAnswersEndTheCallWithTheirCause(t *testing.T) {
	for code, want := range map[int]Cause{
		302: CauseRedirected, 403: CauseDestinationForbidden, 404: CauseInvalidNumber, 480: CauseUnavailable,
		486: CauseBusy, 488: CauseMediaMismatch, 600: CauseBusy, 603: CauseDeclined, 607: CauseUnwanted, 608: CauseCarrierBlocked,
	} {
		virtual(t, 2, func(r *rig) {
			w := r.dial()
			r.peer().Expect("INVITE").Reply(code, siptest.Phrase("Because"), siptest.Contact("sip:+8835100012345@127.0.0.66"))
			w.want(EventTrying)
			if e := w.ended(want); e.Code != code || e.Phrase != "Because" || e.Trunk != "a" {
				t.Errorf("%d: %+v", code, e)
			}
			r.peer().Expect("ACK")
			r.idle()
			if n := len(r.peers[1].Received("INVITE")); n != 0 {
				t.Errorf("%d: the phone was rung over the second trunk", code)
			}
		})
	}
}

func TestFailoverToTheNextTrunk(t *testing.T) {
	for code, last := range map[int]Cause{408: CauseNoAnswer, 429: CauseTrunkLimit, 430: CauseTrunkFailure, 500: CauseTrunkFailure, 502: CauseTrunkFailure, 503: CauseTrunkLimit, 504: CauseTrunkFailure} {
		virtual(t, 2, func(r *rig) {
			w := r.dial()
			inv := r.peer().Expect("INVITE")
			began := time.Now()
			inv.Reply(code, siptest.With("Retry-After", "30"))
			second := r.peers[1].Expect("INVITE")
			if took := time.Since(began); took > 200*time.Millisecond {
				t.Errorf("%d: the second INVITE came after %v", code, took)
			}
			if second.Get("Call-ID") == inv.Get("Call-ID") {
				t.Errorf("%d: the second trunk got the first one's Call-ID", code)
			}
			second.Reply(code)
			if e := w.want(EventTrying, EventTrying); e.Trunk != "b" {
				t.Errorf("%d: tried %s", code, e.Trunk)
			}
			w.ended(last)
			r.idle()
		})
	}
}

func TestTrunkRestsForRetryAfter(t *testing.T) {
	virtual(t, 2, func(r *rig) {
		w := r.dial()
		r.peer().Expect("INVITE").Reply(503, siptest.With("Retry-After", "30"))
		r.peers[1].Expect("INVITE").Reply(486)
		w.want(EventTrying, EventTrying)
		w.ended(CauseBusy)
		if s := r.agent.Trunks()[0]; s.RestingUntil.IsZero() {
			t.Errorf("%+v", s)
		}
		time.Sleep(29 * time.Second)
		w = r.dial()
		r.peers[1].Expect("INVITE").Reply(486)
		w.want(EventTrying)
		w.ended(CauseBusy)
		time.Sleep(2 * time.Second)
		w = r.dial()
		r.peer().Expect("INVITE").Reply(486)
		w.want(EventTrying)
		w.ended(CauseBusy)
		r.idle()
	})
}

// A phone that rang over one trunk is not rung again over another.
func TestNoFailoverOnceItRang(t *testing.T) {
	virtual(t, 2, func(r *rig) {
		w := r.dial()
		inv := r.peer().Expect("INVITE")
		inv.Reply(180)
		inv.Reply(408)
		w.want(EventTrying, EventRinging)
		w.ended(CauseNoAnswer)
		r.idle()
		if n := len(r.peers[1].Received("INVITE")); n != 0 {
			t.Error("rung again")
		}
	})
}

// The first trunk answers after the call went on to the second: nobody is
// there to talk to it.
func TestLateAnswerOfTheFirstTrunk(t *testing.T) {
	virtual(t, 2, func(r *rig) {
		w := r.dial()
		first := r.peer().Expect("INVITE")
		first.Reply(500)
		r.peer().Expect("ACK")
		second := r.peers[1].Expect("INVITE")
		first.Reply(200, siptest.Body(siptest.SDP), siptest.Tag("late"))
		r.peer().Expect("ACK")
		if bye := r.bye(); bye.Param("To", "tag") != "late" {
			t.Errorf("BYE: %s", bye.Raw)
		}
		second.Reply(200, siptest.Body(siptest.SDP))
		r.peers[1].Expect("ACK")
		if e := w.want(EventTrying, EventTrying, EventAnswered); e.Trunk != "b" {
			t.Errorf("answered over %s", e.Trunk)
		}
	})
}

func TestHangupWhileWaitingForAnotherTrunk(t *testing.T) {
	virtual(t, 2, func(r *rig) {
		holder := r.dial() // takes the first trunk's only channel
		busy := r.peer().Expect("INVITE")
		busy.Reply(180)
		holder.want(EventTrying, EventRinging)
		w := r.dial()
		r.peers[1].Expect("INVITE").Reply(500)
		w.want(EventTrying)
		w.quiet(time.Second)
		w.Hangup()
		w.ended(CauseCanceled)
		holder.Hangup()
		holder.ended(CauseCanceled)
		r.peer().Expect("CANCEL").Reply(200)
		busy.Reply(487)
		r.idle()
		for _, s := range r.agent.Trunks() {
			if s.InUse != 0 {
				t.Errorf("trunk %s: %d channels in use", s.Name, s.InUse)
			}
		}
	}, func(c *Config) { c.Trunks[0].Channels = 1 })
}

func TestSilentAddressOfATrunk(t *testing.T) {
	virtualWith(t, 2, func(r *rig, c *Config) {
		_, port, _ := net.SplitHostPort(r.peer().Addr())
		c.Trunks[0].URI = "sip:carrier.example:" + port + ";transport=udp"
		c.Trunks = c.Trunks[:1]
	}, func(r *rig) {
		w := r.dial()
		began := time.Now()
		inv := r.peer().Expect("INVITE")
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("the second address was tried after %v", took)
		}
		inv.Reply(486)
		w.want(EventTrying, EventTrying)
		w.ended(CauseBusy)
		r.idle()
	}, WithResolver(hosts{"carrier.example": {netip.MustParseAddr("127.0.0.5"), netip.MustParseAddr("127.0.0.1")}}))
}

func TestSilentTrunkIsPassedOver(t *testing.T) {
	virtual(t, 2, func(r *rig) {
		w := r.dial()
		first := r.peer().Expect("INVITE")
		began := time.Now()
		second := r.peers[1].Expect("INVITE")
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("the second trunk was tried after %v", took)
		}
		second.Reply(180)
		w.want(EventTrying, EventTrying, EventRinging)
		first.Reply(180) // it lives after all, and must not ring on
		r.peer().Expect("CANCEL").Reply(200)
		first.Reply(487)
		second.Reply(200, siptest.Body(siptest.SDP))
		if e := w.want(EventAnswered); e.Trunk != "b" {
			t.Errorf("answered over %s", e.Trunk)
		}
		w.Hangup()
		w.ended(CauseLocal)
		r.peers[1].Expect("BYE").Reply(200)
		r.idle()
		for _, s := range r.agent.Trunks() {
			if s.InUse != 0 {
				t.Errorf("trunk %s: %d channels in use", s.Name, s.InUse)
			}
		}
	})
}

func TestUnknownHostOfATrunk(t *testing.T) {
	virtualWith(t, 1, named, func(r *rig) {
		w := r.dial()
		w.ended(CauseTrunkFailure)
		r.idle()
	}, WithResolver(hosts{}))
}

func TestOfferThatFails(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial(func(q *Request) { q.Offer = func(string) ([]byte, error) { return nil, errors.New("no ports") } })
		w.ended(CauseInternalError)
		r.idle()
		if s := r.agent.Trunks()[0]; s.InUse != 0 {
			t.Errorf("%d channels in use", s.InUse)
		}
	})
}

// digestOf is RFC 7616 §3.4 with qop=auth, worked out by hand.
func digestOf(h func() hash.Hash, m *siptest.Message, header string) (want, got string) {
	p := map[string]string{}
	for f := range strings.SplitSeq(strings.TrimPrefix(m.Get(header), "Digest "), ", ") {
		k, v, _ := strings.Cut(f, "=")
		p[k] = strings.Trim(v, `"`)
	}
	sum := func(parts ...string) string {
		x := h()
		x.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(x.Sum(nil))
	}
	return sum(sum("user", p["realm"], "secret"), p["nonce"], p["nc"], p["cnonce"], "auth", sum(m.Method(), m.URI())), p["response"]
}

func TestDigest(t *testing.T) {
	for alg, h := range map[string]func() hash.Hash{"MD5": md5.New, "SHA-256": sha256.New} {
		virtual(t, 1, func(r *rig) {
			w := r.dial()
			first := r.peer().Expect("INVITE")
			if first.Get("Authorization")+first.Get("Proxy-Authorization") != "" {
				t.Error("credentials without a challenge")
			}
			first.Reply(407, siptest.With("Proxy-Authenticate", `Digest realm="carrier", nonce="n1", algorithm=`+alg+`, qop="auth,auth-int"`))
			r.peer().Expect("ACK")
			second := r.peer().Expect("INVITE")
			if want, got := digestOf(h, second.Message, "Proxy-Authorization"); got != want {
				t.Errorf("%s: response %s, want %s", alg, got, want)
			}
			if second.Get("Call-ID") != first.Get("Call-ID") || second.Get("From") != first.Get("From") || second.CSeq() != first.CSeq()+1 {
				t.Errorf("the second INVITE is another call: %s", second.Raw)
			}
			second.Reply(200, siptest.Body(siptest.SDP))
			w.want(EventTrying, EventAnswered)
		}, withPassword)
	}
}

func TestStrongerDigestFirst(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		r.dial()
		r.peer().Expect("INVITE").Reply(401,
			siptest.With("WWW-Authenticate", `Digest realm="c", nonce="n1", algorithm=MD5, qop="auth"`),
			siptest.With("WWW-Authenticate", `Digest realm="c", nonce="n2", algorithm=SHA-256, qop="auth"`))
		r.peer().Expect("ACK")
		if a := r.peer().Expect("INVITE").Get("Authorization"); !strings.Contains(a, "SHA-256") || !strings.Contains(a, `nonce="n2"`) {
			t.Errorf("Authorization: %s", a)
		}
	}, withPassword)
}

// Credentials go to nobody who should not have them (trust T7).
func TestChallengesThatAreNotAnswered(t *testing.T) {
	challenge := func(s string) siptest.Part { return siptest.With("WWW-Authenticate", s) }
	for name, c := range map[string]struct {
		config func(*Config)
		part   siptest.Part
	}{
		"no password":       {func(*Config) {}, challenge(`Digest realm="carrier", nonce="n"`)},
		"another realm":     {func(c *Config) { withPassword(c); c.Trunks[0].Realm = "ours" }, challenge(`Digest realm="carrier", nonce="n"`)},
		"unknown algorithm": {withPassword, challenge(`Digest realm="carrier", nonce="n", algorithm=ROT13`)},
		"only auth-int":     {withPassword, challenge(`Digest realm="carrier", nonce="n", qop="auth-int"`)},
		"not digest":        {withPassword, challenge(`Basic realm="carrier"`)},
		"no challenge":      {withPassword, siptest.With("X-Nothing", "1")},
	} {
		virtual(t, 1, func(r *rig) {
			w := r.dial()
			r.peer().Expect("INVITE").Reply(401, c.part)
			w.want(EventTrying)
			w.ended(CauseTrunkAuth)
			r.idle()
			for _, m := range r.peer().Log() {
				if strings.Contains(m.Raw, "Authorization") {
					t.Errorf("%s: credentials went out: %s", name, m.Raw)
				}
			}
		}, c.config)
	}
}

func TestEndlessChallenge(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		for range 3 {
			r.peer().Expect("INVITE").Reply(407, siptest.With("Proxy-Authenticate", `Digest realm="carrier", nonce="n", qop="auth"`))
		}
		w.want(EventTrying)
		w.ended(CauseTrunkAuth)
		r.idle()
		if n := len(r.peer().Received("INVITE")); n != 3 {
			t.Errorf("%d INVITEs", n)
		}
	}, withPassword)
}

func TestCallerIsTheTrunksOrTheRequests(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		r.dial()
		inv := r.peer().Expect("INVITE")
		if !strings.HasPrefix(inv.Address("From"), "sip:+12025550000@") {
			t.Errorf("From: %s", inv.Get("From"))
		}
		inv.Reply(486)
		r.dial(func(q *Request) { q.CallerID = "+12025550001" })
		inv = r.peer().Expect("INVITE")
		if !strings.HasPrefix(inv.Address("From"), "sip:+12025550001@") {
			t.Errorf("From: %s", inv.Get("From"))
		}
		inv.Reply(486)
	})
}

func TestReserveWithoutTrunks(t *testing.T) {
	a, err := Listen(Config{Listen: []string{"udp:127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	if _, err := a.Reserve(context.Background()); !errors.Is(err, ErrNoTrunk) {
		t.Errorf("Reserve: %v", err)
	}
	if _, ok := a.TryReserve(); ok {
		t.Error("TryReserve gave a slot")
	}
}

func TestListenRefuses(t *testing.T) {
	for name, cfg := range map[string]Config{
		"transport":   {Listen: []string{"sctp:127.0.0.1:0"}},
		"no address":  {Listen: []string{"udp:nowhere"}},
		"certificate": {Listen: []string{"tls:127.0.0.1:0"}},
		"roots":       {TLSRoots: "/nonexistent"},
		"trunk uri":   {Trunks: []Trunk{{Name: "a", URI: "carrier"}}},
		"trunk name":  {Trunks: []Trunk{{URI: "sip:127.0.0.1"}}},
		"advertise":   {Advertise: "a\r\nb"},
	} {
		if a, err := Listen(cfg); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
			if a != nil {
				_ = a.Close()
			}
		}
	}
}

func TestAdvertisedAddress(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		inv := r.peer().Expect("INVITE")
		if !strings.Contains(inv.Get("Via"), " 198.51.100.7:5099;") || !strings.Contains(inv.Get("Contact"), "@198.51.100.7:5099") {
			t.Errorf("Via %s, Contact %s", inv.Get("Via"), inv.Get("Contact"))
		}
		w.Hangup()
		inv.Reply(486)
	}, func(c *Config) { c.Advertise = "198.51.100.7:5099" })
}
