package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"partyline/state"
)

// Bridge runs all conferences of one program.
type Bridge struct {
	cfg    Config
	sounds *sounds
	stats  counters

	draining atomic.Bool
	closing  atomic.Bool // nobody is dialled any more

	mu      sync.Mutex
	stopped bool
	tenants map[string]*tenant
	index   map[string]*shelf // by tenant
	loaded  map[string]*seat
	running sync.WaitGroup // owners
	readers sync.WaitGroup // goroutines of subscriptions
	halt    chan struct{}  // closed: readers end, whether they were read or not
}

// shelf lists what a tenant has, whether in memory or not.
type shelf struct {
	ids      []string          // conferences that are not deleted, sorted
	requests map[string]string // RequestKey → conference
}

// seat is a conference in memory, or on its way there.
type seat struct {
	ready chan struct{}
	owner *owner
	err   error
	users int // who is about to send it something
}

// New prepares a bridge; Start brings it to life.
func New(cfg Config) (*Bridge, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	return &Bridge{
		cfg: cfg, sounds: newSounds(),
		tenants: map[string]*tenant{}, index: map[string]*shelf{}, loaded: map[string]*seat{},
		halt: make(chan struct{}),
	}, nil
}

// Start reads what the store knows, takes up the calls an earlier run left
// behind, and resumes the queues. It returns when every conference that has
// something to do is in memory.
func (b *Bridge) Start(ctx context.Context) error {
	records, err := state.LoadAll[conferenceRecord](ctx, b.cfg.Store, state.ConferencePrefix)
	if err != nil {
		return fmt.Errorf("reading the conferences: %w", err)
	}
	for _, r := range records { // before anybody is dialled
		b.tenant(r.Value.TenantID).recall(&r.Value, time.Now())
	}
	for _, r := range records {
		b.shelve(&r.Value)
		if r.Value.Status == state.ConferenceEnded {
			continue
		}
		_, release, err := b.acquire(ctx, r.Value.ID)
		if err != nil {
			return fmt.Errorf("taking up conference %s: %w", r.Value.ID, err)
		}
		release()
	}
	return nil
}

// shelve adds a conference to the index.
func (b *Bridge) shelve(c *conferenceRecord) {
	if c.Deleted {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.index[c.TenantID]
	if s == nil {
		s = &shelf{requests: map[string]string{}}
		b.index[c.TenantID] = s
	}
	if i, found := slices.BinarySearch(s.ids, c.ID); !found {
		s.ids = slices.Insert(s.ids, i, c.ID)
	}
	if c.RequestKey != "" {
		s.requests[c.RequestKey] = c.ID
	}
}

// unshelve removes a deleted conference from the index.
func (b *Bridge) unshelve(tenant, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.index[tenant]; s != nil {
		if i, found := slices.BinarySearch(s.ids, id); found {
			s.ids = slices.Delete(s.ids, i, i+1)
		}
	}
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
		if o.conf.TenantID != who.TenantID || o.conf.Deleted {
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

// Drain refuses new conferences and participants; those that are there go on.
func (b *Bridge) Drain(on bool) { b.draining.Store(on) }

func (b *Bridge) drained() error {
	if !b.draining.Load() {
		return nil
	}
	e := refuse(Unavailable, "draining", "", "this server is being shut down and takes nobody new")
	e.RetryAfter = 30
	return e
}

// Close hangs up every call (reason shutdown), writes that down and waits for
// all goroutines. Those who were not dialled yet stay pending for the next
// start.
func (b *Bridge) Close(ctx context.Context) error {
	b.draining.Store(true)
	b.closing.Store(true)
	var failed []error
	for _, o := range b.owners() {
		err := o.do(ctx, func(*request) error {
			for _, m := range o.roll {
				if m.live() || m.rec.Status == state.Dialing {
					o.end(m, state.ReasonShutdown)
				}
			}
			return nil
		})
		if err != nil && !isStopped(err) {
			failed = append(failed, fmt.Errorf("conference %s: %w", o.id, err))
		}
	}
	b.Stop()
	return errors.Join(failed...)
}

func isStopped(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == "shutting_down"
}

// Stop ends all goroutines and leaves the calls as they are, for a successor
// that takes them up.
func (b *Bridge) Stop() {
	b.mu.Lock()
	first := !b.stopped
	b.stopped = true
	b.mu.Unlock()
	if first {
		for _, o := range b.owners() {
			close(o.quit)
		}
	}
	b.running.Wait()
	if first {
		close(b.halt)
	}
	b.readers.Wait()
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
