package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"partyline/media"
	"partyline/media/prompt"
)

const (
	// verdictPause is how long a PIN is thought about: whatever there is to
	// look up, compare and write takes less, so that the time tells nothing.
	// Should it take longer, so many pauses as are needed.
	verdictPause = 500 * time.Millisecond
	// acknowledged is how long an answered call may take to be so on both
	// sides (RFC 3261 §13.3.1.4: 64 times T1), and a little more.
	acknowledged = 40 * time.Second
)

// reception asks a caller for a PIN. It has a goroutine of its own, and the
// caller is nobody's participant: whatever they do, nobody hears them and they
// hear nobody.
type reception struct {
	b    *Bridge
	in   IncomingCall
	log  *slog.Logger
	wake chan struct{}
	c    caller

	play      *media.Play
	connected bool // the far end has acknowledged
	over      bool // nothing more is to be said
	hungUp    bool // by the far end
	quietAt   time.Time
	aliveAt   time.Time
}

func newReception(b *Bridge, in IncomingCall) *reception {
	if !e164.MatchString(in.Caller) {
		in.Caller = "" // what is no number identifies nobody
	}
	wake := make(chan struct{}, 1)
	return &reception{
		b: b, in: in, wake: wake, log: b.cfg.Log.With("caller", maskNumber(in.Caller), "trunk", in.Trunk),
		c: caller{
			trunk: in.Trunk, number: in.Caller,
			signals: newLine(wake, func(e CallEvent) bool { return e.Kind == CallEnded }),
			sounds:  newLine(wake, func(media.Event) bool { return false }),
		},
	}
}

// run is the whole of a reception. When it returns, a conference has the call,
// or nothing is left of it.
func (r *reception) run() {
	defer r.leave()
	defer func() {
		if fault := recover(); fault != nil {
			r.b.stats.panics.Add(1)
			r.log.Error("a fault in a reception", "fault", fmt.Sprint(fault), "stack", string(debug.Stack()))
		}
	}()
	if !r.pickUp() {
		return
	}
	news, why := []prompt.Name{prompt.Welcome}, prompt.Goodbye
	for try := range guessesPerCall {
		if try > 0 && try == guessesPerCall-1 {
			news = append(news, prompt.LastTry)
		}
		pin, here := r.ask(append(news, prompt.EnterPIN))
		if !here {
			return
		}
		if pin == "" {
			news, why = []prompt.Name{prompt.NoInput}, prompt.Goodbye
			continue
		}
		err := r.try(pin)
		if r.c.handed || r.over {
			return
		}
		if !errors.Is(err, errWrongPIN) {
			r.say(refusal(err))
			return
		}
		r.log.Info("a caller typed a wrong PIN", "try", try+1)
		news, why = []prompt.Name{prompt.WrongPIN}, prompt.TooManyTries
	}
	r.say(why)
}

// try compares a PIN. Unless it let the caller in, it takes its time.
func (r *reception) try(pin string) error {
	ctx, cancel := context.WithTimeout(context.Background(), applyTimeout)
	defer cancel()
	begun := time.Now()
	err := r.b.tryPIN(ctx, &r.c, r.in.Called, pin)
	if r.c.handed {
		return nil
	}
	end := begun.Add(verdictPause)
	for end.Before(time.Now()) {
		end = end.Add(verdictPause)
	}
	r.attend(end, func() bool { return false })
	return err
}

// refusal is what a caller with a right PIN is told who cannot come in.
func refusal(err error) prompt.Name {
	if errors.Is(err, errNotBegun) {
		return prompt.NotBegun
	}
	var e *Error
	if errors.As(err, &e) {
		switch e.Code {
		case "conference_locked":
			return prompt.LockedOut
		case "conference_full":
			return prompt.Full
		case "conference_ended":
			return prompt.HasEnded
		}
	}
	return prompt.TryLater
}

// leave hangs up and lets go of everything, unless a conference has the call.
func (r *reception) leave() {
	if r.c.handed {
		return
	}
	if r.c.call != nil && !r.hungUp {
		r.c.call.Hangup()
	}
	if r.c.leg != nil {
		r.c.leg.Close()
	}
	deny := func(e CallEvent) {
		if e.Reply != nil {
			e.Reply(481, nil)
		}
	}
	for _, e := range r.c.signals.lead(deny) {
		deny(e)
	}
	r.c.sounds.lead(func(media.Event) {})
}
