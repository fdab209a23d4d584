package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"partyline/state"
)

// change applies edit to a stored message and tells cfg.Changed. edit looks at
// the stored record, changes it and returns true, or leaves it alone and
// returns false; it runs again when somebody else wrote in between. The record
// as it now stands comes back, and whether it was changed. Errors are the
// store's: state.ErrNotFound, state.ErrUnavailable, …
//
// Write and telling happen in the message's turn, so that Changed hears the
// changes of one message in the order in which they reached the disk.
func (o *Outbox) change(ctx context.Context, id string, edit func(*state.Message) bool) (state.Message, bool, error) {
	if err := o.turns.take(ctx, id); err != nil {
		return state.Message{}, false, err
	}
	defer o.turns.give(id)
	for {
		e, err := o.store.Get(ctx, state.MessageKey(id))
		if err != nil {
			return state.Message{}, false, err
		}
		m, err := decode(e)
		if err != nil {
			return m, false, err
		}
		from := m.Status
		if !edit(&m) {
			return m, false, nil
		}
		value, err := json.Marshal(m)
		if err != nil {
			return m, false, fmt.Errorf("sms: message %s: %w", id, err)
		}
		_, err = o.store.Apply(ctx, state.Op{Key: e.Key, Value: value, Rev: e.Rev})
		if errors.Is(err, state.ErrConflict) {
			continue
		}
		if err != nil {
			return m, false, err
		}
		o.count.moved(from, m.Status)
		o.cfg.Changed(m)
		return m, true, nil
	}
}

func decode(e state.Entry) (state.Message, error) {
	var m state.Message
	if err := json.Unmarshal(e.Value, &m); err != nil {
		// Not the decoder's words: they quote the record.
		return m, fmt.Errorf("sms: %s: %w: not a message", e.Key, state.ErrCorrupt)
	}
	return m, nil
}

// turns lets one goroutine at a time change a message, each message for itself.
type turns struct {
	mu   sync.Mutex
	busy map[string]chan struct{} // closed when the turn ends
}

// take waits for the turn or for ctx.
func (t *turns) take(ctx context.Context, id string) error {
	for {
		t.mu.Lock()
		ended, taken := t.busy[id]
		if !taken {
			t.busy[id] = make(chan struct{})
			t.mu.Unlock()
			return nil
		}
		t.mu.Unlock()
		select {
		case <-ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (t *turns) give(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.busy[id])
	delete(t.busy, id)
}
