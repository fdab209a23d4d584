package sip

import (
	"strings"
	"testing"
	"time"

	"partyline/sip/siptest"
)

func TestSessionTimerIsOffered(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		r.dial()
		inv := r.peer().Expect("INVITE")
		if inv.Get("Session-Expires") != "1800" || !strings.Contains(inv.Get("Supported"), "timer") {
			t.Errorf("INVITE: %s", inv.Raw)
		}
		inv.Reply(486)
	})
}

func TestWeRefreshByReinvite(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.up(w, siptest.With("Session-Expires", "1800;refresher=uac"))
		answered := time.Now()
		for i := range 3 {
			inv := r.peer().ExpectWithin("INVITE", time.Hour)
			if took := time.Since(answered); took != time.Duration(i+1)*900*time.Second {
				t.Errorf("refresh %d after %v", i, took)
			}
			if inv.Get("Session-Expires") != "1800;refresher=uac" || inv.Body != offerSDP {
				t.Errorf("refresh: %s", inv.Raw)
			}
			inv.Reply(200, siptest.Body(siptest.SDP), siptest.With("Session-Expires", "1800;refresher=uac"))
			r.peer().Expect("ACK")
			w.want(EventDialog) // nothing new for the call's owner
		}
		w.Hangup()
		w.ended(CauseLocal)
		r.bye()
		r.idle()
	})
}

func TestWeRefreshByUpdate(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.up(w, siptest.With("Session-Expires", "90;refresher=uac"), siptest.With("Allow", "INVITE, UPDATE"))
		answered := time.Now()
		upd := r.peer().ExpectWithin("UPDATE", time.Hour)
		if took := time.Since(answered); took != 45*time.Second {
			t.Errorf("refresh after %v", took)
		}
		if upd.Body != "" || upd.Get("Session-Expires") != "90;refresher=uac" {
			t.Errorf("UPDATE: %s", upd.Raw)
		}
		upd.Reply(422, siptest.With("Min-SE", "600"))
		again := r.peer().ExpectWithin("UPDATE", time.Hour)
		if again.Get("Session-Expires") != "600;refresher=uac" || again.Get("Min-SE") != "600" {
			t.Errorf("UPDATE after 422: %s", again.Raw)
		}
		again.Reply(200, siptest.With("Session-Expires", "600;refresher=uac"))
		w.want(EventDialog)
		r.peer().ExpectWithin("UPDATE", 10*time.Minute).Reply(481)
		w.ended(CauseGone)
		r.bye()
		r.idle()
	})
}

func TestUpdateNotAllowedAfterAll(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.up(w, siptest.With("Session-Expires", "90;refresher=uac"), siptest.With("Allow", "UPDATE"))
		r.peer().ExpectWithin("UPDATE", time.Minute).Reply(405)
		inv := r.peer().Expect("INVITE")
		inv.Reply(200, siptest.Body(siptest.SDP), siptest.With("Session-Expires", "90;refresher=uac"))
		w.want(EventDialog)
		w.Hangup()
		w.ended(CauseLocal)
		r.bye()
	})
}

func TestFarEndForgetsToRefresh(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.up(w, siptest.With("Session-Expires", "90;refresher=uas"))
		answered := time.Now()
		w.ended(CauseGone)
		if took := time.Since(answered); took != 60*time.Second { // 90 s less a third
			t.Errorf("ended after %v", took)
		}
		r.bye()
		r.idle()
	})
}

func TestOurRefreshIsNeverAnswered(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.up(w, siptest.With("Session-Expires", "90;refresher=uac"))
		answered := time.Now()
		w.ended(CauseGone)
		if took := time.Since(answered); took > 60*time.Second {
			t.Errorf("ended after %v", took)
		}
		r.bye()
		r.idle()
	})
}

func TestFarEndRefreshes(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		d := r.up(w, siptest.With("Session-Expires", "90;refresher=uas"))
		for range 5 {
			time.Sleep(45 * time.Second)
			res := d.Ask("UPDATE", siptest.With("Session-Expires", "90;refresher=uac"), siptest.With("Supported", "timer"))
			if res.Code() != 200 || res.Get("Session-Expires") != "90;refresher=uac" || res.Get("Require") != "timer" || res.Get("Contact") == "" {
				t.Fatalf("UPDATE answered: %s", res.Raw)
			}
			w.want(EventDialog)
		}
		w.ended(CauseGone)
		r.bye()
		r.idle()
	})
}

func TestFarEndMakesUsRefresh(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		d := r.up(w)
		res := d.Ask("UPDATE", siptest.With("Session-Expires", "100;refresher=uas"), siptest.With("Allow", "UPDATE"))
		if res.Get("Session-Expires") != "100;refresher=uas" {
			t.Fatalf("UPDATE answered: %s", res.Raw)
		}
		w.want(EventDialog)
		began := time.Now()
		upd := r.peer().ExpectWithin("UPDATE", time.Hour)
		if took := time.Since(began); took != 50*time.Second {
			t.Errorf("refreshed after %v", took)
		}
		upd.Reply(200) // without a word of it the timer is over
		w.want(EventDialog)
		w.quiet(time.Hour)
	})
}

func TestSessionIntervalTooSmall(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		d := r.up(w)
		for _, method := range []string{"UPDATE", "INVITE"} {
			res := d.Ask(method, siptest.With("Session-Expires", "60"), siptest.Body(siptest.SDP))
			if res.Code() != 422 || res.Get("Min-SE") != "90" {
				t.Errorf("%s with 60 s: %d, Min-SE %s", method, res.Code(), res.Get("Min-SE"))
			}
		}
		w.quiet(time.Second)
	})
}

func TestInviteRaisedAfter422(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.peer().Expect("INVITE").Reply(422, siptest.With("Min-SE", "3600"))
		inv := r.peer().Expect("INVITE")
		if inv.Get("Session-Expires") != "3600" || inv.Get("Min-SE") != "3600" {
			t.Errorf("after 422: %s", inv.Raw)
		}
		inv.Reply(422, siptest.With("Min-SE", "3600")) // not again
		w.want(EventTrying, EventEnded)
		r.idle()
	})
}

// One refused refresh is no reason to lose the call: it is tried again before
// the session expires.
func TestRefusedRefreshIsTriedAgain(t *testing.T) {
	for method, allow := range map[string]string{"UPDATE": "INVITE, UPDATE", "INVITE": "INVITE"} {
		t.Run(method, func(t *testing.T) {
			virtual(t, 1, func(r *rig) {
				w := r.dial()
				r.up(w, siptest.With("Session-Expires", "90;refresher=uac"), siptest.With("Allow", allow))
				r.peer().ExpectWithin(method, time.Minute).Reply(500, siptest.With("Retry-After", "1"))
				again := r.peer().ExpectWithin(method, 20*time.Second)
				again.Reply(200, siptest.Body(siptest.SDP), siptest.With("Session-Expires", "90;refresher=uac"))
				w.want(EventDialog)
				w.Hangup()
				w.ended(CauseLocal)
				r.bye()
				r.idle()
			})
		})
	}
}
