package bridge

import (
	"context"
	"slices"
	"time"

	"partyline/media/prompt"
	"partyline/state"
)

// Conference reads one conference.
func (b *Bridge) Conference(ctx context.Context, who Caller, id string) (v ConferenceView, err error) {
	err = b.with(ctx, who, id, func(o *owner, _ *request) error {
		v = o.confView()
		return nil
	})
	return v, err
}

// Conferences lists a tenant's conferences in order of creation, from after
// the id given; limit 0 is 100. next is the cursor of the next page, "" on
// the last.
func (b *Bridge) Conferences(ctx context.Context, who Caller, after string, limit int) (page []ConferenceView, next string, err error) {
	if limit <= 0 || limit > 1000 {
		limit = 100
	}
	b.mu.Lock()
	var ids []string
	if s := b.index[who.TenantID]; s != nil {
		from, found := slices.BinarySearch(s.ids, after)
		if found {
			from++
		}
		ids = slices.Clone(s.ids[from:min(from+limit+1, len(s.ids))])
	}
	b.mu.Unlock()
	if len(ids) > limit {
		ids = ids[:limit]
		next = ids[limit-1]
	}
	page = make([]ConferenceView, 0, len(ids))
	for _, id := range ids {
		v, err := b.Conference(ctx, who, id)
		if e, ok := err.(*Error); ok && e.Kind == NotFound {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, "", err
		}
		page = append(page, v)
	}
	return page, next, nil
}

// UpdateConference changes what the patch names, all of it or nothing.
func (b *Bridge) UpdateConference(ctx context.Context, who Caller, id string, p ConferencePatch) (v ConferenceView, err error) {
	err = b.change(ctx, who, id, func(o *owner, _ *request) error {
		if err := o.update(p); err != nil {
			return err
		}
		v = o.confView()
		return nil
	})
	return v, err
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func (o *owner) update(p ConferencePatch) error {
	if p.If != nil && !p.If(o.confView()) {
		return errStale()
	}
	if o.conf.Status == state.ConferenceEnded {
		return errEnded()
	}
	c := o.conf
	set(&c.Name, p.Name)
	set(&c.MaxParticipants, p.MaxParticipants)
	set(&c.RequirePIN, p.RequirePIN)
	set(&c.HoldMusicID, p.HoldMusicID)
	set(&c.MuteOnEntry, p.MuteOnEntry)
	set(&c.MemberNotification, p.MemberNotification)
	set(&c.Accept, p.Accept)
	set(&c.WaitForPresenter, p.WaitForPresenter)
	set(&c.EndOnPresenterExit, p.EndOnPresenterExit)
	set(&c.PresenterGrace, p.PresenterGrace)
	set(&c.MaxDuration, p.MaxDuration)
	set(&c.Record, p.Record)
	p.Recording.apply(&c.Conference)
	if err := o.b.checkRecordPolicy(&o.conf.Conference, &c.Conference); err != nil {
		return err
	}
	p.Sound.hear(&c.Conference)
	if p.PIN != nil {
		if err := checkPIN(*p.PIN); err != nil {
			return err
		}
		c.PINHash = o.b.sealPIN(o.id, *p.PIN)
	}
	if err := p.DialIn.apply(o.b, &c.Conference); err != nil {
		return err
	}
	if err := o.apart(&c.Conference, p); err != nil {
		return err
	}
	if p.ScheduledFor != nil {
		if c.Status != state.ConferenceScheduled {
			return refuse(Conflict, "wrong_state", "scheduled_for", "the conference has begun already")
		}
		utc := p.ScheduledFor.UTC()
		c.ScheduledFor = &utc
	}
	if err := o.b.checkConference(&c.Conference); err != nil {
		return err
	}
	if p.DialIn.Numbers != nil {
		if err := o.b.claim(o.id, c.DialInNumbers); err != nil {
			return err
		}
	}
	if p.Record != nil && *p.Record {
		o.noAuto, c.RecordStopped = false, false
	}
	waits := c.WaitForPresenter != o.conf.WaitForPresenter
	o.conf, o.batch.conf = c, true
	if !c.EndOnPresenterExit {
		o.setGrace(time.Time{})
	}
	if p.Locked != nil {
		o.lock(*p.Locked, byAPI)
	}
	o.toldConference("updated", byAPI)
	if waits {
		o.waitingChanged()
	}
	o.preload()
	return nil
}

// waitingChanged follows a change of wait_for_presenter in a running conference.
func (o *owner) waitingChanged() {
	if !o.presiding() {
		o.parkAll(prompt.WaitingPresenter)
	}
	for _, m := range o.roll {
		if m.rec.Waiting && !o.waits(m) {
			o.admitWaiting(m, byAPI)
		}
	}
}

func errStale() *Error {
	return refuse(Stale, "precondition_failed", "", "it was changed meanwhile")
}

func errEnded() *Error {
	return refuse(Conflict, "conference_ended", "", "the conference has ended")
}

// EndConference hangs up everyone once and dials nobody more. Ending an ended
// conference changes nothing.
func (b *Bridge) EndConference(ctx context.Context, who Caller, id string) (v ConferenceView, err error) {
	err = b.with(ctx, who, id, func(o *owner, r *request) error {
		r.last = true
		o.finish(state.ReasonRequested, byAPI)
		v = o.confView()
		return nil
	})
	return v, err
}

// DeleteConference ends a conference and hides it. One whose deletion is not
// written yet can be deleted again.
func (b *Bridge) DeleteConference(ctx context.Context, who Caller, id string) error {
	return b.reach(ctx, who, id, func(o *owner, r *request) error {
		if o.conf.Deleted && !o.batch.conf {
			return errNoConference()
		}
		r.last = true
		o.finish(state.ReasonRequested, byAPI)
		o.conf.Deleted, o.batch.conf = true, true
		b.unshelve(o.conf.TenantID, id)
		return nil
	})
}

// finish ends the conference: every participant gets their one terminal
// event, every call its one hang-up.
func (o *owner) finish(reason state.Reason, by string) {
	if o.conf.Status == state.ConferenceEnded {
		return
	}
	o.conf.Status, o.conf.EndReason = state.ConferenceEnding, reason
	o.toldConference("ending", by)
	if r := o.running(); r != nil {
		o.stopRecording(r, false)
	}
	each := reason
	if reason == state.ReasonRequested || reason == "" {
		each = state.ReasonConferenceEnded
	}
	for _, m := range o.roll {
		o.end(m, each)
	}
	at := now()
	o.conf.Status, o.conf.EndedAt = state.ConferenceEnded, &at
	o.setGrace(time.Time{})
	o.presided = false
	o.toldConference("ended", by)
	o.b.closeNumbers(o.id)
	o.log.Info("conference ended", "reason", string(reason), "participants", len(o.roll))
}
