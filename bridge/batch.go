package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"partyline/state"
)

const (
	applyTimeout = 10 * time.Second
	maxBackoff   = 10 * time.Second
	maxBacklog   = 10000 // events a conference keeps in memory while the store is down
)

// batch is what messages have changed and not yet written.
type batch struct {
	events   []pendingEvent
	extra    []extraOp
	effects  []effect
	takeback []takeback
	requests []*request
	dirty    []*member
	recs     []*recording
	conf     bool
}

// pendingEvent is an event without a number yet.
type pendingEvent struct {
	state.Event
	about string // the recording it tells of, if any
}

// extraOp is a write that is neither conference, participant nor event.
type extraOp struct {
	pid string
	op  state.Op
}

// effect is something done to the world after the write.
type effect struct {
	pid string
	run func()
}

// takeback undoes what was asked for but could not be written.
type takeback struct {
	pid                    string
	events, extra, effects int // how many there were before
	undo                   func()
	request                *request
	still                  func() bool // false: it no longer applies
}

func (b *batch) pending() bool {
	return len(b.events)+len(b.extra)+len(b.dirty)+len(b.recs) > 0 || b.conf
}

// changed marks a participant's record for writing.
func (o *owner) changed(m *member) {
	if !m.dirty {
		m.dirty = true
		o.batch.dirty = append(o.batch.dirty, m)
	}
}

// then does something to the world after the write.
func (o *owner) then(m *member, f func()) {
	pid := ""
	if m != nil {
		pid = m.rec.ID
	}
	o.batch.effects = append(o.batch.effects, effect{pid, f})
}

// unless registers how to take back everything that follows for m if the
// write fails; r, if any, is then refused.
func (o *owner) unless(m *member, r *request, undo func()) {
	o.batch.takeback = append(o.batch.takeback, takeback{
		pid: m.rec.ID, request: r, undo: undo,
		events: len(o.batch.events), extra: len(o.batch.extra), effects: len(o.batch.effects),
	})
}

// stands makes what was asked for m in this batch stay, whatever the store
// says: it has been overtaken by something that happened.
func (b *batch) stands(m *member) {
	for i := range b.takeback {
		if b.takeback[i].pid == m.rec.ID {
			b.takeback[i].still = func() bool { return false }
		}
	}
}

// commit writes the batch, then acts, answers and tells, in this order.
func (o *owner) commit() {
	b := &o.batch
	var told []pendingEvent
	asked := len(b.takeback) > 0 || slices.ContainsFunc(b.requests, func(r *request) bool { return r.last })
	if now := time.Now(); b.pending() && (asked || !now.Before(o.retryAt)) {
		var err error
		if told, err = o.write(); err != nil {
			o.refused(err, now)
		}
	}
	effects, requests := b.effects, b.requests
	b.effects, b.requests, b.takeback = nil, nil, nil
	o.syncAudio()
	for _, e := range effects {
		o.act(e)
	}
	o.feed(time.Now())
	o.publishCounts()
	for _, r := range requests {
		if r.last && r.err == nil && b.pending() {
			r.err = errUnwritten()
		}
		close(r.done)
	}
	for _, e := range told {
		o.tell(e.Event)
	}
	if o.conf.Deleted {
		for s := range o.subs {
			o.unsubscribe(s)
		}
	}
}

// act runs one effect; a fault in it ends that participant's attempt only.
func (o *owner) act(e effect) {
	defer func() {
		if fault := recover(); fault != nil {
			o.b.stats.panics.Add(1)
			o.log.Error("a fault while acting for a participant", "participant", e.pid, "fault", fmt.Sprint(fault))
			if m := o.members[e.pid]; m != nil {
				o.again = append(o.again, func() { o.end(m, state.ReasonInternalError) })
			}
		}
	}()
	e.run()
}

