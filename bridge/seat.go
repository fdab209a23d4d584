package bridge

import (
	"context"
	"errors"

	"partyline/state"
)

// seat is a conference in memory, or on its way there.
type seat struct {
	ready chan struct{}
	owner *owner
	err   error
	users int // who is about to send it something
}

// acquire finds a conference's owner, loading it if need be, and keeps it in
// memory until release.
func (b *Bridge) acquire(ctx context.Context, id string) (*owner, func(), error) {
	b.mu.Lock()
	if b.stopped {
		b.mu.Unlock()
		return nil, nil, errStopped()
	}
	s := b.loaded[id]
	if s == nil {
		s = &seat{ready: make(chan struct{})}
		b.loaded[id] = s
		b.running.Go(func() { b.bring(id, s) })
	}
	s.users++
	b.mu.Unlock()
	release := func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		s.users--
	}
	select {
	case <-s.ready:
	case <-ctx.Done():
		release()
		return nil, nil, ctx.Err()
	}
	if s.err != nil {
		release()
		return nil, nil, s.err
	}
	return s.owner, release, nil
}

// bring loads a conference and then is its owner's goroutine.
func (b *Bridge) bring(id string, s *seat) {
	ctx, cancel := context.WithTimeout(context.Background(), applyTimeout)
	o, err := b.load(ctx, id)
	cancel()
	b.mu.Lock()
	if err == nil && b.stopped {
		err = errStopped()
	}
	s.owner, s.err = o, err
	if err != nil {
		delete(b.loaded, id)
	}
	b.mu.Unlock()
	close(s.ready)
	if err == nil {
		o.preload()
		o.recover()
		o.run()
	}
}

// unload lets an idle owner go, unless somebody is about to send it something.
func (b *Bridge) unload(o *owner) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.loaded[o.id]; s == nil || s.owner != o || s.users > 0 {
		return false
	}
	delete(b.loaded, o.id)
	return true
}

// with runs f in the owner's goroutine of one of the caller's conferences.
// Another tenant's conference does not exist.
func (b *Bridge) with(ctx context.Context, who Caller, cid string, f func(o *owner, r *request) error) error {
	return b.reach(ctx, who, cid, func(o *owner, r *request) error {
		if o.conf.Deleted {
			return errNoConference()
		}
		return f(o, r)
	})
}

// reach is with for a conference that may be deleted.
func (b *Bridge) reach(ctx context.Context, who Caller, cid string, f func(o *owner, r *request) error) error {
	if !state.ValidID(state.ConferenceID, cid) {
		return errNoConference()
	}
	o, release, err := b.acquire(ctx, cid)
	if err != nil {
		if errors.Is(err, state.ErrNotFound) {
			return errNoConference()
		}
		return err
	}
	defer release()
	return o.do(ctx, func(r *request) error {
		if o.conf.TenantID != who.TenantID {
			return errNoConference()
		}
		return f(o, r)
	})
}

// change is with for what alters a conference; it is refused while too much
// waits for a store that takes nothing.
func (b *Bridge) change(ctx context.Context, who Caller, cid string, f func(o *owner, r *request) error) error {
	return b.with(ctx, who, cid, func(o *owner, r *request) error {
		if len(o.batch.events) > maxBacklog {
			return errStorage()
		}
		return f(o, r)
	})
}

// owners lists the conferences in memory.
func (b *Bridge) owners() []*owner {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]*owner, 0, len(b.loaded))
	for _, s := range b.loaded {
		if s.owner != nil {
			out = append(out, s.owner)
		}
	}
	return out
}
