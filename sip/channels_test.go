package sip

import (
	"errors"
	"testing"

	"partyline/sip/siptest"
)

// freed wants every trunk's channels back.
func (r *rig) freed() {
	r.t.Helper()
	for _, s := range r.agent.Trunks() {
		if s.InUse != 0 {
			r.t.Errorf("trunk %s: %d channels in use", s.Name, s.InUse)
		}
	}
}

// A trunk is given up for its silence in the very moment its connection fails,
// so that two other trunks are looked for at once: only one is taken.
func TestSilenceAndFailureTogetherTakeOneTrunk(t *testing.T) {
	virtual(t, 3, func(r *rig) {
		w := r.dial()
		r.peer().Expect("INVITE")
		w.want(EventTrying)
		w.box.command(func() {
			at := w.attempt
			w.silent(at)
			w.refused(at, nil, errors.New("connect: no route to host"))
		})
		w.want(EventTrying)
		w.Hangup()
		w.ended(CauseCanceled)
		r.idle()
		r.freed()
	})
}

func TestChannelsComeBackOnEveryWay(t *testing.T) {
	for name, way := range map[string]func(r *rig, w *watched){
		"refused": func(r *rig, w *watched) {
			r.peer().Expect("INVITE").Reply(486)
			w.want(EventTrying)
			w.ended(CauseBusy)
		},
		"every trunk fails": func(r *rig, w *watched) {
			for _, p := range r.peers {
				p.Expect("INVITE").Reply(500)
				w.want(EventTrying)
			}
			w.ended(CauseTrunkFailure)
		},
		"hung up between trunks": func(r *rig, w *watched) {
			r.peer().Expect("INVITE").Reply(503)
			w.want(EventTrying)
			w.Hangup()
			for e := w.next(); e.Kind != EventEnded; e = w.next() {
			}
		},
		"nobody answers anywhere": func(r *rig, w *watched) {
			for e := w.next(); e.Kind != EventEnded; e = w.next() {
			}
		},
		"answered and gone": func(r *rig, w *watched) {
			d := r.up(w)
			d.Send("BYE")
			w.ended(CauseHangup)
		},
		"unusable answer": func(r *rig, w *watched) {
			inv := r.peer().Expect("INVITE")
			inv.Reply(200, siptest.Body(siptest.SDP), siptest.With("Record-Route", "<tel:+1>"))
			for e := w.next(); e.Kind != EventEnded; e = w.next() {
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, 3, func(r *rig) {
				way(r, r.dial())
				r.idle()
				r.freed()
			})
		})
	}
}

// A call taken over after a restart holds its channel like any other.
func TestRecoveredCallTakesAChannel(t *testing.T) {
	virtual(t, 1, func(r *rig) {
		kept, _ := r.restarted()
		w := r.recover(kept)
		if n := r.agent.Trunks()[0].InUse; n != 1 {
			t.Errorf("%d channels in use during the recovery", n)
		}
		r.peer().Expect("INVITE").Reply(200, siptest.Body(siptest.SDP))
		w.want(EventAnswered)
		w.Hangup()
		w.ended(CauseLocal)
		r.bye()
		r.idle()
		r.freed()
	})
}
