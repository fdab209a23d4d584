package sms

import (
	"context"
	"errors"
	"fmt"
	"time"

	"partyline/state"
)

// job is one message for one worker.
type job struct {
	m        state.Message // as the search saw it
	refusal  string        // a limit forbids sending; a sentence
	first    time.Time     // when the message was tried first
	failures int           // of the provider in a row before this
	known    []string      // Text.Known
}

// outcome is what became of a job.
type outcome struct {
	m        state.Message // as it now stands
	due      time.Time     // when to look at it again, unless it is settled
	answered bool          // the provider is alive
	untried  bool          // nothing went to the provider: counts against no limit
	pause    time.Duration // the provider wants peace or is down; 0: neither
}

// recordTimeout bounds one write of what the provider said.
const recordTimeout = 5 * time.Second

// work does the next step for one message.
func (o *Outbox) work(ctx context.Context, j job) outcome {
	switch {
	case j.refusal != "":
		o.count.limited.Add(1)
		return o.fail(ctx, j.m, j.refusal, outcome{untried: j.m.Tries == 0})
	case j.m.Status == state.MessageSending:
		return o.lookUp(ctx, j)
	}
	return o.send(ctx, j)
}

// send claims the message and hands it to the provider.
func (o *Outbox) send(ctx context.Context, j job) outcome {
	now := time.Now()
	if expired(j.m, now) {
		return o.fail(ctx, j.m, ErrorExpired, outcome{untried: j.m.Tries == 0})
	}
	m, ok, err := o.change(ctx, j.m.ID, func(m *state.Message) bool {
		if m.Status != j.m.Status || m.Tries != j.m.Tries {
			return false
		}
		m.Status, m.Tries, m.TriedAt, m.NextTryAt = state.MessageSending, m.Tries+1, &now, nil
		return true
	})
	if err != nil {
		return o.storeFailed(j.m, err)
	}
	if !ok { // a report or an older worker was faster
		return outcome{m: m, due: now}
	}
	o.count.tries.Add(1)
	sendCtx, cancel := context.WithTimeout(ctx, o.cfg.SendTimeout)
	defer cancel()
	r, err := o.provider.Send(sendCtx, o.text(m, j))
	return o.conclude(ctx, j, m, r, err)
}

func (o *Outbox) text(m state.Message, j job) Text {
	return Text{To: m.To, Body: m.Body, ID: m.ID, ExpiresAt: m.ExpiresAt, Known: j.known}
}

// conclude records what the provider said about a try.
func (o *Outbox) conclude(ctx context.Context, j job, m state.Message, r Receipt, err error) outcome {
	var permanent *PermanentError
	var retry *RetryError
	switch {
	case err == nil:
		return o.sent(ctx, m, r)
	case errors.As(err, &permanent):
		return o.refused(ctx, m, permanent)
	case errors.As(err, &retry):
		return o.postpone(ctx, j, m, retry)
	}
	o.count.unknown.Add(1)
	o.cfg.Log.Warn("no clear answer about a text; the provider will be asked before it is sent again", who(m), "err", err)
	at := time.Now().Add(o.cfg.LookupDelay)
	return o.record(ctx, m, outcome{due: at}, func(m *state.Message) { m.NextTryAt = &at })
}

func (o *Outbox) sent(ctx context.Context, m state.Message, r Receipt) outcome {
	out := o.record(ctx, m, outcome{answered: true}, func(m *state.Message) {
		m.Status, m.ProviderID, m.Body, m.Error, m.NextTryAt = state.MessageSent, r.ProviderID, "", "", nil
	})
	if settled(out.m) {
		o.cfg.Log.Info("text sent", who(m))
	}
	return out
}

// postpone puts a text that surely did not go out back into the queue.
func (o *Outbox) postpone(ctx context.Context, j job, m state.Message, e *RetryError) outcome {
	n := m.Tries
	if e.Unreachable {
		n = j.failures + 1
	}
	pause := max(e.After+o.jitter(n), time.Millisecond)
	at := time.Now().Add(pause)
	out := outcome{due: at, pause: pause, untried: e.Unreachable && j.m.Tries == 0}
	if !e.Unreachable && (m.Tries >= o.cfg.MaxTries || at.After(j.first.Add(o.cfg.TryWindow))) {
		return o.fail(ctx, m, fmt.Sprintf("given up after %d tries: %s", m.Tries, e.Detail), out)
	}
	o.count.retries.Add(1)
	o.cfg.Log.Warn("a text did not go out and waits", who(m), "for", pause, "err", e)
	return o.record(ctx, m, out, func(m *state.Message) {
		m.Status, m.NextTryAt = state.MessageQueued, &at
		if e.Unreachable {
			m.Tries, m.TriedAt = j.m.Tries, j.m.TriedAt
		}
	})
}

// fail ends a message that is not settled yet.
func (o *Outbox) fail(ctx context.Context, m state.Message, why string, out outcome) outcome {
	out = o.record(ctx, m, out, func(m *state.Message) {
		m.Status, m.Error, m.Body, m.NextTryAt = state.MessageFailed, why, "", nil
	})
	if out.m.Status == state.MessageFailed {
		o.cfg.Log.Warn("text not sent", who(m), "why", why)
	}
	return out
}

// record writes an outcome unless a report has settled the message meanwhile.
// It insists: what the provider said must not be forgotten. While the store
// takes nothing it holds its slot; when ctx ends first the message stays as it
// was on disk ("sending") and is looked up at the next start.
func (o *Outbox) record(ctx context.Context, m state.Message, out outcome, edit func(*state.Message)) outcome {
	complained := false
	for {
		writeCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
		now, _, err := o.change(writeCtx, m.ID, func(stored *state.Message) bool {
			if settled(*stored) || stored.Tries != m.Tries {
				return false
			}
			edit(stored)
			return true
		})
		cancel()
		switch {
		case err == nil:
			out.m = now
			return out
		case errors.Is(err, state.ErrNotFound), errors.Is(err, state.ErrCorrupt):
			return o.storeFailed(m, err)
		case !complained:
			complained = true
			o.cfg.Log.Error("what became of a text cannot be stored; trying on", who(m), "err", err)
		}
		select {
		case <-time.After(storeRetry):
		case <-ctx.Done():
			out.m = m
			out.due = time.Now().Add(storeRetry)
			return out
		}
	}
}

// storeFailed: the store did not let us begin, or lost the record.
func (o *Outbox) storeFailed(m state.Message, err error) outcome {
	if errors.Is(err, state.ErrNotFound) {
		m.Status = state.MessageFailed // deleted under our hands: nothing to come back to
		return outcome{m: m}
	}
	o.cfg.Log.Error("a text waits because the store does not take its record", who(m), "err", err)
	return outcome{m: m, due: time.Now().Add(storeRetry), untried: m.Tries == 0}
}
