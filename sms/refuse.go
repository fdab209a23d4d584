package sms

import (
	"context"
	"strings"
	"time"

	"partyline/state"
)

func (o *Outbox) refused(ctx context.Context, m state.Message, e *PermanentError) outcome {
	if e.Configuration {
		o.count.configuration.Add(1)
		o.alarm(e)
	}
	return o.fail(ctx, m, sentence(e), outcome{answered: true})
}

// alarmEvery keeps an account's fault, which hits every text, from filling the log.
const alarmEvery = time.Minute

func (o *Outbox) alarm(e *PermanentError) {
	now := time.Now()
	o.mu.Lock()
	again := !o.alarmed.IsZero() && now.Sub(o.alarmed) < alarmEvery
	if !again {
		o.alarmed = now
	}
	o.mu.Unlock()
	if !again {
		o.cfg.Log.Error("no text goes out until the account or its settings are put right", "why", e.Detail, "code", e.Code)
	}
}

// sentence is an error as users see it in Message.Error.
func sentence(err error) string { return strings.TrimPrefix(err.Error(), "sms: ") }
