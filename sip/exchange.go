package sip

import (
	"errors"
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"
)

var (
	errStopped    = errors.New("sip: given up")
	errConnection = errors.New("sip: the connection was closed before an answer")
)

// connectionGrace is how long a closed connection's last answers may take from
// the socket to the transaction.
const connectionGrace = 200 * time.Millisecond

// exchange sends req in a transaction of its own and hands on every response
// up to the final one, or the error that came instead; never both. stop ends
// it early, with errStopped. It returns at once.
func (a *Agent) exchange(req *sip.Request, host string, stop <-chan struct{}, on func(*sip.Response, error)) {
	a.wg.Go(func() {
		defer a.survive(nil)
		err := a.transact(req, host, stop, on)
		if errors.Is(err, errConnection) && !req.IsInvite() {
			// The far end may have closed an idle connection just when we used
			// it. An INVITE is repeated as a new attempt, not as itself.
			again := req.Clone()
			if req.Method != sip.CANCEL { // whose branch names the INVITE
				again.Via().Params.Add("branch", sip.RFC3261BranchMagicCookie+token())
			}
			err = a.transact(again, host, stop, on)
		}
		if err != nil && a.ctx.Err() == nil {
			on(nil, err)
		}
	})
}

// transact is one transaction; the error is the end that was not handed on.
func (a *Agent) transact(req *sip.Request, host string, stop <-chan struct{}, on func(*sip.Response, error)) error {
	to, err := destination(req, host)
	if err != nil {
		return err
	}
	shorten(req)
	if err := safe(req); err != nil {
		return err
	}
	if err := a.connect(a.ctx, to); err != nil {
		return err
	}
	var gone <-chan struct{}
	if to.network != "udp" {
		sc := a.stream(to)
		if sc == nil {
			return fmt.Errorf("%s: %w", to, errConnection)
		}
		gone = sc.gone
	}
	if a.ctx.Err() != nil { // sipgo would open a socket of its own now
		return a.ctx.Err()
	}
	tx, err := a.txl.Request(a.ctx, req)
	if err != nil { // tx must not be touched then: it may be a typed nil
		if gone != nil {
			return fmt.Errorf("%w: %w", errConnection, err)
		}
		return err
	}
	var lost <-chan time.Time
	for {
		select {
		case res := <-tx.Responses():
			gone, lost = nil, nil // the next answer may come over another connection (RFC 3261 §18.2.2)
			on(res, nil)
			if !res.IsProvisional() {
				return nil
			}
		case <-tx.Done():
			if err := tx.Err(); err != nil {
				return err
			}
			return errStopped
		case <-gone: // its last answer may still be on the way through the parser
			t := time.NewTimer(connectionGrace)
			defer t.Stop()
			gone, lost = nil, t.C
		case <-lost:
			tx.Terminate()
			return fmt.Errorf("%s: %w", to, errConnection)
		case <-stop:
			tx.Terminate()
			return errStopped
		case <-a.ctx.Done():
			tx.Terminate()
			return a.ctx.Err()
		}
	}
}
