package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"partyline/state"
)

const (
	smsWait      = 10 * time.Minute // dial_after: the text must be out, or delivered, within this
	recoveryTime = 8 * time.Second  // the dialer itself gives up after 5
)

// load reads a conference from the store.
func (b *Bridge) load(ctx context.Context, id string) (*owner, error) {
	conf, err := state.Load[conferenceRecord](ctx, b.cfg.Store, state.ConferenceKey(id))
	if err != nil {
		return nil, err
	}
	parts, err := state.LoadAll[state.Participant](ctx, b.cfg.Store, state.ParticipantPrefix(id))
	if err != nil {
		return nil, err
	}
	o := b.newOwner(conf.Value)
	o.confRev = conf.Rev
	if o.seq, err = lastSeq(ctx, b.cfg.Store, id); err != nil {
		return nil, err
	}
	for _, r := range parts {
		m := &member{rec: r.Value, rev: r.Rev, unclaimed: r.Value.Dialog}
		o.enrol(m)
		if err := m.loadText(ctx, b.cfg.Store); err != nil {
			return nil, err
		}
	}
	recs, err := state.LoadAll[state.Recording](ctx, b.cfg.Store, state.RecordingPrefix(id))
	if err != nil {
		return nil, err
	}
	for _, r := range recs {
		o.recs = append(o.recs, &recording{rec: r.Value, rev: r.Rev})
	}
	if at := o.conf.StartedAt; at != nil {
		o.startedAt = *at
	}
	if at := o.conf.GraceUntil; at != nil {
		o.graceUntil = *at
	}
	return o, nil
}

// loadText reads what has become of a participant's text. What the events say
// of it may lag behind: the outbox writes first and tells then.
func (m *member) loadText(ctx context.Context, s state.Store) error {
	if m.rec.MessageID == "" {
		return nil
	}
	m.sms = m.rec.SMSTold
	msg, err := state.Load[state.Message](ctx, s, state.MessageKey(m.rec.MessageID))
	if errors.Is(err, state.ErrNotFound) {
		return nil // cleared away after its time
	}
	m.text = msg.Value
	return err
}

// enrol adds a participant to the lists.
func (o *owner) enrol(m *member) {
	o.members[m.rec.ID] = m
	o.roll = append(o.roll, m)
	if m.rec.RequestKey != "" {
		o.requests[m.rec.RequestKey] = m.rec.ID
	}
}

// lastSeq finds the number of a conference's last event by halving: whether
// there is an event after n is one read.
func lastSeq(ctx context.Context, s state.Store, id string) (uint64, error) {
	after := func(n uint64) (uint64, error) {
		found, err := s.List(ctx, state.EventPrefix(id), state.EventKey(id, n), 1)
		if err != nil || len(found) == 0 {
			return 0, err
		}
		var seq uint64
		_, err = fmt.Sscanf(strings.TrimPrefix(found[0].Key, state.EventPrefix(id)), "%d", &seq)
		return seq, err
	}
	low, err := after(0)
	if err != nil || low == 0 {
		return 0, err
	}
	step := uint64(1)
	for {
		next, err := after(low + step - 1)
		if err != nil {
			return 0, err
		}
		if next == 0 {
			break
		}
		low, step = next, step*2
	}
	for high := low + step - 1; low < high; {
		mid := low + (high-low)/2
		next, err := after(mid)
		if err != nil {
			return 0, err
		}
		if next == 0 {
			high = mid
		} else {
			low = next
		}
	}
	return low, nil
}
