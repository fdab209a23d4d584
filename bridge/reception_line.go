package bridge

import (
	"time"

	"partyline/media"
	"partyline/state"
)

// pickUp answers the call; false: there is none any more.
func (r *reception) pickUp() bool {
	select {
	case <-r.in.Gone:
		return false
	default:
	}
	leg, err := r.b.cfg.Mixer.NewLeg(r.c.sounds.tell)
	if err != nil {
		r.log.Error("no audio leg for a caller: refused", "error", err)
		r.in.Refuse(503)
		return false
	}
	r.c.leg = leg
	sdp, err := r.describe(leg)
	if err != nil {
		r.log.Warn("a caller's audio cannot be used", "error", err)
		r.in.Refuse(488)
		return false
	}
	r.c.call = r.in.Answer(sdp, r.c.signals.tell)
	return r.attend(time.Now().Add(acknowledged), func() bool { return r.connected }) && r.connected
}

// describe is our half of the session: an answer, or the offer where the far
// end left that to us (RFC 3264 §4, RFC 3261 §13.2.1).
func (r *reception) describe(leg Leg) ([]byte, error) {
	if wanted := r.b.cfg.SRTP; wanted != nil {
		if err := leg.Secure(wanted(r.in.Trunk)); err != nil {
			return nil, err
		}
	}
	if r.in.Offer == nil {
		return leg.Offer()
	}
	sdp, dir, err := leg.Answer(r.in.Offer)
	r.settled(dir)
	return sdp, err
}

// settled notes what the two sides have agreed on.
func (r *reception) settled(dir media.Direction) {
	r.c.held = farHold(dir)
	if r.c.keys != state.KeysInfo {
		r.c.keys = keysOf(r.c.leg)
	}
}

// attend takes in what happens until a time, or until it is enough; false: the
// call is over.
func (r *reception) attend(until time.Time, enough func() bool) bool {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	for {
		for _, e := range r.c.signals.take() {
			r.signalled(e)
		}
		for _, e := range r.c.sounds.take() {
			r.heard(e)
		}
		switch {
		case r.over:
			return false
		case enough():
			return true
		}
		select {
		case <-r.wake:
		case <-timer.C:
			return true
		case <-r.b.lobby.quit:
			r.over = true
		}
	}
}

// signalled takes in what the call did.
func (r *reception) signalled(e CallEvent) {
	switch e.Kind {
	case CallAnswered:
		r.acknowledged(e)
	case CallDialog:
		r.c.dialog = e.Dialog
	case CallOffered:
		answer, dir, err := r.c.leg.Answer(e.SDP)
		switch {
		case e.Reply == nil:
		case err != nil:
			e.Reply(488, nil)
		default:
			r.settled(dir)
			e.Reply(200, answer)
		}
	case CallDigit:
		if r.c.keys == state.KeysTones {
			r.c.keys = state.KeysInfo
		}
		r.key(e.Digit)
	case CallAlive:
		r.aliveAt = time.Now()
	case CallEnded:
		r.over, r.hungUp = true, true
	}
}

// acknowledged is the far end's ACK, with its answer where we made the offer.
func (r *reception) acknowledged(e CallEvent) {
	if e.Dialog != nil {
		r.c.dialog = e.Dialog
	}
	if r.in.Offer == nil {
		dir, err := r.c.leg.Accept(e.SDP)
		if err != nil {
			r.log.Warn("a caller's audio cannot be used", "error", err)
			r.over = true
			return
		}
		r.settled(dir)
	}
	r.connected = true
}

// heard takes in what the caller's sound did.
func (r *reception) heard(e media.Event) {
	switch e.Kind {
	case media.EventDigit:
		r.key(e.Digit)
	case media.EventPlayed:
		if e.Play == r.play {
			r.play = nil
		}
	case media.EventQuiet:
		r.quietAt = time.Now()
		if r.c.call != nil {
			r.c.call.Probe()
		}
	case media.EventTimeout: // a phone that sends nothing while nobody speaks still answers a probe
		r.over = r.over || !r.c.held && (r.quietAt.IsZero() || r.aliveAt.Before(r.quietAt))
	}
}

func (r *reception) key(key byte) {
	if isKey(key) && len(r.c.typed) < maxKept {
		r.c.typed = append(r.c.typed, key)
	}
}
