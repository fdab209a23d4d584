package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"time"

	"partyline/state"
)

// replyKept is how long a reply answers repeated requests.
const replyKept = 24 * time.Hour

// idempotencyKey takes the Idempotency-Key out of a request; "" when there is none.
func idempotencyKey(r *http.Request) (string, *Problem) {
	given := r.Header.Values("Idempotency-Key")
	if len(given) == 0 {
		return "", nil
	}
	ok := len(given) == 1 && len(given[0]) >= 1 && len(given[0]) <= 255
	for i := 0; ok && i < len(given[0]); i++ {
		ok = given[0][i] > ' ' && given[0][i] < 0x7f
	}
	if !ok {
		return "", problem(codeBadIdempotency, "Idempotency-Key",
			"Idempotency-Key takes one value of 1 to 255 printable ASCII characters without spaces.")
	}
	return given[0], nil
}

// claim is one Idempotency-Key in the hands of the request being answered.
type claim struct {
	store state.Store
	key   string // of the record
	reply state.Reply
	rev   uint64

	// requestKey goes down with what the request creates. A request that died
	// half-way and is repeated carries the same one, so that the bridge finds
	// what was already made. It changes when the key is used again after 24 h.
	requestKey string
}

// bodyHash tells one request from another. It is keyed with the caller's
// Idempotency-Key, which is stored nowhere: a body may hold a PIN, and a plain
// hash of it could be guessed from a stolen file.
func bodyHash(key, method, path string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(method + " " + path + "\n"))
	h.Write(body)
	return h.Sum(nil)
}

// claimKey takes an Idempotency-Key for this request. It returns the stored
// reply instead when the request was answered before, and refuses when the key
// belongs to another request or that one is still running, which this process
// knows; what a dead run of the program left unanswered is taken over.
func (s *Server) claimKey(ctx context.Context, tenant, key, method, path string, body []byte) (*claim, *rendered, error) {
	sum := sha256.Sum256([]byte(tenant + "\x00" + key))
	c := &claim{store: s.cfg.Store, key: state.ReplyKey(tenant, hex.EncodeToString(sum[:]))}
	running := !s.running.enter(c.key)
	again, err := s.take(ctx, c, bodyHash(key, method, path, body), running)
	if !running && (again != nil || err != nil) {
		s.running.leave(c.key)
	}
	if again != nil || err != nil {
		return nil, again, err
	}
	made := sha256.Sum256([]byte(c.key + "\x00" + strconv.FormatInt(c.reply.CreatedAt.UnixNano(), 10)))
	c.requestKey = hex.EncodeToString(made[:])
	return c, nil, nil
}

// take writes the claim, or finds out why it cannot.
func (s *Server) take(ctx context.Context, c *claim, hash []byte, running bool) (*rendered, error) {
	const tries = 5 // against another process at this very moment
	for range tries {
		old, err := state.Load[state.Reply](ctx, s.cfg.Store, c.key)
		fresh := errors.Is(err, state.ErrNotFound)
		if err != nil && !fresh {
			return nil, err
		}
		now := time.Now().UTC()
		c.reply = state.Reply{BodyHash: hash, CreatedAt: now, Process: s.process}
		if !fresh && now.Sub(old.Value.CreatedAt) < replyKept {
			if again, err := answerAgain(old.Value, hash); again != nil || err != nil {
				return again, err
			}
			c.reply.CreatedAt = old.Value.CreatedAt
		}
		if running {
			break
		}
		op, err := state.UpdateOp(c.key, c.reply, old.Rev)
		if err != nil {
			return nil, err
		}
		revs, err := s.cfg.Store.Apply(ctx, op)
		if errors.Is(err, state.ErrConflict) {
			continue
		}
		if err != nil {
			return nil, err
		}
		c.rev = revs[0]
		return nil, nil
	}
	return nil, problem(codeIdemRunning, "Idempotency-Key",
		"The first request with this Idempotency-Key has not been answered yet; try again in a second.").after(1)
}

// answerAgain decides what an existing claim means for a repeated request:
// the stored reply, a refusal, or neither when it holds no answer.
func answerAgain(old state.Reply, hash []byte) (*rendered, error) {
	switch {
	case !hmac.Equal(old.BodyHash, hash):
		return nil, problem(codeIdemReused, "Idempotency-Key",
			"This Idempotency-Key was used for another request; make a new one for each request.")
	case old.Done:
		return &rendered{status: old.Status, header: old.Header, body: old.Body, replayed: true}, nil
	}
	return nil, nil
}

// settle keeps the reply, or gives the claim back when the request may be
// tried again (5xx, 429). Either way the record stays with its time of
// creation, so that a second try carries the same requestKey.
func (c *claim) settle(ctx context.Context, out *rendered) error {
	if out.status >= 500 || out.status == http.StatusTooManyRequests {
		c.reply.Process = ""
	} else {
		c.reply.Done, c.reply.Status, c.reply.Header, c.reply.Body = true, out.status, out.header, out.body
	}
	op, err := state.UpdateOp(c.key, c.reply, c.rev)
	if err != nil {
		return err
	}
	_, err = c.store.Apply(ctx, op)
	return err
}

// sweepEvery is how often replies past their time are removed.
const sweepEvery = time.Hour

// sweep removes old replies until the server closes.
func (s *Server) sweep() {
	defer s.owned.Done()
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.closing:
			return
		case <-tick.C:
			removed, err := s.removeOldReplies(s.life)
			if err != nil && s.life.Err() == nil {
				s.log.Warn("removing old idempotency replies failed; it is tried again in an hour", "err", err)
			} else if removed > 0 {
				s.log.Debug("removed old idempotency replies", "count", removed)
			}
		}
	}
}

// removeOldReplies goes through all kept replies, a page at a time.
func (s *Server) removeOldReplies(ctx context.Context) (removed int, err error) {
	const page = 500
	after := ""
	for {
		records, err := state.LoadPage[state.Reply](ctx, s.cfg.Store, replyPrefix, after, page)
		if err != nil {
			return removed, err
		}
		for _, r := range records {
			after = r.Key
			if time.Since(r.Value.CreatedAt) < replyKept {
				continue
			}
			switch _, err := s.cfg.Store.Apply(ctx, state.DeleteOp(r.Key, r.Rev)); {
			case err == nil:
				removed++
			case !errors.Is(err, state.ErrConflict): // a conflict: claimed anew meanwhile
				return removed, err
			}
		}
		if len(records) < page {
			return removed, nil
		}
	}
}

// replyPrefix lists the replies of all tenants.
var replyPrefix = string(state.KindReply) + "/"
