package bridge

import (
	"context"
	"errors"

	"partyline/state"
)

// Incoming takes a call to us: it is answered, and the caller asked for a PIN.
// It returns at once. Called numbers of conferences that are there, full,
// locked, over, or that never were sound the same until a right PIN is typed.
// With Limits.Receptions callers in reception already, or while the bridge
// drains, the call is refused (503).
func (b *Bridge) Incoming(c IncomingCall) {
	if b.draining.Load() || !b.lobby.enter(newReception(b, c).run) {
		c.Refuse(503)
	}
}

// ForgiveGuesses forgets the wrong PINs typed at a conference, so that callers
// whose number is not known may try again.
func (b *Bridge) ForgiveGuesses(ctx context.Context, who Caller, cid string) error {
	if err := b.with(ctx, who, cid, func(*owner, *request) error { return nil }); err != nil {
		return err
	}
	if err := b.guesses.forgive(cid); err != nil {
		return errStorage()
	}
	return nil
}

// errWrongPIN is all that a caller is told of a PIN that was wrong, or was not
// looked at: which of them it was is nobody's business.
var errWrongPIN = errors.New("bridge: a wrong PIN")

// tryPIN compares what a caller typed and, when it is right, has the
// conference take them. A wrong one is written down before this returns.
func (b *Bridge) tryPIN(ctx context.Context, c *caller, number, pin string) error {
	var at guess
	compared := false
	cid := b.conferenceOf(number)
	err := error(errWrongPIN)
	if cid == "" {
		at, compared = b.guesses.reserve(b.callerKey(c.number), b.sealNumber(ofNumber, number), false, now())
	} else {
		err = b.visit(ctx, cid, func(o *owner) error {
			at, compared = b.guesses.reserve(b.callerKey(c.number), cid, o.known(c.number), now())
			if !compared {
				return errWrongPIN
			}
			w := o.whose(pin)
			if w.nothing() {
				return errWrongPIN
			}
			b.guesses.right(at)
			return o.letIn(c, w)
		})
	}
	if compared && errors.Is(err, errWrongPIN) {
		if unwritten := b.guesses.note(at); unwritten != nil {
			return errStorage()
		}
	}
	return err
}

// visit runs f in the owner's goroutine of a conference, whosever it is. One
// that is gone is as good as none.
func (b *Bridge) visit(ctx context.Context, cid string, f func(o *owner) error) error {
	o, release, err := b.acquire(ctx, cid)
	if errors.Is(err, state.ErrNotFound) {
		return errWrongPIN
	}
	if err != nil {
		return err
	}
	defer release()
	return o.do(ctx, func(*request) error { return f(o) })
}
