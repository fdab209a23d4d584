package sip

import (
	"testing"
	"time"

	"partyline/sip/siptest"
)

// Who hangs up and closes at once leaves no phone off the hook and none
// ringing.
func TestCloseLetsTheLastWordsOut(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		up, ringing := r.dial(), r.dial()
		first := r.peer().Expect("INVITE")
		second := r.peer().Expect("INVITE")
		first.Reply(200, siptest.Body(siptest.SDP))
		second.Reply(180)
		r.peer().Expect("ACK")
		_ = up.next()
		_ = ringing.next()
		time.Sleep(time.Second) // virtual
		up.Hangup()
		ringing.Hangup()
		done := make(chan error)
		began := time.Now()
		go func() { done <- r.agent.Close() }()
		r.peer().Expect("BYE").Reply(200)
		r.peer().Expect("CANCEL").Reply(200)
		second.Reply(487)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("Close took %v though all was answered", took)
		}
	})
}

// A BYE that is lost goes out again, but silence does not hold Close up for
// long.
func TestCloseIsNotHeldUpBySilence(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.up(w)
		w.Hangup()
		began := time.Now()
		if err := r.agent.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > farewell+inFlight {
			t.Errorf("Close took %v", took)
		}
		if n := r.peer().Repeats("BYE"); n == 0 {
			t.Error("the BYE was not repeated")
		}
	})
}

// Calls that are up are left alone: a successor takes them over at once.
func TestCloseDoesNotWaitForCallsThatAreUp(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		w := r.dial()
		r.up(w)
		began := time.Now()
		if err := r.agent.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > inFlight {
			t.Errorf("Close took %v", took)
		}
		if n := len(r.peer().Received("BYE")); n != 0 {
			t.Errorf("%d BYEs", n)
		}
	})
}