// write makes one transaction of the batch and returns its events. On success
// nothing is pending any more, on failure everything still is.
func (o *owner) write() ([]pendingEvent, error) {
	b := &o.batch
	var ops []state.Op
	add := func(op state.Op, err error) error {
		ops = append(ops, op)
		return err
	}
	if b.conf {
		if err := add(state.UpdateOp(state.ConferenceKey(o.id), o.conf, o.confRev)); err != nil {
			return nil, err
		}
	}
	for _, m := range b.dirty {
		if err := add(state.UpdateOp(state.ParticipantKey(o.id, m.rec.ID), m.rec, m.rev)); err != nil {
			return nil, err
		}
	}
	for _, r := range b.recs {
		if err := add(state.UpdateOp(state.RecordingKey(o.id, r.rec.ID), r.rec, r.rev)); err != nil {
			return nil, err
		}
	}
	for i := range b.events {
		e := &b.events[i]
		e.Seq = o.seq + uint64(i) + 1
		if err := add(state.CreateOp(state.EventKey(o.id, e.Seq), e.Event)); err != nil {
			return nil, err
		}
	}
	for _, x := range b.extra {
		ops = append(ops, x.op)
	}
	ctx, cancel := context.WithTimeout(context.Background(), applyTimeout)
	defer cancel()
	start := time.Now()
	revs, err := o.b.cfg.Store.Apply(ctx, ops...)
	if err != nil {
		return nil, err
	}
	o.b.stats.latency.Store(int64(time.Since(start)))
	o.b.stats.commits.Add(1)
	o.b.stats.events.Add(uint64(len(b.events)))
	if b.conf {
		o.confRev, revs = revs[0], revs[1:]
	}
	for i, m := range b.dirty {
		m.rev, m.dirty = revs[i], false
	}
	for i, r := range b.recs {
		r.rev, r.dirty = revs[len(b.dirty)+i], false
	}
	o.seq += uint64(len(b.events))
	events := b.events
	b.conf, b.dirty, b.recs, b.extra, b.events = false, nil, nil, nil, nil
	if o.backoff > 0 {
		o.log.Info("the store takes writes again")
		o.again = append(o.again, func() {}) // what waited for it begins
	}
	o.backoff, o.retryAt = 0, time.Time{}
	return events, nil
}

// refused takes back what was only asked for and keeps what has happened.
func (o *owner) refused(err error, now time.Time) {
	o.b.stats.commitErrors.Add(1)
	if o.backoff == 0 {
		o.log.Error("the store refuses writes: nothing new is dialled, calls go on from memory", "error", err)
	}
	o.backoff = min(max(2*o.backoff, 100*time.Millisecond), maxBackoff)
	o.retryAt = now.Add(o.backoff)
	b := &o.batch
	for _, t := range slices.Backward(b.takeback) {
		if t.still != nil && !t.still() {
			continue
		}
		b.events = append(b.events[:t.events], slices.DeleteFunc(b.events[t.events:], func(e pendingEvent) bool { return e.ParticipantID == t.pid || e.about == t.pid && t.pid != "" })...)
		b.extra = append(b.extra[:t.extra], slices.DeleteFunc(b.extra[t.extra:], func(x extraOp) bool { return x.pid == t.pid })...)
		b.effects = append(b.effects[:t.effects], slices.DeleteFunc(b.effects[t.effects:], func(e effect) bool { return e.pid == t.pid })...)
		t.undo()
		if t.request != nil {
			t.request.err = errStorage()
		}
	}
	b.dirty = slices.DeleteFunc(b.dirty, func(m *member) bool { return o.members[m.rec.ID] != m })
}

func errStorage() *Error {
	e := refuse(Unavailable, "storage_unavailable", "", "the database takes no writes at the moment; nothing was done")
	e.RetryAfter = 5
	return e
}

func errUnwritten() *Error {
	e := errStorage()
	e.Detail = "it is done, but the database takes no writes at the moment: if this server stopped now it would be undone; ask again"
	return e
}

// emit queues an event for the next write.
func (o *owner) emit(kind, pid string, data any) {
	raw, err := json.Marshal(data)
	if err != nil {
		o.log.Error("an event could not be encoded", "type", kind, "error", err)
		raw = json.RawMessage("{}")
	}
	o.batch.events = append(o.batch.events, pendingEvent{Event: state.Event{
		ID: state.NewID(state.EventID), Type: kind, Time: time.Now().UTC(),
		ConferenceID: o.id, ParticipantID: pid, Data: raw,
	}})
}

// upcoming is the sequence number of the last event so far, written or about to be.
func (o *owner) upcoming() uint64 { return o.seq + uint64(len(o.batch.events)) }
