package sms

import (
	"context"
	"errors"
	"fmt"
	"time"

	"partyline/state"
)

// lookUp asks the provider about a text that may have gone out: after a crash,
// or after a request whose answer was lost. Only when it surely did not, or
// when the provider cannot know, it is sent again.
func (o *Outbox) lookUp(ctx context.Context, j job) outcome {
	o.count.lookups.Add(1)
	m := j.m
	findCtx, cancel := context.WithTimeout(ctx, o.cfg.SendTimeout)
	defer cancel()
	r, found, err := o.provider.Find(findCtx, o.text(m, j), m.CreatedAt)
	var permanent *PermanentError
	switch {
	case err == nil && found:
		return o.sent(ctx, m, r)
	case errors.Is(err, ErrCannotTell):
		o.cfg.Log.Warn("the provider cannot tell whether a text went out; it is sent again and may arrive twice", who(m))
	case errors.As(err, &permanent):
		return o.refused(ctx, m, permanent)
	case err != nil:
		return o.askAgain(ctx, j, err)
	}
	now := time.Now()
	if !expired(m, now) && (m.Tries >= o.cfg.MaxTries || now.After(j.first.Add(o.cfg.TryWindow))) {
		return o.fail(ctx, m, fmt.Sprintf("given up after %d tries: the provider did not take the text", m.Tries), outcome{answered: true})
	}
	out := o.send(ctx, j)
	out.answered = out.answered || out.pause == 0 // it answered the question at least
	return out
}

// askAgain: the question itself got no answer.
func (o *Outbox) askAgain(ctx context.Context, j job, err error) outcome {
	var retry *RetryError
	var after time.Duration
	unreachable := false
	isRetry := errors.As(err, &retry)
	if isRetry {
		after, unreachable = retry.After, retry.Unreachable
	}
	wait := max(after+o.jitter(j.failures+j.m.Tries), time.Millisecond)
	now := time.Now()
	at := now.Add(wait)
	out := outcome{due: at}
	if isRetry {
		out.pause = wait
	}
	if expired(j.m, now) {
		return o.fail(ctx, j.m, ErrorExpired, out)
	}
	if !unreachable && at.After(j.first.Add(o.cfg.TryWindow)) {
		return o.fail(ctx, j.m, "given up: the provider never said whether the text went out", out)
	}
	o.cfg.Log.Warn("the provider cannot be asked about a text; it will be asked again", who(j.m), "in", wait, "err", err)
	return o.record(ctx, j.m, out, func(m *state.Message) { m.NextTryAt = &at })
}
