package sip

import (
	"testing"
	"time"

	"partyline/sip/siptest"
)

func TestCallAnsweredAndHungUp(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		inv := r.peer().Expect("INVITE")
		inv.Reply(100)
		inv.Reply(180)
		inv.Reply(180)
		w.want(EventTrying, EventRinging)
		inv.Reply(183, siptest.Body(siptest.SDP))
		w.want(EventEarlyMedia)
		inv.Reply(200, siptest.Body(siptest.SDP))
		e := w.want(EventAnswered)
		if string(e.SDP) != siptest.SDP || len(e.Dialog) == 0 || e.Trunk != "a" || e.Code != 200 {
			t.Errorf("answered: %+v", e)
		}
		ack := r.peer().Expect("ACK")
		if ack.Param("To", "tag") != "peer" || ack.CSeq() != inv.CSeq() || ack.Param("Via", "branch") == inv.Param("Via", "branch") {
			t.Errorf("ACK: %s", ack.Raw)
		}
		w.Hangup()
		w.Hangup()
		w.ended(CauseLocal)
		bye := r.bye()
		if bye.CSeq() <= inv.CSeq() || bye.Param("To", "tag") != "peer" {
			t.Errorf("BYE: %s", bye.Raw)
		}
		r.idle()
	})
}

func TestFarEndHangsUp(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		d := r.up(w)
		began := time.Now()
		if res := d.Ask("BYE"); res.Code() != 200 {
			t.Errorf("BYE answered %d", res.Code())
		}
		w.ended(CauseHangup)
		if took := time.Since(began); took > 50*time.Millisecond {
			t.Errorf("took %v", took)
		}
		w.Hangup()
		r.idle()
		if n := len(r.peer().Received("BYE")); n != 0 {
			t.Errorf("%d BYEs of ours after theirs", n)
		}
	})
}

func TestCallOverRealUDP(t *testing.T) {
	r := real(t, siptest.UDP(t), "udp:127.0.0.1:0")
	w := r.dial()
	inv := r.peer().Expect("INVITE")
	inv.Reply(180)
	inv.Reply(200, siptest.Body(siptest.SDP))
	w.want(EventTrying, EventRinging, EventAnswered)
	r.peer().Expect("ACK")
	w.Hangup()
	w.ended(CauseLocal)
	r.bye()
}

func TestCallOverTCP(t *testing.T) {
	r := real(t, siptest.TCP(t), "tcp:127.0.0.1:0")
	w := r.dial()
	inv := r.peer().Expect("INVITE")
	inv.Reply(180)
	inv.Reply(200, siptest.Body(siptest.SDP))
	w.want(EventTrying, EventRinging, EventAnswered)
	r.peer().Expect("ACK")
	w.Hangup()
	w.ended(CauseLocal)
	r.bye()
}
