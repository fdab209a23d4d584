package bridge

import "context"

// Incoming takes a call to us. It returns at once.
func (b *Bridge) Incoming(c IncomingCall) { c.Refuse(480) }

// ForgiveGuesses forgets the wrong PINs typed at a conference.
func (b *Bridge) ForgiveGuesses(ctx context.Context, who Caller, cid string) error {
	return b.with(ctx, who, cid, func(*owner, *request) error { return nil })
}
